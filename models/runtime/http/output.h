/* SPDX-License-Identifier: MIT
 *
 * Checked standard output. Output is buffered, so a full disk or a closed
 * descriptor shows only when the buffer is written, at the latest when the
 * program ends. A program that does not check then exits with 0 although its
 * output is lost. (The method is that of gnulib's closeout module.)
 */
#pragma once

/* Makes this process close its standard output when it ends through exit() or
 * by returning from main. If that or any earlier write to stdout failed, the
 * process says so on stderr and ends with `status`. The message begins with
 * `program`, which is kept, not copied. Forked children are not affected. Call
 * this function once, and before anything is opened: it makes a closed standard
 * descriptor unusable, so that no file or socket gets its number. */
void output_check_at_exit(const char *program, int status);

/* Writes the buffered output. Returns 0, or a negative errno if any write to
 * stdout has failed so far. The failure is printed on stderr once, here or at
 * the end of the program. */
int output_flush(void);
