/* SPDX-License-Identifier: MIT
 *
 * Searches under way as lines for a terminal: the phase of each, its latest
 * rate with the verdict, and the highest rate that passed so far.
 */
#pragma once

#include "harness/screen/screen.h"
#include "search.h"

/* Steps that the searches have done, and those that they will have if none is
 * invalid. */
int search_rows_done(const struct search_group *group);
int search_rows_all(const struct search_group *group);

/* The share of all steps that is done; 0: there are none. */
double search_rows_share(const struct search_group *group);

/* Writes a line for each search, at most `most`. Returns how many. */
int search_rows(const struct search_group *group, const char *const *names,
                int columns, char (*lines)[SCREEN_LINE], int most);
