/* SPDX-License-Identifier: MIT
 *
 * A run: the plan, then trials one after another, each stored as soon as it
 * ends, then the summary. The experiment files say what to measure; run_options
 * are what the command line adds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/statistics/threshold.h"
#include "plan.h"

struct run_options {
    const char *root;    /* of the results; NULL: the default */
    const char *command; /* as typed, for run.json */
    const char *file;    /* to write the run's directory to; NULL: none */
    const char *home;    /* the folder of the files that targets name; NULL:
                            that of the experiment */
    bool has_seed;
    uint64_t seed;
    struct overrides overrides;
    bool dry_run, quiet;
    bool verbose;    /* every comparison is printed, not ten lines */
    bool mute;       /* results are not printed, but only stored */
    int64_t wait_ns; /* for a busy machine to become quiet */
    struct threshold thresholds[THRESHOLDS_MAX];
    int threshold_count;
    bool allow_any_build; /* even one with sanitizers */
};

/* Takes a value of --threshold, of --until. Returns 0, or -EINVAL with a
 * sentence. */
int run_take_threshold(struct run_options *options, const char *text, char *why,
                       size_t why_size);
int run_take_until(struct run_options *options, const char *text, char *why,
                   size_t why_size);

/* Runs the experiments (names or paths). Returns an exit code (base/exit.h). */
int run_bench(char *const *experiments, int count,
              const struct run_options *options);

/* Goes on with a run: keeps finished trials and carries out the others. NULL:
 * the newest run. Returns an exit code. */
int run_resume(const char *directory, const struct run_options *options);

/* Computes summary and comparisons again from the stored trials. */
int run_summarise(const char *directory, const struct run_options *options);
