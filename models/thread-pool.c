/* SPDX-License-Identifier: MIT
 *
 * W threads and any number of connections. In the wild: Tomcat, gunicorn's
 * gthread, Puma. The queue is the kernel's: all workers wait on one epoll set,
 * each takes one ready connection, reads, answers and comes back, so that a
 * request never stands behind another while a worker is free and no thread has
 * to wake another. An idle connection owns no buffer and half a request
 * occupies nobody; a worker that waits in a handler is a worker less.
 *
 * The main thread accepts, and closes what is past its deadline.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/kept.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/connection/slots.h"
#include "models/runtime/tasks/blocking.h"

enum { STACK };
static const struct parameter parameters[] = {
    [STACK] = {"stack", UNIT_BYTES, "64KiB", 32 << 10, 64 << 20, 0,
               "stack of a worker"},
    {.name = NULL},
};

enum {
    READS_MAX = 64, /* of one connection, then others get their turn */
    SWEEP_MS = 1000,
};
static const int64_t request_timeout_ns =
    SERVER_REQUEST_TIMEOUT_S * INT64_C(1000000000);
static const int64_t linger_ns = 1000000000;
static const int64_t drain_step_ns = 2000000;

/* Marks the stop among the events; no slot has this number. */
static const uint64_t stop_event = UINT64_MAX;

struct worker {
    struct slot *first, *last; /* connections that never end sending */
    struct http_connection http;
    char buffer[HTTP_HEAD_MAX];
};

static struct worker *workers;
static struct worker sweeper; /* the main thread, if it must */
static int epoll_fd, stop_fd;
static atomic_int running, timed; /* workers; slots with a deadline */

enum outcome { PARK, LATER, ENDED };

static void set_deadline(struct slot *slot, int64_t deadline_ns)
{
    int64_t before = atomic_exchange(&slot->deadline_ns, deadline_ns);
    atomic_fetch_add(&timed, (deadline_ns != 0) - (before != 0));
}

static enum outcome end(struct slot *slot)
{
    int fd = slots_fd(slot);
    if (slot->deadline_ns != 0)
        set_deadline(slot, 0);
    kept_free(slot->kept);
    slot->kept = NULL;
    slot_end(slot);
    close(fd);
    return ENDED;
}

/* Reads and forgets, so that closing does not reset the connection and take
 * the last answer with it. */
static enum outcome discard(struct slot *slot, struct worker *worker)
{
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t count = recv(slots_fd(slot), worker->buffer,
                             sizeof worker->buffer, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EINTR))
            return count < 0 && errno == EAGAIN ? PARK : end(slot);
    }
    return LATER;
}

/* After the last answer. `unread`: the client has sent or is sending more. */
static enum outcome finish(struct slot *slot, struct worker *worker,
                           bool unread)
{
    if (!unread || server_stopping())
        return end(slot);
    shutdown(slots_fd(slot), SHUT_WR);
    slot->lingering = true;
    set_deadline(slot, rt_now() + linger_ns);
    return discard(slot, worker);
}

/* Puts half a request aside. */
static enum outcome park(struct slot *slot, struct worker *worker,
                         enum outcome outcome)
{
    struct http_connection *http = &worker->http;
    if (http_idle(http)) {
        if (slot->deadline_ns != 0)
            set_deadline(slot, 0);
        return outcome;
    }
    slot->kept = kept_new(http, false);
    if (!slot->kept)
        return end(slot);
    if (slot->deadline_ns == 0)
        set_deadline(slot, rt_now() + request_timeout_ns);
    return outcome;
}

/* Reads what is there and answers what is whole. A read that gave less than
 * asked has emptied the stream, unless `eager`: more than data came, or an
 * edge while we were at it. */
static enum outcome serve_slot(struct slot *slot, struct worker *worker,
                               bool eager)
{
    struct http_connection *http = &worker->http;
    int fd = slots_fd(slot);
    if (slot->lingering)
        return discard(slot, worker);
    kept_load(slot->kept, http, worker->buffer);
    slot->kept = NULL;
    for (int reads = 0; reads < READS_MAX; reads++) {
        size_t space;
        char *at = http_space(http, &space);
        ssize_t count = recv(fd, at, space, MSG_DONTWAIT);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 && errno == EAGAIN ? park(slot, worker, PARK)
                                                : end(slot);
        http->used += (size_t)count;
        while (http_next(http)) {
            bool keep = dispatch_answer(fd, &http->request, server_stopping());
            if (!keep)
                return finish(slot, worker,
                              http->request.error || http->used > http->parsed);
            if (slot->deadline_ns != 0)
                set_deadline(slot, 0);
        }
        if ((size_t)count < space && !eager)
            return park(slot, worker, PARK);
    }
    return park(slot, worker, LATER);
}

