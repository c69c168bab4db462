/* SPDX-License-Identifier: MIT
 *
 * A decision as a folder, from which everyone can decide again and must get the
 * same bytes (docs/results.md):
 *
 *   asked.json       the question, as it was asked, with where and when
 *   machine.json     the constants
 *   validation.json  the residuals; missing, if there are none
 *   decision.json    the answer
 */
#pragma once

#include "harness/decide/decision.h"

/* All that an answer follows from. */
struct inquiry {
    struct question question; /* its model names belong to the inquiry */
    struct wishes wishes;
    enum language language;
    bool shipped;
    struct machine machine;
    struct bands bands;
    char names[ADVICE_MODELS_GIVEN_MAX][64];
};

/* Makes the folder and writes what the answer will follow from: decide from
 * what inquiry_read makes of it, since a file has fewer digits. `validation` is
 * what `bands` were read from, or NULL. Returns 0, or a negative errno with a
 * sentence. */
int inquiry_store(const struct inquiry *inquiry, const json_t *validation,
                  const char *folder, char *why, size_t why_size);

/* Writes the answer. Returns as inquiry_store. */
int inquiry_store_answer(const struct decision *decision, const char *folder,
                         char *why, size_t why_size);

/* Reads what was asked, the constants and the residuals. Returns 0, or a
 * negative errno with a sentence. inquiry_free may be called after any result.
 */
int inquiry_read(const char *folder, struct inquiry *inquiry, char *why,
                 size_t why_size);
void inquiry_free(struct inquiry *inquiry);

/* Decides again and compares. Returns 0; -EILSEQ with a sentence that names the
 * file and the first place that is another; or another negative errno. */
int inquiry_verify(const char *folder, char *why, size_t why_size);
