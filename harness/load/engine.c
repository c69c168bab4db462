/* SPDX-License-Identifier: MIT
 *
 * One epoll loop per generator process: connections, one timerfd armed at an
 * absolute time, and the eventfd by which the caller says begin and stop. The
 * timer is set again only when something is due earlier than it is armed for;
 * a closed loop therefore hardly ever sets it.
 *
 * The ramp opens 16 connections a millisecond, at most 512 at once, so that a
 * server's accept queue (4,096 at the most by default) is not overrun.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "requests.h"

enum {
    EVENTS_MAX = 128,
    RAMP_STEP_NS = 1000000,
    RAMP_BATCH = 16,
    STOP_GRACE_NS = 1000000000,
};

static const uint64_t timer_tag = UINT64_MAX;
static const uint64_t control_tag = UINT64_MAX - 1;
static const int64_t ramp_default_ns = INT64_C(10000000000);

struct engine {
    const struct load_task *task;
    struct load_drive drive;
    int timer_fd;
    int64_t armed_ns;
    int64_t ramp_end_ns, ramp_next_ns;
    int64_t cpu_start_ns;
    bool ready, opened, closed, over;
};

static int watch(int epoll_fd, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = tag};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void report(const struct load_task *task)
{
    uint64_t one = 1;
    while (write(task->report_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static int engine_init(struct engine *engine, const struct load_task *task)
{
    *engine = (struct engine){.task = task, .armed_ns = INT64_MAX};
    int status = load_drive_init(&engine->drive, task);
    if (status < 0)
        return status;
    int64_t ramp_ns = task->plan->connect_ns;
    engine->ramp_next_ns = load_now();
    engine->ramp_end_ns =
        engine->ramp_next_ns + (ramp_ns > 0 ? ramp_ns : ramp_default_ns);
    engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (engine->timer_fd < 0)
        return -errno;
    int epoll_fd = engine->drive.pool.epoll_fd;
    status = watch(epoll_fd, engine->timer_fd, timer_tag);
    return status < 0 ? status : watch(epoll_fd, task->control_fd, control_tag);
}

/* No connection is open, and the ramp is over. */
static void explain(struct load_drive *drive)
{
    const struct load_connection *oldest =
        drive->pool.lists[POOL_CONNECTING].head;
    if (drive->slot->error == 0)
        load_drive_reason(drive, -ETIMEDOUT,
                          oldest && oldest->greeted ? load_drive_no_handshake
                                                    : NULL);
}

/* Before the beginning: opens connections gently, and says when all are
 * decided. */
static void ramp(struct engine *engine, int64_t now_ns)
{
    struct load_drive *drive = &engine->drive;
    if (now_ns >= engine->ramp_next_ns) {
        load_requests_open(drive, RAMP_BATCH);
        engine->ramp_next_ns = now_ns + RAMP_STEP_NS;
    }
    if (engine->ready || (drive->undecided > 0 && now_ns < engine->ramp_end_ns))
        return;
    engine->ready = true;
    engine->task->slot->open = load_pool_open(&drive->pool);
    if (engine->task->slot->open == 0)
        explain(drive);
    atomic_store(&engine->task->slot->ready, 1);
    report(engine->task);
}

/* Looks at what the caller has said. */
static void obey(struct engine *engine, int64_t now_ns)
{
    const struct load_control *control = engine->task->control;
    struct load_record *record = &engine->drive.record;
    int64_t begin_ns = atomic_load(&control->begin_ns);
    if (begin_ns && record->origin_ns == INT64_MAX)
        load_drive_begin(&engine->drive, begin_ns);
    if (!atomic_load(&control->stop) || engine->drive.abandon_ns != INT64_MAX)
        return;
    if (record->origin_ns == INT64_MAX)
        engine->over = true;
    /* What was due before now is let in first, so that counts agree. */
    load_requests_advance(&engine->drive, now_ns);
    if (record->end_ns > now_ns)
        record->end_ns = now_ns;
    if (record->start_ns > record->end_ns)
        record->start_ns = record->end_ns;
    engine->drive.abandon_ns = now_ns + STOP_GRACE_NS;
}

/* What is still out when the window ends. The busy are in the order in which
 * they were sent, and so are those of churn that are connecting. */
