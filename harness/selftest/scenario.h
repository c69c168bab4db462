/* SPDX-License-Identifier: MIT
 *
 * A whole trial of the event-loop model with its real handlers, started,
 * measured and judged as in a run. A second process, the disturber, may do
 * something to the server meanwhile.
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

    /* Called in the disturber, which dies with the test, once the server has
     * its connections. May return or not. NULL: nothing to do. */
    void (*disturb)(const struct scenario *scenario, pid_t server);
    /* Like `disturb`, but called as soon as the server exists, before its first
     * connection. */
    void (*on_start)(const struct scenario *scenario, pid_t server);

    struct cpu_split cpus; /* as in the trial */
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* Prepares a closed loop of 16 connections with a window of 1.5 s, and starts a
 * metronome. Returns 0, or a negative errno with a failed check in the outcome.
 * Call scenario_end in any case.
 */
int scenario_prepare(struct scenario *scenario, const char *workload,
                     const char *query, struct outcome *outcome);

/* Runs and judges the trial. scenario_judge judges it again, after its facts
 * have been changed.
 */
void scenario_run(struct scenario *scenario);
void scenario_judge(struct scenario *scenario);
void scenario_end(struct scenario *scenario);

/* Checks that the gate fails. If the gate does not apply on this machine, the
 * test counts as skipped. */
void scenario_gate_fails(const struct scenario *scenario,
                         struct outcome *outcome, const char *id);

/* The gate with this id after judging; NULL: there is none. */
const struct gate *scenario_gate(const struct scenario *scenario,
                                 const char *id);

/* Checks that every gate passes. */
void scenario_passes(const struct scenario *scenario, struct outcome *outcome);
