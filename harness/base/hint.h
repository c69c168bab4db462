/* SPDX-License-Identifier: MIT
 *
 * Commands in messages, ready for pasting: words are quoted for a POSIX shell
 * (XCU 2.2), the program has the name by which it was called, and make gets the
 * path of the tree.
 */
#pragma once

#include <stddef.h>

/* Sets the program's name from argv[0]; until then it is "troika". */
void hint_set_program(const char *argv0);

/* The name by which the program was called, as one word of a shell. */
const char *hint_program(void);

/* Writes `text` as one word of a shell, in single quotes if necessary. A size
 * of 4 * strlen(text) + 3 always suffices; a smaller one may cut the word.
 * Returns `word`. */
char *hint_word(const char *text, char *word, size_t size);

/* "make TARGET VARIABLE=DIRECTORY", with -C where the tree is not the current
 * directory; for a program without its tree, one that is installed, "PROGRAM
 * VERB DIRECTORY". Returns `command`. */
char *hint_make(const char *target, const char *variable, const char *verb,
                const char *directory, char *command, size_t size);

/* From now on runs are resumed by "VERB --resume=DIRECTORY MORE" of this
 * program, since the verb does more with a run than measure it. `more` are
 * words of a shell, or "". */
void hint_set_resume(const char *verb, const char *more);

/* The command that resumes the run: by make if make runs this program, else the
 * program's own. Returns `command`. */
char *hint_resume(const char *directory, char *command, size_t size);
