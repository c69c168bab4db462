/* SPDX-License-Identifier: MIT
 *
 * One load against one reference server, judged by the gates. Generator and
 * gates are those of a trial; the reference server, whose behaviour is known,
 * replaces the model.
 */
#pragma once

#include "harness/gate/gate.h"
#include "harness/load/load.h"
#include "outcome.h"
#include "reference.h"
#include "stalls.h"

enum { FIXTURE_SEEDS = 16 };

struct fixture {
    struct reference_script script;
    struct load_spec spec; /* address, requests and CPUs are filled in */

    /* Called once the window's start is known; may sleep. NULL: nothing to do.
     */
    void (*during)(struct fixture *fixture, int64_t window_start_ns);

    bool hogged; /* the test itself keeps the generator's CPUs busy, so the
                    sleepers (stalls.h) show nothing about the machine */

    int64_t wait_ns; /* the wait of the work as the gates are told, whatever the
                        script does */

    bool watched; /* the gates also judge the machine's counters, over the whole
                     load, connecting included */

    /* After fixture_run: */
    struct reference reference;
    struct stalls stalls;
    struct cpu_split cpus;
    struct load_result *result;
    struct machine_sample machine_first, machine_last; /* when watched */
    uint64_t scheduled; /* open loop: number of requests in the schedule */
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* Runs the load. If that is impossible, leaves a failed check in the outcome
 * and returns a negative errno. */
int fixture_run(struct fixture *fixture, struct outcome *outcome);
void fixture_free(struct fixture *fixture);

/* Finds the generator's processes while it runs. Returns how many. */
int fixture_generator(const struct fixture *fixture, pid_t *pids, int max);

/* Checks that a gate fails (`fails`) or passes. */
void fixture_gate(const struct fixture *fixture, struct outcome *outcome,
                  const char *id, bool fails);

/* Checks that every gate passes. */
void fixture_passes(const struct fixture *fixture, struct outcome *outcome);

/* Checks that every scheduled request is accounted for. */
void fixture_identity(const struct fixture *fixture, struct outcome *outcome);

/* Checks a percentile (-1: the mean) of the times that the generator measured
 * against the known one. It must not be lower. It may be higher by at most
 * `share`, 0.1 ms and what the machine's own stalls explain. */
void fixture_near(const struct fixture *fixture, struct outcome *outcome,
                  const char *what, const struct histogram *seen,
                  const struct histogram *reference, double percentile,
                  double share);
