/* SPDX-License-Identifier: MIT
 *
 * Verbs that are Python programs of reports/, or end in one: the program's
 * words are put together, then it takes the place of this process, or runs
 * beside it.
 */
#pragma once

enum { PYTHON_WORDS_MAX = 96 };

/* The words of a command line. Their text is the caller's. */
struct python_words {
    const char *of[PYTHON_WORDS_MAX + 1];
    int count;
};

/* Adds a word; one beyond the limit is dropped, and python_become fails. */
void python_add(struct python_words *words, const char *word);

/* Writes the path of this program, for `--troika`. Returns 0, or an exit code
 * after a message. */
int python_self(const char *verb, char *path);

/* Becomes the program of reports/ with these words. Returns an exit code, after
 * a message, if that fails. */
int python_become(const char *verb, const char *script,
                  const struct python_words *words);

/* Runs the program to its end, with its stdout sent to stderr. Returns its exit
 * code, or another one after a message. */
int python_run(const char *verb, const char *script,
               const struct python_words *words);
