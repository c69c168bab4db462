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
struct stage {
    const struct trial_plan *plan;
    struct trial *trial;
    struct process server;
    struct target_start target; /* of a model that is one */
    struct sockaddr_in address;
    struct load_request *requests, *beside_requests;
    int request_count, beside_request_count;
    struct load_greeting *greeting;          /* of a conversation, or NULL */
    struct load_spec load_plan, beside_plan; /* must outlive the loads */
    struct load *load, *beside;
    struct meter_sample backend_first, backend_last;
    bool backend_reset;    /* its lateness was forgotten in the warm-up */
    int64_t refused_first; /* tasks, before the server was started */
};

int64_t stage_now_ns(void);

bool stage_stopped(const struct stage *stage);

/* Sleeps until then; false when the trial is to be abandoned. */
bool stage_sleep_until(const struct stage *stage, int64_t at_ns);

/* The harness must not take from the server's CPUs. */
int stage_take_cpus(struct trial *trial);

/* The bare processes' ceiling, for work that burns CPU. */
int stage_take_bare(struct stage *stage);

/* Requests with their answers; the backend. */
int stage_prepare(struct stage *stage);

int stage_start_server(struct stage *stage);

/* A few checked requests, then the idle snapshot. */
int stage_check(struct stage *stage);

/* The load as the load point has it. */
void stage_fill_plan(const struct stage *stage, struct load_spec *plan);

int stage_start_loads(struct stage *stage);

/* Waits until all connections are open and the server has done with opening
 * them: what connections weigh without requests. */
int stage_open(struct stage *stage);

/* The load begins. Returns when its window opens, or a negative errno. */
int64_t stage_begin(struct stage *stage);

/* Waits for the load's end; nothing without a load. */
int stage_collect(struct stage *stage, struct load *load,
                  struct load_result **result);

/* Notes the limit of the system that was hit, if any; the load has been
 * collected. */
void stage_look_for_limits(struct stage *stage);

/* Ends loads and server; trial->end must be set. */
void stage_finish(struct stage *stage);

/* What became of the updates that the server's tasks made to something shared,
 * from its start on: where the workload counts them, GET /stats tells. Unknown
 * where it does not. */
void stage_read_updates(struct stage *stage);
