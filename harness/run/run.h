/* SPDX-License-Identifier: MIT
 *
 * A run: plan, trials one after another, each stored the moment it ends, then
 * the summary. What the user asked for is in run_options; everything else is
 * in the experiment files.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/statistics/threshold.h"
#include "plan.h"

struct run_options {
    const char *root;    /* of the results; NULL: the default */
    const char *command; /* as typed, for the record */
    const char *file;    /* gets the run's directory; NULL: none */
    bool has_seed;
    uint64_t seed;
    struct overrides overrides;
    bool dry_run, quiet;
    int64_t wait_ns; /* for a machine that others use to become quiet */
    struct threshold thresholds[THRESHOLDS_MAX];
    int threshold_count;
    bool allow_any_build; /* record results of a sanitizer build, too */
};

/* Runs the experiments (names or paths). Returns an exit code (base/exit.h).
 */
int run_bench(char *const *experiments, int count,
              const struct run_options *options);

/* Goes on with a run: finished trials are kept, the others done. NULL: the
 * newest. Returns an exit code. */
int run_resume(const char *directory, const struct run_options *options);

/* Makes summary and comparisons anew from the stored trials. */
int run_summarise(const char *directory, const struct run_options *options);
