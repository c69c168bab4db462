/* SPDX-License-Identifier: MIT
 *
 * Ready executors and those in debt are in one heap of two children a node. V
 * is a sum over a count, which each change moves on. The sum carries the
 * rounding of every addition along (D. E. Knuth, The Art of Computer
 * Programming, vol. 2, 4.2.2, theorem B), so that V of one executor is its
 * virtual time to the last bit, and not chance decides who is next.
 *
 * When nobody is left, virtual times begin at 0 again.
 */
#include "fair.h"

#include <errno.h>
#include <math.h>

#include "harness/base/grow.h"

static const double MILLIONTH = 1e-6;

int fair_grow(struct engine *engine)
{
    int *grown =
        grow_by_one(engine->fair.heap, engine->executor_count, sizeof *grown);
    if (!grown)
        return -ENOMEM;
    engine->fair.heap = grown;
    return 0;
}

static bool before(const struct executor *a, const struct executor *b)
{
    return a->virtual_ns < b->virtual_ns ||
           (a->virtual_ns == b->virtual_ns && a->entered < b->entered);
}

static void put(struct engine *engine, int place, int e)
{
    engine->fair.heap[place] = e;
    engine->executors[e].place = place;
}

/* Sets the executor at this place or above it. */
static void rise(struct engine *engine, int at, int e)
{
    const int *heap = engine->fair.heap;

    while (at > 0) {
        int parent = (at - 1) / 2;
        if (!before(&engine->executors[e], &engine->executors[heap[parent]]))
            break;
        put(engine, at, heap[parent]);
        at = parent;
    }
    put(engine, at, e);
}

/* Sets the executor at this place or below it. */
static void sink(struct engine *engine, int at, int e)
{
    const int *heap = engine->fair.heap;
    int count = engine->fair.count;

    for (int child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && before(&engine->executors[heap[child + 1]],
                                        &engine->executors[heap[child]]))
            child++;
        if (!before(&engine->executors[heap[child]], &engine->executors[e]))
            break;
        put(engine, at, heap[child]);
        at = child;
    }
    put(engine, at, e);
}

static void push(struct engine *engine, int e)
{
    engine->executors[e].entered = engine->fair.entered++;
    rise(engine, engine->fair.count++, e);
}

static void take_out(struct engine *engine, int e)
{
    int at = engine->executors[e].place;
    int last = engine->fair.heap[--engine->fair.count];

    engine->executors[e].place = NONE;
    if (last == e)
        return;
    if (at > 0 && before(&engine->executors[last],
                         &engine->executors[engine->fair.heap[(at - 1) / 2]]))
        rise(engine, at, last);
    else
        sink(engine, at, last);
}

static void add(struct fair *fair, double ns)
{
    double sum = fair->sum_ns + ns, of_it = sum - fair->sum_ns;

    fair->rounded_ns += (fair->sum_ns - (sum - of_it)) + (ns - of_it);
    fair->sum_ns = sum;
}

double fair_mean_ns(const struct engine *engine)
{
    const struct fair *fair = &engine->fair;
    double running_ns = 0; /* that those who run are not charged with yet */

    if (fair->contenders == 0)
        return 0;
    for (int c = 0; c < engine->in->cores; c++) {
        const struct core *core = &engine->cores[c];
        if (core->executor != NONE && !core->stalled)
            running_ns += engine->now_ns - core->since_ns;
    }
    return (fair->sum_ns + fair->rounded_ns + running_ns) / fair->contenders;
}

void fair_ran(struct engine *engine, int e, double ran_ns)
{
    double before_ns = engine->executors[e].virtual_ns;
    double after_ns = before_ns + ran_ns;

    engine->executors[e].virtual_ns = after_ns;
    /* What was added after rounding; this difference has none of its own. */
    if (fabs(before_ns) >= ran_ns) {
        add(&engine->fair, after_ns - before_ns);
        return;
    }
    add(&engine->fair, after_ns);
    add(&engine->fair, -before_ns);
}

void fair_wake(struct engine *engine, int e)
{
    struct fair *fair = &engine->fair;
    struct executor *executor = &engine->executors[e];
    double mean_ns = fair_mean_ns(engine);
    double from_ns = mean_ns;

    if (executor->indebted) {
        take_out(engine, e);
        executor->indebted = false;
        from_ns = fmax(executor->virtual_ns, mean_ns);
        add(fair, -executor->virtual_ns);
    } else {
        /* With it among them V is as far ahead of it as it was before. */
        int n = fair->contenders++;
        if (n > 0)
            from_ns -= executor->credit_ns * (n + 1) / n;
    }
    executor->virtual_ns = from_ns;
    executor->credit_ns = 0;
    add(fair, from_ns);
    fair->awake++;
}

void fair_push(struct engine *engine, int e)
{
    push(engine, e);
    engine->fair.ready++;
}

static void forgive(struct engine *engine, int e)
{
    take_out(engine, e);
    engine->executors[e].indebted = false;
    add(&engine->fair, -engine->executors[e].virtual_ns);
    engine->fair.contenders--;
}

int fair_least(struct engine *engine)
{
    struct fair *fair = &engine->fair;

    if (fair->ready == 0)
        return NONE;
    while (engine->executors[fair->heap[0]].indebted)
        forgive(engine, fair->heap[0]);
    return fair->heap[0];
}

int fair_take(struct engine *engine)
{
    int e = fair_least(engine);

    if (e != NONE)
        fair_withdraw(engine, e);
    return e;
}

void fair_withdraw(struct engine *engine, int e)
{
    take_out(engine, e);
    engine->fair.ready--;
}

static double most_credit_ns(const struct engine *engine)
{
    return fmax(2 * engine->in->slice_ns, engine->in->tick_ns);
}

void fair_sleep(struct engine *engine, int e, bool ended)
{
    struct fair *fair = &engine->fair;
    struct executor *executor = &engine->executors[e];
    double lag_ns = fair_mean_ns(engine) - executor->virtual_ns;

    executor->credit_ns = 0;
    fair->awake--;
    if (lag_ns < 0 && !ended && fair->awake > 0) {
        executor->indebted = true;
        push(engine, e);
        return;
    }
    if (lag_ns > 0 && !ended)
        executor->credit_ns = fmin(lag_ns, most_credit_ns(engine));
    add(fair, -executor->virtual_ns);
    fair->contenders--;
    if (fair->awake > 0)
        return;
    while (fair->count > 0)
        forgive(engine, fair->heap[fair->count - 1]);
    fair->sum_ns = fair->rounded_ns = 0;
}

bool fair_ahead(const struct engine *engine, int e)
{
    return engine->executors[e].virtual_ns >
           fair_mean_ns(engine) + MILLIONTH * engine->in->slice_ns;
}