static void leave(struct engine *engine)
{
    struct load_drive *drive = &engine->drive;
    struct load_record *record = &drive->record;
    const struct load_connection *each, *oldest;
    int count = drive->pool.lists[POOL_BUSY].count;
    oldest = drive->pool.lists[POOL_BUSY].head;
    for (each = drive->pool.lists[POOL_CONNECTING].head; each;
         each = each->next) {
        count += each->asked || each->again;
        if ((each->asked || each->again) &&
            (!oldest || each->times.sent_ns < oldest->times.sent_ns))
            oldest = each;
    }
    if (drive->plan->mutation == MUTATION_DROP || oldest == NULL)
        return;
    load_record_left(record, count, oldest->times.sent_ns,
                     record->ended - oldest->overtakes, drive->pool.count);
}

/* The edges of the window. */
static void mark(struct engine *engine, int64_t now_ns)
{
    struct load_drive *drive = &engine->drive;
    struct load_record *record = &drive->record;
    struct load_result *result = &engine->task->slot->result;
    if (!engine->opened && now_ns >= record->start_ns) {
        engine->opened = true;
        engine->cpu_start_ns = load_cpu_now();
        result->connections_open = load_pool_open(&drive->pool);
    }
    if (!engine->closed && engine->opened && load_drive_reached(drive))
        record->end_ns = now_ns;
    if (!engine->closed && now_ns >= record->end_ns) {
        engine->closed = true;
        drive->running = false;
        result->cpu_ns = load_cpu_now() - engine->cpu_start_ns;
        result->window_start_ns = record->start_ns;
        result->window_end_ns = record->end_ns;
        load_record_in_flight(record, 0, now_ns);
        leave(engine);
    }
    if (engine->closed)
        engine->over = (record->closed || load_drive_pending(drive) == 0 ||
                        drive->plan->mutation == MUTATION_DROP) &&
                       !load_drive_owed(drive, now_ns);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static void arm(struct engine *engine)
{
    const struct load_drive *drive = &engine->drive;
    int64_t next_ns = load_requests_next_ns(drive);
    if (!engine->opened)
        next_ns = earlier(next_ns, drive->record.start_ns);
    if (!engine->closed)
        next_ns = earlier(next_ns, drive->record.end_ns);
    else
        next_ns = earlier(next_ns, load_drive_patience_ns(drive));
    if (drive->record.origin_ns == INT64_MAX) {
        if (drive->pool.lists[POOL_WANTED].count > 0)
            next_ns = earlier(next_ns, engine->ramp_next_ns);
        if (!engine->ready)
            next_ns = earlier(next_ns, engine->ramp_end_ns);
    }
    if (next_ns >= engine->armed_ns)
        return;
    engine->armed_ns = next_ns;
    struct itimerspec at = {
        .it_value = {next_ns / 1000000000, next_ns % 1000000000}};
    timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* All that is due, in an order in which nothing is due twice. */
static void turn(struct engine *engine)
{
    struct load_drive *drive = &engine->drive;
    int64_t now_ns = load_now();
    obey(engine, now_ns);
    load_requests_advance(drive, now_ns);
    load_requests_expire(drive, now_ns);
    if (drive->record.origin_ns == INT64_MAX)
        ramp(engine, now_ns);
    else
        load_requests_open(drive, drive->pool.count);
    mark(engine, now_ns);
    if (!engine->over)
        arm(engine);
}

static void handle(struct engine *engine, const struct epoll_event *event)
{
    struct load_drive *drive = &engine->drive;
    if (event->data.u64 == timer_tag) {
        engine->armed_ns = INT64_MAX;
        return;
    }
    if (event->data.u64 == control_tag)
        return; /* every turn looks at it */
    struct load_connection *connection =
        load_pool_find(&drive->pool, event->data.u64);
    if (connection)
        load_requests_event(drive, connection, event->events);
}

static int loop(struct engine *engine)
{
    struct epoll_event events[EVENTS_MAX];
    turn(engine);
    while (!engine->over) {
        int count =
            epoll_wait(engine->drive.pool.epoll_fd, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR)
            return -errno;
        /* What servers send by themselves may have come in the window, by now,
         * of which a process that was kept waiting has not yet heard. */
        if (engine->drive.record.origin_ns == INT64_MAX)
            obey(engine, load_now());
        for (int i = 0; i < count; i++)
            handle(engine, &events[i]);
        turn(engine);
    }
    return 0;
}

int load_engine_run(const struct load_task *task)
{
    struct engine engine;
    int status = engine_init(&engine, task);
    if (status == 0)
        status = loop(&engine);
    if (status < 0)
        task->slot->error = status;
    return status;
}
