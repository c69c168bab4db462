/* SPDX-License-Identifier: MIT
 *
 * What the things cost that concurrency models are made of: a switch, a new
 * task, a hand-over, a timer. Measured side by side in one process, so that
 * they can be held against each other and explain the gaps between models.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PRIMITIVES_REPETITIONS_MAX = 101 };

struct primitive {
    const char *name;
    const char *group; /* "switch", "task", "handover", "timer", "kernel" */
    const char *clock; /* "cpu": the thread's own time; "wall" */
    const char *what;  /* what one operation is */
    /* Does `operations` of them and returns the ns they took, preparations
     * left out, or a negative errno: -ENOTSUP where it cannot be measured. */
    int64_t (*run)(int64_t operations, int variant);
    int variant; /* for those that share a function */
};

/* In the order of the report; ended by a NULL name. */
extern const struct primitive primitives[];

/* What one primitive gave. */
struct primitive_result {
    int64_t operations;                    /* of one repetition */
    int repetitions;                       /* 0: not measured */
    double ns[PRIMITIVES_REPETITIONS_MAX]; /* per operation, as they came */
    double median_ns, lower_ns, upper_ns;  /* the middle, and both quartiles */
    double min_ns, max_ns;
    int error; /* a negative errno: there are no figures */
};

/* Measures the chosen ones `repetitions` times in turn, each repetition over
 * all of them in another order, into results[i] of primitives[i]. `budget_ns`
 * is what one repetition of one primitive shall take, about. Returns 0 or a
 * negative errno; one primitive's failure is in its result. */
int primitives_run(const bool *chosen, int repetitions, int64_t budget_ns,
                   struct primitive_result *results);

/* Why a primitive has no figures, in words. */
const char *primitives_why(int error);

/* By results/schema/primitives.schema.json; the times are of CLOCK_REALTIME,
 * in s. The caller owns it; NULL when out of memory. */
json_t *primitives_json(const struct primitive_result *results, int repetitions,
                        int64_t started_at, int64_t ended_at);
