/* SPDX-License-Identifier: MIT
 *
 * Executors on cores. While nobody waits for a core, whoever runs has it for
 * the whole piece of work; the ends of quanta, and ticks, become events only
 * when somebody waits, so that a long piece costs one event and not one for
 * each quantum.
 */
#include "cores.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "draw.h"
#include "fair.h"

enum { DRAW_STALL = 2000 };

static void push(struct engine *engine, struct fifo *fifo, int e)
{
    struct executor *executor = &engine->executors[e];
    executor->next = NONE;
    executor->previous = fifo->last;
    if (fifo->last == NONE)
        fifo->first = e;
    else
        engine->executors[fifo->last].next = e;
    fifo->last = e;
}

static void take_out(struct engine *engine, struct fifo *fifo, int e)
{
    struct executor *executor = &engine->executors[e];
    if (executor->previous == NONE)
        fifo->first = executor->next;
    else
        engine->executors[executor->previous].next = executor->next;
    if (executor->next == NONE)
        fifo->last = executor->previous;
    else
        engine->executors[executor->next].previous = executor->previous;
}

static int pop(struct engine *engine, struct fifo *fifo)
{
    int e = fifo->first;
    if (e != NONE)
        take_out(engine, fifo, e);
    return e;
}

static bool is_fair(const struct engine *engine)
{
    return engine->in->order == ORDER_FAIR;
}

static bool somebody_ready(const struct engine *engine)
{
    return is_fair(engine) ? engine->fair.ready > 0
                           : engine->ready.first != NONE;
}

static void push_ready(struct engine *engine, int e)
{
    if (is_fair(engine))
        fair_push(engine, e);
    else
        push(engine, &engine->ready, e);
}

static int pop_ready(struct engine *engine)
{
    return is_fair(engine) ? fair_take(engine) : pop(engine, &engine->ready);
}

static double fresh_slice_ns(const struct engine *engine)
{
    if (is_fair(engine))
        return engine->in->slice_ns;
    double quantum_ns = engine->in->quantum_ns;
    return quantum_ns > 0 ? quantum_ns : INFINITY;
}

/* Charges what has run since the last look. */
static void charge(struct engine *engine, struct core *core)
{
    double ran_ns = engine->now_ns - core->since_ns;
    core->since_ns = engine->now_ns;
    if (core->executor == NONE || core->stalled || ran_ns <= 0)
        return;
    struct executor *executor = &engine->executors[core->executor];
    executor->remaining_ns -= ran_ns;
    if (executor->remaining_ns < 0)
        executor->remaining_ns = 0;
    executor->slice_ns -= ran_ns;
    engine->computed_ns += ran_ns;
    if (is_fair(engine)) {
        fair_ran(engine, core->executor, ran_ns);
        return;
    }
    /* A quantum that ended while nobody waited was followed by another. */
    double quantum_ns = fresh_slice_ns(engine);
    if (executor->slice_ns < 0)
        executor->slice_ns = quantum_ns - fmod(-executor->slice_ns, quantum_ns);
}

/* For how long an executor runs on, from now, if others are ready: to the end
 * of its quantum, or to the first tick that finds its slice used up. INFINITY:
 * its piece of work ends before. */
static double turn_ns(const struct engine *engine,
                      const struct executor *executor)
{
    double tick_ns = engine->in->tick_ns, now_ns = engine->now_ns;

    if (!is_fair(engine))
        return executor->slice_ns;
    if (tick_ns <= 0 || isinf(tick_ns) ||
        executor->slice_ns >= executor->remaining_ns)
        return INFINITY;
    double used_up_ns = now_ns + fmax(executor->slice_ns, 0);
    double at_ns = ceil(used_up_ns / tick_ns) * tick_ns;
    return at_ns > now_ns ? at_ns - now_ns : at_ns + tick_ns - now_ns;
}

/* Sets the event of a core that runs. */
static void schedule(struct engine *engine, int c)
{
    struct core *core = &engine->cores[c];
    const struct executor *executor = &engine->executors[core->executor];
    core->version++;
    if (core->stalled)
        return;
    double left_ns =
        somebody_ready(engine) ? turn_ns(engine, executor) : INFINITY;
    core->sliced = left_ns < executor->remaining_ns;
    state_add_event(engine,
                    core->since_ns +
                        (core->sliced ? left_ns : executor->remaining_ns),
                    EVENT_CORE, c, core->version);
}

static void place(struct engine *engine, int c, int e)
{
    struct core *core = &engine->cores[c];
    core->executor = e;
    core->since_ns = engine->now_ns;
    core->settling = core->interrupted = false;
    engine->executors[e].core = c;
    engine->executors[e].slice_ns = fresh_slice_ns(engine);
    schedule(engine, c);
}

