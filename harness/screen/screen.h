/* SPDX-License-Identifier: MIT
 *
 * A block of lines at the end of a terminal, redrawn in place, with a stream of
 * lines above it. A terminal whose TERM is "dumb" or not set, a pipe and a file
 * have none: there a program prints lines, one after the other.
 *
 * No line of the block is wider than the terminal, so that each takes one row.
 * Of a terminal that became narrower and breaks old lines anew some rows stay
 * behind: better than to take away the lines above. Control sequences: ECMA-48
 * (CR, CUU, ED), and the private mode 2026, a synchronized update, which
 * terminals that lack it ignore.
 */
#pragma once

#include <stdio.h>

enum { SCREEN_LINES = 40, SCREEN_LINE = 256 };

struct screen;

/* Puts all that the program prints to stdout and stderr through screen_print,
 * where these are terminals: printf, argp and libraries know of no width. The
 * streams become others, which glibc allows, and hold a line until it is whole.
 * Programs that this one starts write past them. JSON, and rows of Markdown,
 * stay as they are. */
void screen_fold_output(void);

/* The columns of the terminal behind a file, 20 at least; 0: there is none. */
int screen_width(FILE *file);

/* Prints a line. On a terminal it is folded at blanks, so that no word is
 * broken but one that is wider than the terminal, and no figure parted from its
 * unit; what continues stands two columns further in than the line, or below
 * the text of a list's term. A pipe or a file gets the line as it is. If
 * a screen is open on the file, the line stands above its block, so that code
 * which knows of no screen can say something. */
void screen_print(FILE *file, const char *line);

/* The rows that screen_print takes for the line. */
int screen_rows_of(FILE *file, const char *line);

/* As screen_print, each line of a text, which is taken apart. NULL is allowed.
 */
void screen_print_lines(FILE *file, char *text);

/* As screen_print; a pipe or a file gets lines of 80 columns at most, too. */
void screen_print_narrow(FILE *file, const char *line);

/* Prints one row: as much of the line as fits in the terminal's width, or in 80
 * columns, and "..." if that is not all. */
void screen_print_row(FILE *file, const char *line);

/* Returns NULL where there is no terminal to draw on, or no memory. */
struct screen *screen_open(FILE *file);

/* The terminal's columns, 20 at least, and its rows, 5 at least, now. */
int screen_columns(const struct screen *screen);
int screen_rows(const struct screen *screen);

/* Replaces the block. Lines are cut to the terminal's width. In them \1 begins
 * what is bold, and \2 ends it; not where NO_COLOR is set (no-color.org). */
void screen_show(struct screen *screen, char (*lines)[SCREEN_LINE], int count);

/* Writes "LEFT [####----] RIGHT" for a line of the block: how far something is,
 * of the whole. The bar is as long as there is room for, or left out. */
void screen_bar(const struct screen *screen, const char *left, double share,
                const char *right, char line[SCREEN_LINE]);

/* Takes the block away. The screen may be NULL. */
void screen_close(struct screen *screen);
