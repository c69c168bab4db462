/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cores.h"
#include "draw.h"
#include "groups.h"
#include "harness/base/grow.h"

/* Beyond the indices of steps' draws: of one arrival. */
enum { DRAW_GAP = 100, DRAW_THINK = 102 };

static bool arrivals_go_on(const struct engine *engine)
{
    const struct simulation *in = engine->in;
    if (in->arrivals.kind == ARRIVE_REPLAY)
        return engine->arrived < (int64_t)in->arrivals.log_count;
    return engine->measured < in->requests;
}

/* When the open loop's next instant is. */
static void next_instant(struct engine *engine)
{
    const struct arrivals *arrivals = &engine->in->arrivals;
    double gap_ns = 1e9 / arrivals->rate_per_s;
    double at_ns = engine->now_ns;

    if (!arrivals_go_on(engine))
        return;
    switch (arrivals->kind) {
    case ARRIVE_REPLAY:
        at_ns = arrivals->log_ns[engine->arrived];
        break;
    default:
        at_ns += gap_ns * arrivals->burst *
                 draw_exponential(engine->in->seed, (uint64_t)engine->arrived,
                                  DRAW_GAP);
    }
    state_add_event(engine, at_ns, EVENT_ARRIVAL, 0, 0);
}

static int new_request(struct engine *engine)
{
    int index = fifo_pop_request(engine, &engine->free_requests);
    if (index != NONE)
        return index;
    struct request *grown =
        grow_by_one(engine->requests, engine->request_count, sizeof *grown);
    if (!grown) {
        engine->out_of_memory = true;
        return NONE;
    }
    engine->requests = grown;
    return engine->request_count++;
}

static void count_in_flight(struct engine *engine, int change)
{
    engine->area_ns +=
        (double)engine->in_flight * (engine->now_ns - engine->area_at_ns);
    engine->area_at_ns = engine->now_ns;
    engine->in_flight += change;
    if (engine->in_flight > engine->in_flight_most)
        engine->in_flight_most = engine->in_flight;
}

static void arrive(struct engine *engine, int client)
{
    const struct simulation *in = engine->in;
    int index = new_request(engine);
    if (index == NONE)
        return;
    struct request *request = &engine->requests[index];
    bool closed = in->arrivals.kind == ARRIVE_CLOSED;
    uint64_t key = closed ? ((uint64_t)client << 32) + engine->asked[client]++
                          : (uint64_t)engine->arrived;
    *request = (struct request){
        .key = key, .client = client, .arrived_ns = engine->now_ns};
    for (int g = 0; g < in->group_count; g++)
        request->executor[g] = NONE;
    for (int d = 0; d < engine->draw_count; d++) {
        const double *log = in->arrivals.log_factors[d];
        request->factor[d] =
            log ? log[engine->arrived]
                : draw_factor(&in->draws[d], in->seed, key, (unsigned)d);
    }
    engine->arrived++;
    count_in_flight(engine, 1);
    if (in->flight_most > 0 && engine->in_flight > in->flight_most)
        engine->too_many = true;
    fifo_push_request(engine, &engine->runnable, index);
}

static void client_thinks(struct engine *engine, int client)
{
    const struct arrivals *arrivals = &engine->in->arrivals;
    uint64_t key = ((uint64_t)client << 32) + engine->asked[client];
    double think_ns = arrivals->think_ns;
    if (think_ns > 0 && arrivals->think_draw != NONE)
        think_ns *= draw_factor(&engine->in->draws[arrivals->think_draw],
                                engine->in->seed, key, DRAW_THINK);
    state_add_event(engine, engine->now_ns + think_ns, EVENT_ARRIVAL, client,
                    0);
}

/* The first measured request begins when the last of the warm-up ends. */
static void begin_window(struct engine *engine)
{
    cores_look(engine);
    engine->from_ns = engine->now_ns;
    engine->area_from_ns = engine->area_ns;
    engine->computed_from_ns = engine->computed_ns;
}

static void end_window(struct engine *engine)
{
    cores_look(engine);
    engine->to_ns = engine->now_ns;
    engine->area_to_ns = engine->area_ns;
    engine->computed_to_ns = engine->computed_ns;
}

static void measure(struct engine *engine, const struct request *request,
                    double response_ns)
{
    if (engine->ended == engine->in->warmup)
        begin_window(engine);
    if (engine->ended <= engine->in->warmup ||
        engine->measured == engine->in->requests)
        return;
    engine->responses_ns[engine->measured] = response_ns;
    engine->ended_at_ns[engine->measured] = engine->now_ns;
    engine->measured++;
    engine->queued_ns += request->queued_ns;
    if (engine->measured == engine->in->requests)
        end_window(engine);
}

static void end(struct engine *engine, int index)
{
    struct request *request = &engine->requests[index];
    double response_ns = engine->now_ns - request->arrived_ns;

    count_in_flight(engine, -1);
    engine->ended++;
    engine->response_ns += response_ns;
    measure(engine, request, response_ns);
    if (engine->in->arrivals.kind == ARRIVE_CLOSED && arrivals_go_on(engine))
        client_thinks(engine, request->client);
    fifo_push_request(engine, &engine->free_requests, index);
}

