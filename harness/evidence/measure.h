/* SPDX-License-Identifier: MIT
 *
 * Measures options at a service's own profile: an experiment with one cell, the
 * workload `service`, whose trials become evidence.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "harness/predict/forecast.h"

/* One run: the options, and how they are measured. */
struct evidence_round {
    const char *verb;              /* that asks for it, for messages */
    const char *root;              /* of the run; NULL: the default */
    const struct service *service; /* at its peak */
    const struct machine *machine;
    struct precision precision;
    const struct model_constants *models[EVIDENCE_MODELS_MAX];
    int workers[EVIDENCE_MODELS_MAX];
    int count;
    int first_block, blocks;
    int64_t warmup_ns, window_ns;
    uint64_t seed;
    int64_t wait_ns;      /* for a busy machine to become quiet */
    bool allow_any_build; /* even one with sanitizers */
};

/* Whether such a service can be sent here, by generator and workload, and on
 * this machine's CPUs. Otherwise false, and why. */
bool evidence_possible(const struct service *service, char *why, size_t size);

/* Whether the model can be started here. */
bool evidence_startable(const struct model_constants *model);

/* Sets warm-up and window: as long as the percentile of the limit (p99 without
 * one) needs, but not longer than `most_ns` for both, if that leaves a second
 * of window. Returns whether the percentile will be known. `rate_per_s` is what
 * will come. */
bool evidence_windows(struct evidence_round *round, double rate_per_s,
                      int64_t most_ns);

/* The time that one trial takes, with the server's start and end. */
int64_t evidence_trial_ns(const struct evidence_round *round);

/* Measures, and adds the trials to `evidence`. What goes wrong is told on
 * stderr. Returns an exit code; with EXIT_INVALID there may be trials too. */
int evidence_measure(const struct evidence_round *round,
                     struct evidence *evidence);
