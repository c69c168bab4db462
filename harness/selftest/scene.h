/* SPDX-License-Identifier: MIT
 *
 * One load against one scripted server, and the gates' judgement on it: the
 * same generator and the same gates as in a trial, with a server whose
 * behaviour is known in the model's place.
 */
#pragma once

#include "harness/gate/gate.h"
#include "harness/load/load.h"
#include "outcome.h"
#include "stalls.h"
#include "truth.h"

enum { SCENE_SEEDS = 16 };

struct scene {
    struct truth_script script;
    struct load_plan plan; /* address, requests and CPUs are filled in */

    /* Called when the window's start is known; may sleep. NULL: nothing. */
    void (*during)(struct scene *scene, int64_t window_start_ns);

    bool hogged; /* the test itself keeps the generator's CPUs busy, so the
                    sleepers tell nothing about the machine */

    int64_t wait_ns; /* the work waits so long, the gates are told, whatever
                        the script does */

    bool watched; /* the machine's counters are judged as well: of the whole
                     load, its connecting included */

    /* After scene_run: */
    struct truth truth;
    struct stalls stalls;
    struct cpu_split cpus;
    struct load_result *result;
    struct machine_sample machine_first, machine_last; /* when watched */
    uint64_t scheduled; /* open loop: what the schedule holds */
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* Runs it. Leaves a failed check in the outcome and returns a negative errno
 * when it could not be carried out. */
int scene_run(struct scene *scene, struct outcome *outcome);
void scene_free(struct scene *scene);

/* The generator's processes, while it runs. Returns how many. */
int scene_generator(const struct scene *scene, pid_t *pids, int max);

/* Sleeps until then. */
void scene_sleep_until(int64_t at_ns);

/* The gate must be silent, or loud. */
void scene_gate(const struct scene *scene, struct outcome *outcome,
                const char *id, bool loud);

/* No gate at all may be loud. */
void scene_silent(const struct scene *scene, struct outcome *outcome);

/* Sum of the parts, and what the schedule held, are all there. */
void scene_identity(const struct scene *scene, struct outcome *outcome);

/* A percentile of what the generator saw (-1: the mean) against the truth:
 * not below it, and above by at most `share` and 0.1 ms and what the machine's
 * own stalls explain. */
void scene_near(const struct scene *scene, struct outcome *outcome,
                const char *what, const struct histogram *seen,
                const struct histogram *truth, double percentile, double share);
