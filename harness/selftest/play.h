/* SPDX-License-Identifier: MIT
 *
 * A whole trial of the event-loop model with its real handlers, started,
 * measured and judged as in a run, and an intruder beside it: a process that
 * does something to the server while the load is on.
 */
#pragma once

#include "harness/gate/gate.h"
#include "outcome.h"

struct play {
    struct load_point point;
    struct trial_plan plan;
    struct trial *trial;
    struct backend_server backend;
    struct metronome *metronome;

    /* Called in a process of its own, which dies with the test, when the
     * server has its connections; it may stay or return. NULL: nobody. */
    void (*intrude)(const struct play *play, pid_t server);
    /* Called as soon as the server is there, before its first connection. */
    void (*greet)(const struct play *play, pid_t server);

    struct cpu_split cpus; /* as the trial has them */
    struct gate gates[GATES_MAX];
    int gate_count;
};

/* 16 connections in a closed loop, 1.5 s, and a metronome. Returns 0 or a
 * negative errno, with a failed check in the outcome; play_end in any case. */
int play_prepare(struct play *play, const char *workload, const char *query,
                 struct outcome *outcome);

/* Runs and judges the trial. */
void play_carry_out(struct play *play);
void play_judge(struct play *play);
void play_end(struct play *play);

/* The gate must fail. One that cannot judge here makes the test skipped. */
void play_loud(const struct play *play, struct outcome *outcome,
               const char *id);

/* The gate of this name as it judged; NULL: none. */
const struct gate *play_gate(const struct play *play, const char *id);

/* No gate at all may fail. */
void play_silent(const struct play *play, struct outcome *outcome);
