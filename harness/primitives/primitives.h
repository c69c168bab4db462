/* SPDX-License-Identifier: MIT
 *
 * What the things cost that concurrency models are made of: a switch, a
 * new task, a hand-over, a timer. All are measured in one process, interleaved,
 * so that they can be compared and explain the differences between models.
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
    /* Does `operations` operations. Returns how many ns they took, without
     * preparation, or a negative errno: -ENOTSUP if measuring is impossible
     * here. */
    int64_t (*run)(int64_t operations, int variant);
    int variant; /* argument of `run`, for primitives that share a function */
};

/* All primitives in the order of the report, ended by a NULL name. */
extern const struct primitive primitives[];

/* The result of one primitive. */
struct primitive_result {
    int64_t operations; /* in each repetition */
    int repetitions;    /* 0: not measured */
    double
        ns[PRIMITIVES_REPETITIONS_MAX]; /* per operation, of each repetition */
    double median_ns, lower_ns, upper_ns; /* median and quartiles */
    double min_ns, max_ns;
    int error; /* a negative errno: no figures; 0: none */
};

/* Measures the chosen primitives `repetitions` times, interleaved and in a
 * different order each time; results[i] gets the result of primitives[i]. One
 * repetition of one primitive takes about `budget_ns`. Returns 0 or a negative
 * errno; the failure of a single primitive is in its result. */
int primitives_run(const bool *chosen, int repetitions, int64_t budget_ns,
                   struct primitive_result *results);

/* Why a primitive has no figures, in words. */
const char *primitives_why(int error);

/* The results as JSON (results/schema/primitives.schema.json); the times are
 * Unix seconds. The caller owns it; NULL when out of memory. */
json_t *primitives_json(const struct primitive_result *results, int repetitions,
                        int64_t started_at, int64_t ended_at);
