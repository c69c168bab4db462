/* SPDX-License-Identifier: MIT
 *
 * The steps that trials are made of, whatever their load is: what exists while
 * one runs, how it comes to be and how it is taken away. A step that fails
 * returns a negative value and leaves its reason in trial->failure.
 */
#pragma once

#include <netinet/in.h>

#include "harness/server/process.h"
#include "harness/server/target.h"
#include "trial.h"

/* What exists while a trial runs. */
struct live_trial {
    const struct trial_spec *spec;
    struct trial *trial;
    struct process server;
    struct target_start target; /* of a model that is one */
    struct sockaddr_in address;
    struct load_request *requests, *beside_requests;
    int request_count, beside_request_count;
    struct load_greeting *greeting;          /* of a conversation, or NULL */
    struct load_plan load_plan, beside_plan; /* must outlive the loads */
    struct load *load, *beside;
    struct meter_sample backend_first, backend_last;
    bool backend_reset;    /* its lateness was forgotten in the warm-up */
    int64_t refused_first; /* tasks, before the server was started */
};

int64_t steps_now_ns(void);

bool steps_stopped(const struct live_trial *live);

/* Sleeps until then; false when the trial is to be abandoned. */
bool steps_sleep_until(const struct live_trial *live, int64_t at_ns);

/* The harness must not take from the server's CPUs. */
int steps_take_cpus(struct trial *trial);

/* The bare processes' ceiling, for work that burns CPU. */
int steps_take_bare(struct live_trial *live);

/* Requests with their answers; the backend. */
int steps_prepare(struct live_trial *live);

int steps_start_server(struct live_trial *live);

/* A few checked requests, then the idle snapshot. */
int steps_check(struct live_trial *live);

/* The load as the load point has it. */
void steps_load_plan(const struct live_trial *live, struct load_plan *plan);

int steps_start_loads(struct live_trial *live);

/* Waits until all connections are open and the server has done with opening
 * them: what connections weigh without requests. */
int steps_open(struct live_trial *live);

/* The load begins. Returns when its window opens, or a negative errno. */
int64_t steps_begin(struct live_trial *live);

/* Waits for the load's end; nothing without a load. */
int steps_collect(struct live_trial *live, struct load *load,
                  struct load_result **result);

/* Notes the limit of the system that was hit, if any; the load has been
 * collected. */
void steps_look_for_limits(struct live_trial *live);

/* Ends loads and server; trial->end must be set. */
void steps_finish(struct live_trial *live);

/* What became of the updates that the server's tasks made to something shared,
 * from its start on: where the workload counts them, GET /stats tells. Unknown
 * where it does not. */
void steps_read_updates(struct live_trial *live);
