/* SPDX-License-Identifier: MIT
 *
 * W threads and any number of connections. In the wild: Tomcat, gunicorn's
 * gthread, Puma. A request's life:
 *
 *   accept -> idle in the epoll set that all workers wait on
 *          -> readable: one worker claims the connection
 *          -> the worker reads, and parses a whole request
 *          -> the handler runs in the worker, which waits where it waits
 *          -> the answer is written
 *          -> the connection is released, idle again
 *
 * The kernel's epoll set is the queue. So a request never waits behind another
 * while a worker is free, and no thread has to wake another. An idle connection
 * owns no buffer, and half a request occupies no worker; but a worker that
 * waits in a handler serves nobody else. The main thread accepts, and ends
 * connections that are past their deadline.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/connection/slots.h"
#include "models/runtime/tasks/blocking.h"

enum { STACK };
static const struct parameter parameters[] = {
    [STACK] = {"stack", UNIT_BYTES, "64KiB", 32 << 10, 64 << 20, 0,
               "stack of a worker"},
    {.name = NULL},
};

enum { SWEEP_MS = 1000 };
static const int64_t drain_step_ns = 2000000;

struct worker {
    struct slot *first, *last; /* connections that gave up their turn */
    struct wire_hand hand;
};

static struct worker *workers;
static struct worker sweeper; /* the main thread's, for sweep() */
static atomic_int running;    /* workers */

/* Serves a connection that this worker owns, until the worker gives it back. */
static void serve_claimed(struct slot *slot, struct worker *worker)
{
    struct wire *wire = &slot->wire;
    enum wire_want want;
    do {
        while ((want = wire_run(wire, &worker->hand)) == WIRE_REQUEST)
            wire_answered(wire, dispatch_answer(wire->fd, &wire->http->request,
                                                server_stopping()));
    } while (want == WIRE_READ && !slot_release(slot));
    if (want == WIRE_CLOSED)
        slot_end(slot);
    if (want != WIRE_AGAIN)
        return;
    slot->next = NULL;
    *(worker->first ? &worker->last->next : &worker->first) = slot;
    worker->last = slot;
}

static void serve_later(struct worker *worker)
{
    struct slot *slot = worker->first;
    worker->first = slot->next;
    serve_claimed(slot, worker);
}

/* A worker's life. After the stop it lasts until no connection is ready.
 */
static void *run(void *argument_of_thread)
{
    struct worker *worker = argument_of_thread;
    bool leaving = false;
    for (;;) {
        struct slot *slot;
        bool waits = !leaving && !worker->first;
        enum slots_event event = slots_wait(waits ? -1 : 0, &slot);
        if (leaving &&
            (event == SLOTS_STOP || (event == SLOTS_NOTHING && !worker->first)))
            break;
        if (event == SLOTS_STOP)
            leaving = true;
        if (slot)
            serve_claimed(slot, worker);
        if (worker->first)
            serve_later(worker);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static int start_workers(const struct server_config *config)
{
    pthread_attr_t attributes;
    int error = blocking_thread_attributes(&attributes,
                                           argument(&config->arguments, STACK));
    if (error < 0)
        return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    workers = calloc((size_t)config->workers, sizeof *workers);
    if (!workers)
        error = -ENOMEM;
    for (int i = 0; i < config->workers && error == 0; i++) {
        pthread_t thread;
        atomic_fetch_add(&running, 1);
        error = -pthread_create(&thread, &attributes, run, &workers[i]);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

static void add(int fd)
{
    if (slots_add(fd) < 0)
        server_refuse(fd, SERVER_NO_WATCH);
}

/* Ends connections that are past their deadline and that no worker owns. */
static void sweep(void)
{
    int64_t now_ns = rt_now();
    struct slot *slot;
    for (int at = 0; (slot = slots_overdue(&at, now_ns));) {
        if (slot->wire.deadline_ns <= now_ns)
            slot_end(slot);
        else
            serve_claimed(slot, &sweeper);
    }
    while (sweeper.first)
        serve_later(&sweeper);
}

/* Lets the workers finish the requests that are ready or in flight. */
static void drain(int stop_fd)
{
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;
    server_stop();
    slots_watch_stop(stop_fd);
    while (atomic_load(&running) > 0 && rt_now() < deadline_ns)
        blocking_sleep(drain_step_ns);
}

static int serve(const struct server_config *config)
{
    int error = slots_open();
    if (error == 0)
        error = start_workers(config);
    if (error == 0)
        error = server_accept_until_stop(config, add, SWEEP_MS, sweep);
    if (error == 0)
        drain(config->stop_fd);
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "W threads; a ready request goes to a free one",
    .task_kind = TASK_THREAD,
    .discipline = DISCIPLINE_WORKER,
    .flags = MODEL_SHARED_MEMORY | MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .parameters = parameters,
    .workers_default = server_blocking_workers,
    .operations = &blocking_threads,
    .serve = serve,
};