/* Takes one step. Returns whether the request may take the next at once. */
static bool take_step(struct engine *engine, int index)
{
    struct request *request = &engine->requests[index];
    const struct step *step = &engine->in->steps[request->step];
    double time_ns =
        step->fixed_ns +
        step->time_ns * (step->draw == NONE ? 1 : request->factor[step->draw]);

    switch (step->kind) {
    case STEP_ACQUIRE:
        return group_acquire(engine, index, step->group);
    case STEP_RELEASE:
        group_release(engine, index, step->group);
        return true;
    case STEP_WAIT:
        if (time_ns > 0)
            state_add_event(engine, engine->now_ns + time_ns, EVENT_WAIT, index,
                            0);
        return !(time_ns > 0);
    case STEP_COMPUTE:
        break;
    }
    if (!(time_ns > 0))
        return true;
    int e = request->executor[step->group];
    engine->demanded_ns += time_ns;
    engine->executors[e].remaining_ns = time_ns;
    cores_compute(engine, e);
    return false;
}

/* Everything that can happen now. */
static void go_on(struct engine *engine)
{
    int index = fifo_pop_request(engine, &engine->runnable);
    for (; index != NONE; index = fifo_pop_request(engine, &engine->runnable)) {
        bool more = true;
        while (more && engine->requests[index].step < engine->in->step_count) {
            more = take_step(engine, index);
            engine->requests[index].step += more;
        }
        if (more)
            end(engine, index);
    }
}

static void next_step(struct engine *engine, int index)
{
    engine->requests[index].step++;
    fifo_push_request(engine, &engine->runnable, index);
    go_on(engine);
}

static void handle(struct engine *engine, const struct event *event)
{
    switch ((enum event_kind)event->kind) {
    case EVENT_ARRIVAL:
        if (engine->in->arrivals.kind == ARRIVE_CLOSED) {
            arrive(engine, event->subject);
        } else {
            for (int i = 0; i < engine->in->arrivals.burst; i++)
                arrive(engine, 0);
            next_instant(engine);
        }
        go_on(engine);
        break;
    case EVENT_WAIT:
        next_step(engine, event->subject);
        break;
    case EVENT_CORE: {
        int e = cores_event(engine, event);
        if (e == NONE)
            break;
        next_step(engine, engine->executors[e].request);
        cores_settle(engine, e);
        break;
    }
    case EVENT_TOKEN:
        cores_token_event(engine, event);
        break;
    case EVENT_STALL:
    case EVENT_RESUME:
        cores_stall_event(engine, event);
        break;
    }
}

static int prepare(struct engine *engine)
{
    const struct simulation *in = engine->in;
    const struct arrivals *arrivals = &in->arrivals;
    size_t requests = (size_t)in->requests;

    engine->free_requests = engine->runnable = (struct fifo){NONE, NONE};
    for (int i = 0; i < in->step_count; i++)
        if (in->steps[i].draw >= engine->draw_count)
            engine->draw_count = in->steps[i].draw + 1;
    engine->responses_ns = malloc(requests * sizeof *engine->responses_ns);
    engine->ended_at_ns = malloc(requests * sizeof *engine->ended_at_ns);
    engine->asked =
        calloc((size_t)arrivals->connections + 1, sizeof *engine->asked);
    if (!engine->responses_ns || !engine->ended_at_ns || !engine->asked ||
        group_prepare(engine) < 0 || cores_prepare(engine) < 0)
        return -ENOMEM;
    if (arrivals->kind != ARRIVE_CLOSED) {
        next_instant(engine);
        return 0;
    }
    bool pauses = arrivals->think_ns > 0 && arrivals->think_draw != NONE;
    for (int client = 0; client < arrivals->connections; client++)
        if (pauses)
            client_thinks(engine, client);
        else
            state_add_event(engine, 0, EVENT_ARRIVAL, client, 0);
    return 0;
}

int engine_run(struct engine *engine)
{
    int result = prepare(engine);

    if (result == 0 && engine->in->warmup == 0)
        begin_window(engine);
    while (result == 0 && engine->events.count > 0 &&
           (engine->in_flight > 0 || arrivals_go_on(engine))) {
        struct event event = events_take(&engine->events);
        engine->now_ns = event.at_ns;
        handle(engine, &event);
        engine->handled++;
        if (engine->in->events_most > 0 &&
            engine->handled >= engine->in->events_most)
            engine->too_many = true;
        if (engine->out_of_memory)
            result = -ENOMEM;
        else if (engine->too_many && arrivals_go_on(engine))
            result = -E2BIG;
    }
    if (engine->measured < engine->in->requests)
        end_window(engine);
    return result;
}

void engine_free(struct engine *engine)
{
    events_free(&engine->events);
    free(engine->requests);
    free(engine->executors);
    free(engine->fair.heap);
    free(engine->cores);
    free(engine->asked);
    free(engine->responses_ns);
    free(engine->ended_at_ns);
}
