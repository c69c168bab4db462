/* SPDX-License-Identifier: MIT
 *
 * A printed figure and the interval that its digits allow: "7.7ms" is 7.65 to
 * 7.75 ms, "16,474" is 16,473.5 to 16,474.5, "1.2k" is 1,150 to 1,250. A whole
 * number of a time, "7 ms", is 6 to 8 ms: programs cut off, and round up, too.
 */
#pragma once

#include <stddef.h>

#include "row.h"

/* Reads the whole of `text` (`length` bytes) as a figure of that kind. A time
 * needs a unit, in the text or as `unit_s`, the seconds of one (0: none). A
 * rate or count may have k, M or G, and a rate "/s", "rps", "req/s". Behind the
 * figure, an interval in brackets replaces its own, and a remark in
 * parentheses, a deviation after a plus-minus sign and marks are left out. "~"
 * makes the interval ten times as wide, "<" and ">" open one end. Returns false
 * for anything else: negative, not finite, two figures. */
bool figure_read(enum figure_kind kind, const char *text, size_t length,
                 double unit_s, struct figure *figure);

/* As figure_read, of text ended by NUL. */
bool figure_read_text(enum figure_kind kind, const char *text,
                      struct figure *figure);

/* A number of a JSON file, `scale` of the figure's unit each. A whole number
 * may have been rounded to one; of others the digits are not known. False:
 * negative or not finite. */
bool figure_of_number(double number, bool whole, double scale,
                      struct figure *figure);

/* The seconds of one, by the unit's name ("ms"; not "m" or "h"); 0: no unit of
 * time has that name. */
double unit_seconds(const char *name, size_t length);

/* Sets a figure of the row from a text, unless the row has it already or the
 * text is none. */
void figure_take(struct row *row, enum figure_id id, const char *text,
                 int length);

/* Adds a count to a figure of the row. */
void figure_add(struct row *row, enum figure_id id, double count);
