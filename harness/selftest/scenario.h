/* SPDX-License-Identifier: MIT
 *
 * A whole trial of the event-loop model with its real handlers, started,
 * measured and judged as in a run. A disturber may run beside it: a process
 * that does something to the server while the load is on.
 */
#pragma once

#include "harness/gate/gate.h"
#include "outcome.h"

struct scenario {
    struct load_point point;
    struct trial_spec plan;
    struct trial *trial;
    struct backend_server backend;
    struct metronome *metronome;

    /* Called in a process of its own, which dies with the test, when the
     * server has its connections; it may stay or return. NULL: nobody. */
    void (*disturb)(const struct scenario *scenario, pid_t server);
    /* Called as soon as the server is there, before its first connection. */
    void (*on_start)(const struct scenario *scenario, pid_t server);

    struct cpu_split cpus; /* as the trial has them */
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* 16 connections in a closed loop, 1.5 s, and a metronome. Returns 0 or a
 * negative errno, with a failed check in the outcome; scenario_end in any case.
 */
int scenario_prepare(struct scenario *scenario, const char *workload,
                     const char *query, struct outcome *outcome);

/* Runs and judges the trial. */
void scenario_run(struct scenario *scenario);
void scenario_judge(struct scenario *scenario);
void scenario_end(struct scenario *scenario);

/* Checks that the gate fails. A gate that cannot judge here makes the test
 * skipped. */
void scenario_gate_fails(const struct scenario *scenario,
                         struct outcome *outcome, const char *id);

/* The gate of this name as it judged; NULL: none. */
const struct gate *scenario_gate(const struct scenario *scenario,
                                 const char *id);

/* Checks that every gate passes. */
void scenario_passes(const struct scenario *scenario, struct outcome *outcome);
