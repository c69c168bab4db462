/* SPDX-License-Identifier: MIT
 *
 * Standard output that is checked. Output is buffered, so a full disk or a
 * closed descriptor shows only when the buffer is written, at the latest when
 * the program ends: a program that does not look there ends with 0 although
 * nobody got what it printed. (The method of gnulib's closeout module.)
 */
#pragma once

/* From now on this process, when it ends through exit() or by returning from
 * main, closes its standard output. If that or any earlier write to stdout
 * failed, the process says so on stderr and ends with `status`. Call once;
 * `program` is what the sentence begins with and is kept, not copied. Forked
 * children are not concerned. Call before anything is opened: a standard
 * descriptor that is closed stays unusable, instead of becoming the next file
 * or socket. */
void output_check_at_exit(const char *program, int status);

/* Writes what is buffered. Returns 0, or a negative errno when any write to
 * stdout failed so far, told on stderr once; the end of the program does not
 * tell it again. */
int output_flush(void);
