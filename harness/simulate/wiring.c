/* SPDX-License-Identifier: MIT */
#include "wiring.h"

#include <errno.h>

/* Groups that are not there are NONE. */
enum { NONE = -1 };

struct groups {
    int carrier, pool, dispatcher, backend;
};

static int add_group(struct simulation *simulation, struct group group)
{
    simulation->groups[simulation->group_count] = group;
    return simulation->group_count++;
}

/* CPU time of one place: what varies, and what does not. */
struct piece {
    double varied_ns, fixed_ns;
};

static void add(struct simulation *simulation, enum step_kind kind, int group,
                double time_ns, int draw)
{
    simulation->steps[simulation->step_count++] =
        (struct step){kind, group, time_ns, draw, 0};
}

static void add_work(struct simulation *simulation, int group,
                     struct piece piece)
{
    simulation->steps[simulation->step_count++] = (struct step){
        STEP_COMPUTE, group, piece.varied_ns, WIRING_DRAW_WORK, piece.fixed_ns};
}

static void acquire(struct simulation *simulation, int group)
{
    add(simulation, STEP_ACQUIRE, group, 0, NONE);
}

static void release(struct simulation *simulation, int group)
{
    add(simulation, STEP_RELEASE, group, 0, NONE);
}

/* Work by an executor that is taken for it alone. */
static void compute_apart(struct simulation *simulation, int group,
                          struct piece piece)
{
    acquire(simulation, group);
    add_work(simulation, group, piece);
    release(simulation, group);
}

static void compute(struct simulation *simulation, const struct groups *groups,
                    bool held, struct piece piece)
{
    if (held)
        add_work(simulation, groups->carrier, piece);
    else
        compute_apart(simulation, groups->carrier, piece);
}

/* A call. Its way holds nothing of the backend, whose capacity would be lower
 * otherwise than it is. */
static void wait(struct simulation *simulation, const struct groups *groups,
                 double time_ns, double path_ns)
{
    if (groups->backend == NONE) {
        add(simulation, STEP_WAIT, 0, time_ns, WIRING_DRAW_WAIT);
        return;
    }
    acquire(simulation, groups->backend);
    add(simulation, STEP_WAIT, 0, time_ns - path_ns, WIRING_DRAW_WAIT);
    release(simulation, groups->backend);
    add(simulation, STEP_WAIT, 0, path_ns, WIRING_DRAW_WAIT);
}

static struct groups add_groups(struct simulation *simulation,
                                const struct wiring *wiring)
{
    bool loop = wiring->discipline == DISCIPLINE_LOOP;
    bool alone = wiring->discipline == DISCIPLINE_ALONE;
    struct groups groups = {NONE, NONE, NONE, NONE};

    groups.carrier =
        add_group(simulation, (struct group){
                                  .executors = alone ? 1 : wiring->executors,
                                  .split = loop && !wiring->shared,
                                  .resumed_first = wiring->resumed_first,
                                  .token = wiring->token,
                              });
    if (wiring->offload_executors > 0)
        groups.pool = add_group(
            simulation, (struct group){.executors = wiring->offload_executors,
                                       .token = wiring->token});
    if (wiring->dispatch_ns > 0)
        groups.dispatcher = add_group(
            simulation, (struct group){.executors = 1, .token = wiring->token});
    if (wiring->backend_servers > 0)
        groups.backend = add_group(
            simulation, (struct group){.executors = wiring->backend_servers});
    return groups;
}

int wiring_apply(struct simulation *simulation, const struct demand *demand,
                 const struct wiring *wiring)
{
    bool held = wiring->discipline != DISCIPLINE_LOOP;
    bool limited = wiring->discipline == DISCIPLINE_WORKER ||
                   wiring->discipline == DISCIPLINE_LOOP;
    int calls = demand->wait_ns > 0 ? demand->calls : 0;
    enum { STEPS_PER_CALL = 7, STEPS_BESIDE = 16 };

    if (calls < 0 || (demand->wait_ns > 0 && calls < 1) ||
        calls > (SIMULATION_STEPS - STEPS_BESIDE) / STEPS_PER_CALL ||
        (limited && wiring->executors < 1))
        return -EINVAL;
    struct groups groups = add_groups(simulation, wiring);
    simulation->draws[WIRING_DRAW_WORK] = demand->compute;
    simulation->draws[WIRING_DRAW_WAIT] = demand->wait;

    if (groups.dispatcher != NONE)
        compute_apart(simulation, groups.dispatcher,
                      (struct piece){0, wiring->dispatch_ns});
    if (held)
        acquire(simulation, groups.carrier);
    struct piece before = {demand->before_ns, demand->before_fixed_ns};
    struct piece between = {demand->between_ns, demand->between_fixed_ns};
    struct piece offloaded = {demand->offloaded_ns, 0};
    for (int i = 0; i < calls; i++) {
        compute(simulation, &groups, held, i == 0 ? before : between);
        wait(simulation, &groups, demand->wait_ns / calls,
             demand->call_path_ns / calls);
    }
    if (demand->offloaded_ns > 0 && groups.pool != NONE)
        compute_apart(simulation, groups.pool, offloaded);
    else if (demand->offloaded_ns > 0)
        compute(simulation, &groups, held, offloaded);
    compute(simulation, &groups, held,
            (struct piece){demand->after_ns, demand->after_fixed_ns});
    if (held)
        release(simulation, groups.carrier);
    if (demand->path_ns > 0)
        add(simulation, STEP_WAIT, 0, demand->path_ns, NONE);
    return 0;
}
