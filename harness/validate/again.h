/* SPDX-License-Identifier: MIT
 *
 * forecasts.json, read back: what a validation asked before it was measured. A
 * question that no validation asks is refused, for its forecast might take for
 * ever.
 */
#pragma once

#include "questions.h"

/* Takes seed, targets, services and questions from what was stored and makes
 * the forecasts anew, from questions->machine and for questions->requests and
 * ->window_most_ns. Returns 0, -ENOMEM, or -EINVAL with the reason: it names
 * the member, its row and its value. questions_free may be called after any
 * result. */
int questions_again(const json_t *stored, struct questions *questions,
                    char *why, size_t why_size);
