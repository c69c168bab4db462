/* SPDX-License-Identifier: MIT
 *
 * Why a figure is far from what the laws said of it: the one of the known
 * causes that the trial's own counters show, or the word "unexplained".
 *
 *   limit         a limit of the system was hit
 *   failures      requests failed, and make up half of what is missing
 *   generator     the rate is near what generator and kernel can do at most
 *   waves         the workers move in step, and what is missing (or too much)
 *                 is less than one wave of them in the window
 *   backend       the backend's one loop had no CPU time left
 *   switches      the CPUs were busy, and the switches of a request take half
 *                 of the CPU time that it costs beyond the bare work
 *   cpu           the CPUs were busy: a request costs more than the bare work
 *   run queue     a request waited for a CPU for half of the time by which it
 *                 held its connection, worker or place in the backend longer
 *                 than the law has it
 *
 * The first that holds is given, in this order: from what makes the law void
 * to what is a matter of degree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Of the window; what is not known is 0 or "". */
struct residual_facts {
    double predicted_per_s, measured_per_s;
    double window_s;
    double bare_s;         /* c */
    int wave;              /* requests that can begin at once */
    const char *exhausted; /* the limit that was hit */
    double failed_per_s;
    bool generator_bound;
    double backend_busy; /* share of one CPU */
    double server_busy;  /* share of the CPUs that the model can use */
    double cpu_s;        /* CPU time of a request */
    double switches;     /* of a request */
    double run_wait_s;   /* of a request */
};

/* Beyond this a residual needs a cause. */
extern const double RESIDUAL_LIMIT;

double residual_of(const struct residual_facts *facts);

/* NULL when the residual is within the limit; otherwise the cause, with what
 * shows it in `words`. */
const char *residual_cause(const struct residual_facts *facts, char *words,
                           size_t words_size);
