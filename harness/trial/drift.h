/* SPDX-License-Identifier: MIT
 *
 * Drift in a soak: memory and latency in each tenth of the window, and whether
 * they grow.
 */
#pragma once

#include <jansson.h>

#include "trial.h"

/* Notes one sample of the server's memory in the window. */
void trial_drift_note(struct trial *trial, int64_t since_start_ns,
                      int64_t window_ns, int64_t total_bytes);

/* The object `drift` of a trial that was carried out. */
json_t *trial_drift_json(const struct trial *trial);

/* "memory grows by ...; p50 no drift seen ...; p99 ...": the object `drift` as
 * a sentence. Returns text. */
char *trial_drift_words(const json_t *drift, char *text, size_t size);
