/* SPDX-License-Identifier: MIT
 *
 * What an answer about workers says in words: why W* is W*, what half and twice
 * as many would do, what rules of thumb would, how many connections the
 * database needs, and how far to trust it. Every format prints these sentences.
 */
#pragma once

#include "harness/advice/sentences.h"
#include "size.h"

/* The answer in one line: "W* at 390/s: thread-pool 14, process-pool 13".
 * Returns text. */
const char *words_headline(const struct size *size, char *text,
                           size_t text_size);

/* Sentences on one model, by its place in the answer; they replace what is
 * there. */
void words_of_curve(const struct size *size, int model,
                    struct sentences *sentences);

/* Sentences on the service; they replace what is there. */
void words_of_service(const struct size *size, struct sentences *sentences);