/* Serves a connection that is this worker's until it is given back. */
static void serve_claimed(struct slot *slot, struct worker *worker, bool eager)
{
    enum outcome outcome;
    do {
        outcome = serve_slot(slot, worker, eager);
        eager = true;
    } while (outcome == PARK && !slot_release(slot));
    if (outcome != LATER)
        return;
    slot->next = NULL;
    *(worker->first ? &worker->last->next : &worker->first) = slot;
    worker->last = slot;
}

static void serve_later(struct worker *worker)
{
    struct slot *slot = worker->first;
    worker->first = slot->next;
    serve_claimed(slot, worker, true);
}

/* Passes the stop on to the next worker: it comes to one at a time. */
static void pass_stop(int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
                                .data.u64 = stop_event};
    epoll_ctl(epoll_fd, operation, stop_fd, &event);
}

/* After the stop a worker goes on until nothing is ready any more. */
static void *run(void *argument_of_thread)
{
    struct worker *worker = argument_of_thread;
    bool leaving = false;
    for (;;) {
        struct epoll_event event;
        int count =
            epoll_wait(epoll_fd, &event, 1, leaving || worker->first ? 0 : -1);
        if (count == 0 && leaving && !worker->first)
            break;
        if (count == 1 && event.data.u64 == stop_event) {
            pass_stop(EPOLL_CTL_MOD);
            if (leaving)
                break;
            leaving = true;
        } else if (count == 1) {
            struct slot *slot = slot_claim(event.data.u64);
            if (slot)
                serve_claimed(slot, worker, event.events != EPOLLIN);
        }
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
    struct slot *slot = slots_find(fd);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
    if (slot) {
        event.data.u64 = slot_begin(slot);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
            return;
        slot_end(slot);
    }
    server_refuse(fd, "the server cannot watch another connection "
                      "(fs.epoll.max_user_watches); open fewer");
}

static void accept_all(int listen_fd)
{
    int fd;
    while ((fd = server_accept(listen_fd, 0)) >= 0)
        add(fd);
    if (fd != -EAGAIN) /* short of something: not in a busy loop */
        blocking_sleep(1000000);
}

/* Ends what is past its deadline, unless a worker is at it. */
static void sweep(void)
{
    int64_t now_ns = rt_now();
    for (int i = 0; i < slots_end() && atomic_load(&timed) > 0; i++) {
        struct slot *slot = slots_find(i);
        int64_t deadline_ns = atomic_load(&slot->deadline_ns);
        if (deadline_ns == 0 || deadline_ns > now_ns || !slot_claim_idle(slot))
            continue;
        /* It may be another connection's by now, or have been met. */
        deadline_ns = atomic_load(&slot->deadline_ns);
        if (deadline_ns != 0 && deadline_ns <= now_ns)
            end(slot);
        else if (!slot_release(slot))
            serve_claimed(slot, &sweeper, true);
    }
    while (sweeper.first)
        serve_later(&sweeper);
}

/* Lets the workers finish what is ready and in flight. */
static void drain(void)
{
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;
    server_stop();
    pass_stop(EPOLL_CTL_ADD);
    while (atomic_load(&running) > 0 && rt_now() < deadline_ns)
        blocking_sleep(drain_step_ns);
}

static int serve(const struct server_config *config)
{
    struct pollfd waits[] = {{.fd = config->listen_fd, .events = POLLIN},
                             {.fd = config->stop_fd, .events = POLLIN}};
    stop_fd = config->stop_fd;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int error = epoll_fd < 0 ? -errno : slots_open();
    if (error == 0)
        error = start_workers(config);
    while (error == 0 && !waits[1].revents) {
        int count = poll(waits, 2, SWEEP_MS);
        if (count < 0 && errno != EINTR)
            error = -errno;
        else if (count > 0 && waits[0].revents)
            accept_all(config->listen_fd);
        if (atomic_load(&timed) > 0)
            sweep();
    }
    if (error == 0)
        drain();
    return error;
}

static int workers_default(void)
{
    return 2 * server_cpus() + 1;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "W threads; a ready request goes to a free one",
    .task_kind = TASK_THREAD,
    .discipline = DISCIPLINE_WORKER,
    .flags = MODEL_SHARED_MEMORY | MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .parameters = parameters,
    .workers_default = workers_default,
    .operations = &blocking_threads,
    .serve = serve,
};
