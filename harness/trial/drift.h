/* SPDX-License-Identifier: MIT
 *
 * What a soak has seen: memory and latency of each tenth of its window, and
 * whether they grow.
 */
#pragma once

#include <jansson.h>

#include "trial.h"

/* Notes a look at the server's memory within the window. */
void trial_drift_note(struct trial *trial, int64_t since_start_ns,
                      int64_t window_ns, int64_t total_bytes);

/* The trial's `drift` object; the trial was carried out. */
json_t *trial_drift_json(const struct trial *trial);

/* "memory grows by ...; p50 no drift seen ...; p99 ...", from that object.
 * Returns text. */
char *trial_drift_words(const json_t *drift, char *text, size_t size);