/* The core is without an executor: it takes the next one that is ready. */
static void take_next(struct engine *engine, int c)
{
    engine->cores[c].executor = NONE;
    if (engine->cores[c].stalled)
        return;
    int e = pop_ready(engine);
    if (e != NONE)
        place(engine, c, e);
}

/* Who runs there makes way for the next. */
static void turn_out(struct engine *engine, int c)
{
    int e = engine->cores[c].executor;

    engine->executors[e].core = NONE;
    push_ready(engine, e);
    take_next(engine, c);
}

/* Somebody waits now: those that run do so for the rest of their quantum. */
static void slice_all(struct engine *engine)
{
    for (int c = 0; c < engine->in->cores; c++) {
        struct core *core = &engine->cores[c];
        if (core->executor == NONE || core->stalled || core->sliced)
            continue;
        charge(engine, core);
        const struct executor *executor = &engine->executors[core->executor];
        if (turn_ns(engine, executor) < executor->remaining_ns)
            schedule(engine, c);
    }
}

/* An exponential time of this mean. */
static double stall_time_ns(struct engine *engine, double mean_ns)
{
    return mean_ns *
           draw_exponential(engine->in->seed, engine->stalls++, DRAW_STALL);
}

/* Draws until when the core goes on as it does: stands still, or does not. */
static void draw_change(struct engine *engine, int c)
{
    double share = engine->in->stall_share, stall_ns = engine->in->stall_ns;
    bool stalled = engine->cores[c].stalled;
    double mean_ns = stalled ? stall_ns : stall_ns * (1 - share) / share;

    state_add_event(engine, engine->now_ns + stall_time_ns(engine, mean_ns),
                    stalled ? EVENT_RESUME : EVENT_STALL, c, 0);
}

/* Leaves the stalls of an idle core undrawn, from now on: else a quiet server
 * would cost an event for each of them. */
static void rest(struct engine *engine, int c)
{
    engine->cores[c].dormant = true;
    engine->cores[c].known_ns = engine->now_ns;
}

/* A core that rests is wanted. Whether it stands still is drawn from what was
 * known: it changes to and fro after exponential times, and so forgets what it
 * was as exp(-t / (stall_ns (1 - share))). What is left of the time until it
 * changes is exponential, too. */
static void rouse(struct engine *engine, int c)
{
    double share = engine->in->stall_share;
    struct core *core = &engine->cores[c];

    if (!core->dormant)
        return;
    double kept = exp((core->known_ns - engine->now_ns) /
                      (engine->in->stall_ns * (1 - share)));
    double stands = share + (core->stalled - share) * kept;
    core->dormant = false;
    core->stalled =
        draw_uniform(engine->in->seed, engine->stalls++, DRAW_STALL) < stands;
    draw_change(engine, c);
}

/* The core whose executor has had most, or NONE. */
static int furthest(const struct engine *engine)
{
    int found = NONE;
    double most_ns = -INFINITY;

    for (int c = 0; c < engine->in->cores; c++) {
        const struct core *core = &engine->cores[c];
        if (core->executor == NONE || core->stalled ||
            engine->executors[core->executor].core != c)
            continue; /* idle, still, or about to be left */
        double had_ns = engine->executors[core->executor].virtual_ns +
                        engine->now_ns - core->since_ns;
        if (had_ns > most_ns) {
            most_ns = had_ns;
            found = c;
        }
    }
    return found;
}

/* An executor woke, and is ready. Where one runs that has used up its slice, or
 * that has had more than the mean while the woken one is next, the next takes
 * its core. */
static void interrupt(struct engine *engine, int woken)
{
    int c = furthest(engine);

    if (c == NONE)
        return;
    struct core *core = &engine->cores[c];
    charge(engine, core);
    bool used_up = engine->executors[core->executor].slice_ns <= 0;
    if (!used_up &&
        !(fair_ahead(engine, core->executor) && fair_least(engine) == woken))
        return;
    if (core->settling)
        core->interrupted = true;
    else
        turn_out(engine, c);
}

static void make_ready(struct engine *engine, int e)
{
    if (is_fair(engine))
        fair_wake(engine, e);
    for (int c = 0; c < engine->in->cores; c++) {
        rouse(engine, c);
        if (engine->cores[c].executor == NONE && !engine->cores[c].stalled) {
            place(engine, c, e);
            return;
        }
    }
    bool first = !somebody_ready(engine);
    push_ready(engine, e);
    if (is_fair(engine))
        interrupt(engine, e);
    if (first && (is_fair(engine) || engine->in->quantum_ns > 0))
        slice_all(engine);
}

