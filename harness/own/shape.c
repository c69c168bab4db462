/* SPDX-License-Identifier: MIT
 *
 * What is told needs a figure that the other models cannot have: a thread for
 * most connections, a process for most connections, or several requests at once
 * in one process whose CPU time is one thread's. Else nothing is told.
 */
#include "shape.h"

#include <math.h>
#include <stdio.h>

/* Several requests are in flight if many connections bring so many times the
 * rate of one. */
static const double GROWS = 1.5;

/* A share of the CPU time that makes the work one thread's: of two that share
 * it, either has about half, and an interpreter has helpers that take some. */
static const double ONE_THREAD = 0.7;

/* Of a request's time, from which on its waits tell serial from others. */
static const double WAITS = 0.5;

static void tell(struct shape *shape, const char *model, int workers,
                 const char *format, int a, int b, int connections)
{
    shape->model = model;
    shape->workers = workers;
    snprintf(shape->why, sizeof shape->why, format, a, b, connections);
}

/* One process, whose threads do not grow. More requests at once than it has
 * threads are a loop's, whose helpers may hide which thread does the work; so
 * one loop is not told from several. */
static void tell_one(const struct shape_facts *f, struct shape *shape)
{
    double growth = f->per_s_many / f->per_s_one;
    double waits = 1 - f->cpu_ns / f->response_ns;

    if (waits >= WAITS && growth < 1.2) {
        shape->model = "serial";
        snprintf(shape->why, sizeof shape->why,
                 "%d connections bring %.2f x the rate of one, though a "
                 "request waits: one at a time",
                 f->connections, growth);
    } else if (growth >= GROWS * f->threads_many) {
        shape->model = "event-loop";
        snprintf(shape->why, sizeof shape->why,
                 "%d connections bring %.1f x the rate of one, more than its "
                 "%d threads could: a loop, or several (--model "
                 "event-loop-per-core)",
                 f->connections, growth, f->threads_many);
    } else if (growth >= GROWS && f->hot_share >= ONE_THREAD) {
        shape->model = "event-loop";
        snprintf(shape->why, sizeof shape->why,
                 "%d connections bring %.1f x the rate of one, and one thread "
                 "uses %.0f %% of its CPU time",
                 f->connections, growth, fmin(100, 100 * f->hot_share));
    } else {
        snprintf(shape->why, sizeof shape->why,
                 "neither processes nor threads grow with the connections, and "
                 "nothing else tells a loop from a pool");
    }
}

void shape_tell(const struct shape_facts *f, struct shape *shape)
{
    int processes = f->processes_many - f->processes_one;
    int threads = f->threads_many - f->threads_one;
    int half = f->connections / 2;
    double growth = f->per_s_many / f->per_s_one;
    /* Processes that only start others use no CPU time. */
    bool spread = f->processes_one > 2 && f->hot_share < ONE_THREAD;

    *shape = (struct shape){.model = NULL};
    if (f->processes_one < 1 || f->threads_one < 1)
        snprintf(shape->why, sizeof shape->why, "its processes are not seen");
    else if (f->connections < 8)
        snprintf(shape->why, sizeof shape->why,
                 "fewer than 8 connections tell no model");
    else if (processes >= half)
        tell(shape, "process-per-request", 0,
             "%d processes with one connection, %d with %d", f->processes_one,
             f->processes_many, f->connections);
    else if (threads >= half)
        tell(shape, "thread-per-connection", 0,
             "%d threads with one connection, %d with %d", f->threads_one,
             f->threads_many, f->connections);
    else if (f->closes)
        snprintf(shape->why, sizeof shape->why,
                 "its connections end with each answer, so whatever serves "
                 "them comes and goes");
    else if (spread && growth >= GROWS * (f->processes_one - 1))
        tell(shape, "process-loops", f->processes_one - 1,
             "%d processes, %d with %d connections, and more requests at once "
             "than that",
             f->processes_one, f->processes_many, f->connections);
    else if (spread)
        tell(shape, "process-pool", f->processes_one - 1,
             "%d processes, %d with %d connections, and no more requests at "
             "once than that",
             f->processes_one, f->processes_many, f->connections);
    else if (threads >= 2)
        tell(shape, "thread-pool", threads,
             "%d threads with one connection, and no more than %d with %d",
             f->threads_one, f->threads_many, f->connections);
    else
        tell_one(f, shape);
}
