/* SPDX-License-Identifier: MIT */
#include "groups.h"

#include <errno.h>
#include <stdlib.h>

#include "draw.h"
#include "fair.h"
#include "harness/base/grow.h"

/* Far from the indices that steps and arrivals draw with. */
enum { DRAW_LOOP = 1000 };

/* Returns the executor's index or NONE. */
static int new_executor(struct engine *engine, int group)
{
    struct executor *grown =
        grow_by_one(engine->executors, engine->executor_count, sizeof *grown);
    if (grown)
        engine->executors = grown;
    if (!grown || fair_grow(engine) < 0) {
        engine->out_of_memory = true;
        return NONE;
    }
    engine->executors[engine->executor_count] =
        (struct executor){.group = group,
                          .request = NONE,
                          .core = NONE,
                          .next = NONE,
                          .previous = NONE,
                          .place = NONE,
                          .waiting = {{NONE, NONE}, {NONE, NONE}}};
    return engine->executor_count++;
}

static void push_free(struct engine *engine, struct group_state *state, int e)
{
    engine->executors[e].next = state->free.first;
    state->free.first = e;
}

int group_prepare(struct engine *engine)
{
    for (int g = 0; g < engine->in->group_count; g++) {
        struct group_state *state = &engine->groups[g];
        *state = (struct group_state){.first = engine->executor_count,
                                      .free = {NONE, NONE},
                                      .waiting = {{NONE, NONE}, {NONE, NONE}}};
        for (int i = 0; i < engine->in->groups[g].executors; i++)
            if (new_executor(engine, g) == NONE)
                return -ENOMEM;
        for (int i = engine->executor_count - 1; i >= state->first; i--)
            push_free(engine, state, i);
    }
    return 0;
}

/* The executor of a split group that a request is bound to. */
static int bound_to(const struct engine *engine, const struct request *request,
                    int group)
{
    const struct simulation *in = engine->in;
    uint64_t who = in->arrivals.kind == ARRIVE_CLOSED
                       ? (uint64_t)request->client
                       : request->key;
    double place = draw_uniform(in->seed, who, DRAW_LOOP + (unsigned)group);
    return engine->groups[group].first +
           (int)(place * in->groups[group].executors);
}

/* An executor of the shared kind that is free, or NONE. */
static int take_free(struct engine *engine, int group)
{
    struct group_state *state = &engine->groups[group];
    int e = state->free.first;
    if (e != NONE)
        state->free.first = engine->executors[e].next;
    else if (engine->in->groups[group].executors == 0)
        e = new_executor(engine, group);
    return e;
}

bool group_acquire(struct engine *engine, int request, int group)
{
    struct request *r = &engine->requests[request];
    struct queue *queue = &engine->groups[group].waiting;
    bool fresh = engine->in->groups[group].resumed_first && r->step == 0;
    int e;

    if (engine->in->groups[group].split) {
        e = bound_to(engine, r, group);
        queue = &engine->executors[e].waiting;
        if (engine->executors[e].request != NONE)
            e = NONE;
    } else {
        e = take_free(engine, group);
    }
    if (e == NONE) {
        r->queued_at_ns = engine->now_ns;
        fifo_push_request(engine, fresh ? &queue->second : &queue->first,
                          request);
        return false;
    }
    engine->executors[e].request = request;
    r->executor[group] = e;
    return true;
}

void group_release(struct engine *engine, int request, int group)
{
    struct group_state *state = &engine->groups[group];
    int e = engine->requests[request].executor[group];
    bool split = engine->in->groups[group].split;
    struct queue *queue =
        split ? &engine->executors[e].waiting : &state->waiting;
    int waiting = fifo_pop_request(engine, &queue->first);
    if (waiting == NONE)
        waiting = fifo_pop_request(engine, &queue->second);

    engine->requests[request].executor[group] = NONE;
    engine->executors[e].request = waiting;
    if (waiting == NONE) {
        if (!split)
            push_free(engine, state, e);
        return;
    }
    struct request *next = &engine->requests[waiting];
    next->executor[group] = e;
    next->queued_ns += engine->now_ns - next->queued_at_ns;
    next->step++;
    fifo_push_request(engine, &engine->runnable, waiting);
}