/* An executor that computed, or was ready to, waits. That of a group without a
 * limit has ended with its request; the next one is new. */
static void leave(struct engine *engine, int e)
{
    const struct executor *executor = &engine->executors[e];
    bool ended = executor->request == NONE &&
                 engine->in->groups[executor->group].executors == 0;

    if (is_fair(engine))
        fair_sleep(engine, e, ended);
}

static bool needs_token(const struct engine *engine, int e)
{
    return engine->in->groups[engine->executors[e].group].token;
}

static void watch_token(struct engine *engine)
{
    engine->token_version++;
    if (engine->in->token_ns > 0 && engine->token_queue.first != NONE)
        state_add_event(engine, engine->now_ns + engine->in->token_ns,
                        EVENT_TOKEN, 0, engine->token_version);
}

void cores_compute(struct engine *engine, int e)
{
    if (engine->executors[e].core != NONE)
        return; /* cores_settle lets it go on */
    if (needs_token(engine, e) && engine->token != e) {
        if (engine->token != NONE) {
            bool first = engine->token_queue.first == NONE;
            push(engine, &engine->token_queue, e);
            if (first)
                watch_token(engine);
            return;
        }
        engine->token = e;
    }
    make_ready(engine, e);
}

static void hand_token_on(struct engine *engine)
{
    engine->token = pop(engine, &engine->token_queue);
    watch_token(engine);
    if (engine->token != NONE)
        make_ready(engine, engine->token);
}

int cores_event(struct engine *engine, const struct event *event)
{
    struct core *core = &engine->cores[event->subject];
    if (event->version != core->version || core->executor == NONE)
        return NONE;
    int e = core->executor;
    bool sliced = core->sliced;
    charge(engine, core);
    if (!sliced) {
        engine->executors[e].remaining_ns = 0;
        core->settling = true;
        return e;
    }
    core->sliced = false;
    if (!somebody_ready(engine)) {
        if (!is_fair(engine))
            engine->executors[e].slice_ns = fresh_slice_ns(engine);
        schedule(engine, event->subject);
        return NONE;
    }
    turn_out(engine, event->subject);
    return NONE;
}

void cores_settle(struct engine *engine, int e)
{
    struct executor *executor = &engine->executors[e];
    int c = executor->core;
    bool interrupted = engine->cores[c].interrupted;
    engine->cores[c].settling = engine->cores[c].interrupted = false;
    if (executor->remaining_ns > 0) {
        if (interrupted)
            turn_out(engine, c);
        else
            schedule(engine, c);
        return;
    }
    executor->core = NONE;
    leave(engine, e);
    if (engine->token == e)
        hand_token_on(engine);
    take_next(engine, c);
}

void cores_token_event(struct engine *engine, const struct event *event)
{
    int e = engine->token;
    if (event->version != engine->token_version || e == NONE)
        return;
    int c = engine->executors[e].core;
    if (c == NONE) {
        if (is_fair(engine))
            fair_withdraw(engine, e);
        else
            take_out(engine, &engine->ready, e);
    } else {
        charge(engine, &engine->cores[c]);
        engine->cores[c].version++;
        engine->executors[e].core = NONE;
        engine->cores[c].executor = NONE;
    }
    leave(engine, e);
    push(engine, &engine->token_queue, e);
    if (c != NONE)
        take_next(engine, c);
    hand_token_on(engine);
}

void cores_stall_event(struct engine *engine, const struct event *event)
{
    int c = event->subject;
    struct core *core = &engine->cores[c];

    charge(engine, core);
    core->stalled = event->kind == EVENT_STALL;
    core->version++;
    if (core->executor == NONE)
        take_next(engine, c);
    else if (!core->stalled)
        schedule(engine, c);
    if (core->executor == NONE)
        rest(engine, c);
    else
        draw_change(engine, c);
}

int cores_prepare(struct engine *engine)
{
    engine->cores = calloc((size_t)engine->in->cores, sizeof *engine->cores);
    if (!engine->cores)
        return -ENOMEM;
    engine->ready = engine->token_queue = (struct fifo){NONE, NONE};
    engine->token = NONE;
    for (int c = 0; c < engine->in->cores; c++) {
        engine->cores[c].executor = NONE;
        if (engine->in->stall_share > 0)
            rest(engine, c);
    }
    return 0;
}

void cores_look(struct engine *engine)
{
    for (int c = 0; c < engine->in->cores; c++)
        charge(engine, &engine->cores[c]);
}
