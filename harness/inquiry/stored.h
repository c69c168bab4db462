/* SPDX-License-Identifier: MIT
 *
 * A decision as a folder, from which everyone can decide again and must get the
 * same bytes (docs/results.md):
 *
 *   asked.json       the question, as it was asked, with where and when
 *   machine.json     the constants
 *   validation.json  the residuals; missing, if there are none
 *   evidence.json    what was measured at the profile; missing, if nothing was
 *   cells.json       of a run's profile: the run's cells beside their
 *                    forecasts, the residuals where there is no validation.json
 *   size.json        the workers of the options that are named (sized.h);
 *                    missing, if there are none
 *   decision.json    the answer
 */
#pragma once

#include "harness/decide/decision.h"

/* Writes into the folder what the answer will follow from: decide from
 * what inquiry_read makes of it, since a file has fewer digits. `validation` is
 * what `bands` were read from, and `cells` are those of a run; NULL: there are
 * none. Returns 0, or a negative errno with a sentence. */
int inquiry_store(const struct inquiry *inquiry, const json_t *validation,
                  const json_t *cells, const char *folder, char *why,
                  size_t why_size);

/* Writes what was measured at the profile; and the answer, with its
 * workers. Each returns as inquiry_store. */
int inquiry_store_evidence(const struct evidence *evidence, const char *folder,
                           char *why, size_t why_size);
int inquiry_store_answer(const struct decision *decision, const char *folder,
                         char *why, size_t why_size);

/* Reads what was asked, the constants, the residuals and what was measured.
 * Returns 0, or a negative errno with a sentence. inquiry_free may be called
 * after any result. */
int inquiry_read(const char *folder, struct inquiry *inquiry, char *why,
                 size_t why_size);
void inquiry_free(struct inquiry *inquiry);

/* Decides again and compares. Returns 0; -EILSEQ with a sentence that names the
 * file and the first place that is another; or another negative errno. */
int inquiry_verify(const char *folder, char *why, size_t why_size);
