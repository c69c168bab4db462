/* SPDX-License-Identifier: MIT
 *
 * One load against one reference server, and the gates' judgement on it. The
 * generator and the gates are those of a trial; the reference server, whose
 * behaviour is known, stands in the model's place.
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

    /* Called when the window's start is known; may sleep. NULL: nothing. */
    void (*during)(struct fixture *fixture, int64_t window_start_ns);

    bool hogged; /* the test itself keeps the generator's CPUs busy, so the
                    sleepers tell nothing about the machine */

    int64_t wait_ns; /* the work waits so long, the gates are told, whatever
                        the script does */

    bool watched; /* the machine's counters are judged as well: of the whole
                     load, its connecting included */

    /* After fixture_run: */
    struct reference reference;
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
int fixture_run(struct fixture *fixture, struct outcome *outcome);
void fixture_free(struct fixture *fixture);

/* The generator's processes, while it runs. Returns how many. */
int fixture_generator(const struct fixture *fixture, pid_t *pids, int max);

/* Checks one gate: it must fail if `fails` is set, and pass if not. */
void fixture_gate(const struct fixture *fixture, struct outcome *outcome,
                  const char *id, bool fails);

/* Checks that every gate passes. */
void fixture_passes(const struct fixture *fixture, struct outcome *outcome);

/* Checks that every scheduled request is accounted for. */
void fixture_identity(const struct fixture *fixture, struct outcome *outcome);

/* Checks a percentile of what the generator saw (-1: the mean) against the
 * known one. It may not lie below. It may lie above by at most `share`, 0.1 ms
 * and what the machine's own stalls explain. */
void fixture_near(const struct fixture *fixture, struct outcome *outcome,
                  const char *what, const struct histogram *seen,
                  const struct histogram *reference, double percentile,
                  double share);

/* A process that another one has started, for those who disturb it. */
struct child {
    pid_t pid;
    char name[32]; /* as the kernel knows it: 15 bytes of the program's */
};

/* Finds the children of a process. Returns how many were written, at most
 * `max`. */
int fixture_children(pid_t parent, struct child *children, int max);
