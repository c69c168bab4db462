/* SPDX-License-Identifier: MIT
 *
 * A table on a terminal that is narrower than it. Its columns are those parts
 * of the lines that two blanks or more part in every line. They move together,
 * and those that still find no room stand below the first ones, in each row the
 * same, but for the last column, which is often a text. No cell is cut.
 */
#pragma once

#include <stdio.h>

/* Prints the lines of a table, all that belong together, with the heads first.
 * A pipe or a file gets them as they are, and so does a terminal on which they
 * fit. NULL is allowed. */
void table_print(FILE *file, const char *text);

/* The text of a table, while it is collected. */
struct table_text {
    FILE *to;
    FILE *file; /* NULL: there was no memory */
    char *text;
    size_t size;
};

/* Returns the stream that collects the text; without memory, `to` itself. */
FILE *table_open(struct table_text *table, FILE *to);

/* Prints what was collected, and releases it. */
void table_close(struct table_text *table);
