/* SPDX-License-Identifier: MIT
 *
 * Commands that messages name, so that they can be pasted: words are quoted
 * for a POSIX shell (XCU 2.2), the program is called as it was called, and
 * make is told where the tree is.
 */
#pragma once

#include <stddef.h>

/* Remembers argv[0]; before that the program is "troika". */
void hint_set_program(const char *argv0);

/* How the program was called, as a shell's word. */
const char *hint_program(void);

/* `text` as one word of a shell: as it is, or in single quotes. Returns `word`,
 * which is cut where `size` is too small; 4 * strlen(text) + 3 never is. */
char *hint_word(const char *text, char *word, size_t size);

/* "make TARGET RUN=DIRECTORY", with -C where the tree is not the current
 * directory; "" for a program without its tree. Returns `command`. */
char *hint_make(const char *target, const char *directory, char *command,
                size_t size);

/* The command that goes on with the run: make's, or else the program's. */
char *hint_resume(const char *directory, char *command, size_t size);
