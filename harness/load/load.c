/* SPDX-License-Identifier: MIT
 *
 * Starts the generator's processes, tells them when to begin, waits for them
 * and merges their results; and the event loop that each process runs.
 *
 * Why processes and not threads: the limit of open files is per process, a
 * crash of one is noticed and does not spread, and no thread of the caller runs
 * in them. Each writes its result to a slot of its own in shared memory.
 *
 * A process has one epoll loop for its connections, a timerfd with an absolute
 * time, and the eventfd by which the caller says begin and stop. The timer is
 * set only if something is due earlier than it is armed for, so a closed loop
 * hardly ever sets it.
 *
 * The ramp opens 16 connections a millisecond, at most 512 at once, so that
 * the server's accept queue (at most 4,096 by default) does not overflow.
 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "harness/machine/meter/proc.h"
#include "harness/machine/urgency.h"
#include "mutation.h"
#include "requests.h"

enum {
    PROCESSES_MAX = 64,
    DESCRIPTORS_SPARE = 64, /* left for a process's other files */
    SOURCES_MAX = 200,
    POLL_MS = 20, /* time until a dead process is noticed */
};

static const int64_t begin_lead_ns =
    2000000; /* time for all processes to wake up */
static const int64_t end_grace_ns =
    5000000000; /* added to the longest time that a load should take */
static const int64_t time_max_ns = 86400000000000;

struct load_shared {
    struct load_control control;
    struct load_slot slots[];
};

struct load {
    const struct load_spec *spec;
    struct load_shared *shared;
    size_t shared_size;
    struct load_interval *intervals; /* of each process in turn; or NULL */
    size_t intervals_size;
    int processes;
    pid_t *pids; /* 0: reaped */
    char reason[LOAD_REASON_MAX];
    int control_fd, report_fd;
};

static int descriptors_per_process(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1024 - DESCRIPTORS_SPARE;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > 1048576)
        return 1048576 - DESCRIPTORS_SPARE;
    return (int)limit.rlim_max - DESCRIPTORS_SPARE;
}

static int refuse(char *why, size_t why_size, const char *reason)
{
    snprintf(why, why_size, "%s", reason);
    return -EINVAL;
}

static bool time_fits(int64_t ns)
{
    return ns >= 0 && ns <= time_max_ns;
}

static int check_spec(const struct load_spec *spec, char *why, size_t size)
{
    if (spec->request_count < 1 || !spec->requests)
        return refuse(why, size, "a load needs at least one request");
    if (spec->connections < 1)
        return refuse(why, size, "a load needs at least one connection");
    if (spec->window_ns <= 0 || !time_fits(spec->window_ns) ||
        !time_fits(spec->warmup_ns) || !time_fits(spec->think_ns) ||
        !time_fits(spec->connect_ns))
        return refuse(why, size,
                      "a load's window must be over 0, and its times at most "
                      "24 hours");
    if (spec->timeout_ns <= 0 || !time_fits(spec->timeout_ns))
        return refuse(why, size,
                      "the timeout must be over 0 and at most 24 hours");
    if (spec->greeting && spec->churn)
        return refuse(why, size,
                      "a WebSocket is held: churn is for requests of HTTP");
    if (spec->mode == LOAD_CLOSED && spec->greeting &&
        spec->greeting->push_ns > 0)
        return refuse(why, size,
                      "pushes come by the clock, and a closed loop does not "
                      "wait for them; give a rate");
    if (spec->mode == LOAD_CLOSED)
        return 0;
    if (spec->churn)
        return refuse(why, size, "churn is a closed loop");
    if (!(spec->rate_per_s >= 0))
        return refuse(why, size, "a rate is 0 or more");
    if (load_record_intervals(spec) > LOAD_INTERVALS_MAX)
        return refuse(why, size, "the window has too many intervals");
    return load_schedule_check(spec, why, size);
}

/* Returns how many processes to use: as many as asked for, but enough for the
 * descriptors and no more than connections. Or a negative errno. */
static int count_processes(const struct load_spec *spec, char *why,
                           size_t why_size)
{
    int each = descriptors_per_process();
    int needed =
        each < 1 ? PROCESSES_MAX + 1 : (spec->connections + each - 1) / each;
    if (needed > PROCESSES_MAX) {
        snprintf(why, why_size,
                 "%d connections need more than %d generator processes: the "
                 "hard limit of open files is %d a process; raise it (ulimit "
                 "-Hn, limits.conf) or use fewer connections",
                 spec->connections, PROCESSES_MAX, each + DESCRIPTORS_SPARE);
        return -EMFILE;
    }
    bool loopback = load_address_is_loopback4(&spec->address);
    int sources = load_pool_sources(spec->connections);
    if (sources > (loopback ? SOURCES_MAX : 1)) {
        snprintf(why, why_size,
                 "%d connections need more local ports than one pair of "
                 "addresses has (about 28,000); only towards an IPv4 "
                 "loopback address (127.x.y.z) more source addresses are used",
                 spec->connections);
        return -EADDRNOTAVAIL;
    }
    int processes = spec->processes > needed ? spec->processes : needed;
    if (processes > PROCESSES_MAX)
        processes = PROCESSES_MAX;
    return processes < spec->connections ? processes : spec->connections;
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Closes all descriptors inherited from the caller except the standard ones and
 * two more: another process may be waiting for the end of a pipe. */
static void close_others(int keep_a, int keep_b)
{
    unsigned low = (unsigned)(keep_a < keep_b ? keep_a : keep_b);
    unsigned high = (unsigned)(keep_a < keep_b ? keep_b : keep_a);
    if (low > 3)
        close_range(3, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0U, 0);
}

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
    int64_t told_ns; /* CPU time wanted of which the intervals know */
    struct load_interval *interval; /* the current one; or NULL */
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
    int64_t ramp_ns = task->spec->connect_ns;
    engine->ramp_next_ns = clock_now_ns();
    engine->ramp_end_ns =
        engine->ramp_next_ns + (ramp_ns > 0 ? ramp_ns : ramp_default_ns);
    engine->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (engine->timer_fd < 0)
        return -errno;
    int epoll_fd = engine->drive.pool.epoll_fd;
    status = watch(epoll_fd, engine->timer_fd, timer_tag);
    return status < 0 ? status : watch(epoll_fd, task->control_fd, control_tag);
}

/* Says why no connection is open at the end of the ramp. */
static void explain(struct load_drive *drive)
{
    const struct load_connection *oldest =
        drive->pool.lists[POOL_CONNECTING].head;
    if (drive->slot->error == 0)
        load_drive_reason(drive, -ETIMEDOUT,
                          oldest && oldest->greeted ? load_drive_no_handshake
                                                    : NULL);
}

/* Before the load begins: opens connections a few at a time, and reports once
 * each is open or has failed. */
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

/* Follows the caller's commands in load_control. */
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
    /* Requests due before now are sent or queued first, so that the counts
     * agree. */
    load_requests_advance(&engine->drive, now_ns);
    if (record->end_ns > now_ns)
        record->end_ns = now_ns;
    if (record->start_ns > record->end_ns)
        record->start_ns = record->end_ns;
    engine->drive.abandon_ns = now_ns + STOP_GRACE_NS;
}

/* Records the requests in flight when the window ends. BUSY connections are in
 * the order in which their requests were sent. Churn's requests that are
 * connecting are in CONNECTING. */
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
    if (drive->spec->mutation == MUTATION_DROP || !oldest)
        return;
    load_record_left(record, count, oldest->times.sent_ns,
                     record->ended - oldest->overtakes, drive->pool.count);
}

/* The CPU time that this process has used or waited for; without schedstat only
 * what it used. */
static int64_t wanted_ns(void)
{
    char text[128], *end;
    if (meter_proc_read("/proc/self/schedstat", text, sizeof text) <= 0)
        return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    int64_t used_ns = strtoll(text, &end, 10);
    return used_ns + strtoll(end, NULL, 10);
}

/* Gives the CPU time wanted until now to the interval that it was wanted in,
 * give or take a turn of the loop. */
static void mark_interval(struct engine *engine, int64_t now_ns)
{
    struct load_interval *now =
        load_record_interval(&engine->drive.record, now_ns);
    if (now == engine->interval)
        return;
    int64_t all_ns = wanted_ns();
    if (engine->interval)
        engine->interval->wanted_ns = all_ns - engine->told_ns;
    engine->told_ns = all_ns;
    engine->interval = now;
}

/* Does what is due at the window's edges. */
static void mark(struct engine *engine, int64_t now_ns)
{
    struct load_drive *drive = &engine->drive;
    struct load_record *record = &drive->record;
    struct load_result *result = &engine->task->slot->result;
    if (!engine->opened && now_ns >= record->start_ns) {
        engine->opened = true;
        engine->cpu_start_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
        result->connections_open = load_pool_open(&drive->pool);
    }
    mark_interval(engine, now_ns);
    if (!engine->closed && engine->opened && load_drive_reached(drive))
        record->end_ns = now_ns;
    if (!engine->closed && now_ns >= record->end_ns) {
        engine->closed = true;
        drive->running = false;
        result->cpu_ns =
            clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - engine->cpu_start_ns;
        result->window_start_ns = record->start_ns;
        result->window_end_ns = record->end_ns;
        load_record_in_flight(record, 0, now_ns);
        leave(engine);
    }
    if (engine->closed)
        engine->over = (record->closed || load_drive_pending(drive) == 0 ||
                        drive->spec->mutation == MUTATION_DROP) &&
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

/* Does all that is due, in an order in which nothing becomes due twice. */
static void turn(struct engine *engine)
{
    struct load_drive *drive = &engine->drive;
    int64_t now_ns = clock_now_ns();
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
        return; /* every turn reads load_control */
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
        /* A delayed process may not have read yet that the load has begun. Read
         * that before the events: pushes among them may belong to the window.
         */
        if (engine->drive.record.origin_ns == INT64_MAX)
            obey(engine, clock_now_ns());
        for (int i = 0; i < count; i++)
            handle(engine, &events[i]);
        turn(engine);
    }
    return 0;
}

/* Connects, waits for the load to begin, and drives it to its end. Leaves the
 * result in the slot. Returns 0 or a negative errno. */
static int run_engine(const struct load_task *task)
{
    struct engine engine;
    int status = engine_init(&engine, task);
    if (status == 0)
        status = loop(&engine);
    if (status < 0)
        task->slot->error = status;
    return status;
}

/* Moves to the spec's CPUs. On other CPUs the generator could disturb the
 * server. */
static int take_cpus(const struct load_task *task)
{
    const cpu_set_t *cpus = task->spec->cpus;
    if (!cpus || sched_setaffinity(0, sizeof *cpus, cpus) == 0)
        return 0;
    return task->slot->error = -errno;
}

/* The life of a generator process. */
static _Noreturn void child(const struct load_task *task, pid_t parent)
{
    child_dies_with(parent);
    child_ignore_signals();
    prctl(PR_SET_TIMERSLACK, 1);
    raise_descriptors();
    close_others(task->control_fd, task->report_fd);
    int status = take_cpus(task);
    if (task->spec->urgent)
        task->slot->result.urgent = urgency_give(0, URGENCY_GENERATOR);
    if (status == 0)
        status = run_engine(task);
    if (status == 0)
        atomic_store(&task->slot->done, 1);
    uint64_t one = 1;
    ssize_t ignored_count = write(task->report_fd, &one, sizeof one);
    (void)ignored_count;
    /* Exiting would close the connections while the caller still measures the
     * server's memory for them, so wait for load_free to kill this process. */
    if (status == 0)
        for (;;)
            pause();
    _exit(1);
}

static int allocate(struct load *load)
{
    size_t size = sizeof *load->shared +
                  (size_t)load->processes * sizeof *load->shared->slots;
    load->pids = calloc((size_t)load->processes, sizeof *load->pids);
    if (!load->pids)
        return -ENOMEM;
    load->shared = child_share(size);
    if (!load->shared)
        return -ENOMEM;
    load->shared_size = size;
    if (load->spec->interval_ns > 0) {
        size = (size_t)load->processes *
               (size_t)load_record_intervals(load->spec) *
               sizeof *load->intervals;
        load->intervals = child_share(size);
        if (!load->intervals)
            return -ENOMEM;
        load->intervals_size = size;
    }
    load->control_fd = eventfd(0, EFD_CLOEXEC);
    load->report_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return load->control_fd < 0 || load->report_fd < 0 ? -errno : 0;
}

static int fork_all(struct load *load)
{
    pid_t parent = getpid();
    for (int i = 0; i < load->processes; i++) {
        struct load_task task = {
            .spec = load->spec,
            .process = i,
            .processes = load->processes,
            .control = &load->shared->control,
            .slot = &load->shared->slots[i],
            .intervals =
                load->intervals
                    ? load->intervals + i * load_record_intervals(load->spec)
                    : NULL,
            .control_fd = load->control_fd,
            .report_fd = load->report_fd,
        };
        pid_t pid = fork();
        if (pid < 0)
            return -errno;
        if (pid == 0)
            child(&task, parent);
        load->pids[i] = pid;
    }
    return 0;
}

int load_start(const struct load_spec *spec, struct load **out, char *why,
               size_t why_size)
{
    *out = NULL;
    int status = check_spec(spec, why, why_size);
    if (status < 0)
        return status;
    status = count_processes(spec, why, why_size);
    if (status < 0)
        return status;
    struct load *load = calloc(1, sizeof *load);
    if (!load) {
        snprintf(why, why_size, "starting the load: out of memory");
        return -ENOMEM;
    }
    load->spec = spec;
    load->processes = status;
    load->control_fd = load->report_fd = -1;
    status = allocate(load);
    if (status == 0)
        status = fork_all(load);
    if (status < 0) {
        snprintf(why, why_size, "starting %d generator processes: %s",
                 load->processes, strerror(-status));
        load_free(load);
        return status;
    }
    *out = load;
    return 0;
}

static void drain_reports(const struct load *load, int wait_ms)
{
    struct pollfd report = {.fd = load->report_fd, .events = POLLIN};
    uint64_t count;
    if (poll(&report, 1, wait_ms) > 0 &&
        read(load->report_fd, &count, sizeof count) < 0)
        return; /* the caller looks at the slots anyway */
}

/* Whether a process has ended before it was done. *error gets its reason, if it
 * gave one. */
static bool any_dead(struct load *load, int *error)
{
    for (int i = 0; i < load->processes; i++) {
        if (load->pids[i] && waitpid(load->pids[i], NULL, WNOHANG) != 0)
            load->pids[i] = 0;
        if (load->pids[i] || atomic_load(&load->shared->slots[i].done))
            continue;
        *error = load->shared->slots[i].error;
        return true;
    }
    return false;
}

static int64_t control_tell(struct load *load)
{
    uint64_t one = 1;
    return write(load->control_fd, &one, sizeof one) < 0 ? -errno : 0;
}

/* Waits until every slot is ready or, with `done`, done. */
static int wait_for(struct load *load, bool done, int64_t deadline_ns)
{
    for (;;) {
        int reached = 0;
        for (int i = 0; i < load->processes; i++) {
            struct load_slot *slot = &load->shared->slots[i];
            reached += atomic_load(&slot->done) ||
                       (!done && atomic_load(&slot->ready));
        }
        if (reached == load->processes)
            return 0;
        int error = 0;
        if (any_dead(load, &error))
            return error < 0 && !done ? error : -ECHILD;
        if (clock_now_ns() > deadline_ns)
            return -ETIMEDOUT;
        if (load->spec->stop && *load->spec->stop)
            return -EINTR;
        drain_reports(load, POLL_MS);
    }
}

/* Returns 0, or why no connection is open, as the last process reported it. */
static int opened(struct load *load)
{
    int error = 0;
    for (int i = 0; i < load->processes; i++) {
        const struct load_slot *slot = &load->shared->slots[i];
        if (slot->open > 0)
            return 0;
        error = slot->error;
        memcpy(load->reason, slot->reason, sizeof load->reason);
    }
    return error;
}

const char *load_reason(const struct load *load)
{
    return load->reason[0] ? load->reason : NULL;
}

int load_opened(struct load *load)
{
    /* The processes end the ramp by themselves; the deadline is only a
     * safeguard. */
    int status = wait_for(load, false, clock_now_ns() + time_max_ns);
    if (status == 0 && !atomic_load(&load->shared->control.stop))
        status = opened(load);
    return status;
}

int64_t load_begin(struct load *load)
{
    int status = load_opened(load);
    if (status < 0)
        return status;
    return load_begin_at(load, clock_now_ns() + begin_lead_ns);
}

int64_t load_begin_at(struct load *load, int64_t begin_ns)
{
    atomic_store(&load->shared->control.begin_ns, begin_ns);
    int64_t told = control_tell(load);
    return told < 0 ? told : begin_ns + load->spec->warmup_ns;
}

void load_stop(struct load *load)
{
    atomic_store(&load->shared->control.stop, 1);
    control_tell(load);
}

static void merge(const struct load *load, struct load_result *result)
{
    memset(result, 0, sizeof *result);
    load_record_reset(load->spec, result);
    result->window_start_ns = INT64_MAX;
    for (int i = 0; i < load->processes; i++) {
        const struct load_result *from = &load->shared->slots[i].result;
        load_record_merge(result, from);
        if (from->window_start_ns < result->window_start_ns)
            result->window_start_ns = from->window_start_ns;
        if (from->window_end_ns > result->window_end_ns)
            result->window_end_ns = from->window_end_ns;
    }
    mutation_apply(load->spec->mutation, result);
    const struct load_slot *failed = load->shared->slots;
    for (int i = 1; i < load->processes && !failed->error; i++)
        failed++;
    if (!result->first_failure[0] && failed->error < 0 &&
        result->connections_open < load->spec->connections)
        snprintf(result->first_failure, sizeof result->first_failure,
                 "%d of %d connections are open: %s", result->connections_open,
                 load->spec->connections,
                 failed->reason[0] ? failed->reason : strerror(-failed->error));
}

void load_peek(const struct load *load, struct load_progress *progress)
{
    const struct load_spec *spec = load->spec;

    *progress = (struct load_progress){
        .since_begin_ns =
            clock_now_ns() - atomic_load(&load->shared->control.begin_ns)};
    histogram_reset(&progress->latency);
    for (int i = 0; i < load->processes; i++) {
        const struct load_result *from = &load->shared->slots[i].result;

        progress->answered += from->completed_in_window;
        progress->failed +=
            from->wrong + from->http_error + from->io_error + from->timeout;
        histogram_merge(&progress->latency, spec->mode == LOAD_OPEN
                                                ? &from->response
                                                : &from->service);
    }
}

int load_wait(struct load *load, struct load_result *result)
{
    const struct load_spec *spec = load->spec;
    int64_t begin_ns = atomic_load(&load->shared->control.begin_ns);
    if (!begin_ns && !atomic_load(&load->shared->control.stop))
        return -EINVAL;
    int64_t deadline_ns = (begin_ns ? begin_ns : clock_now_ns()) +
                          spec->warmup_ns + spec->window_ns + spec->timeout_ns +
                          end_grace_ns;
    int status = wait_for(load, true, deadline_ns);
    if (status == 0)
        merge(load, result);
    return status;
}

int load_wait_until(struct load *load, int64_t until_ns)
{
    return wait_for(load, true, until_ns);
}

void load_interval(const struct load *load, int index,
                   struct load_interval *interval)
{
    memset(interval, 0, sizeof *interval);
    histogram_reset(&interval->response);
    histogram_reset(&interval->punctual);
    interval->processes = load->processes;
    for (int i = 0; i < load->processes; i++)
        load_record_merge_interval(
            interval,
            &load->intervals[i * load_record_intervals(load->spec) + index]);
}

void load_free(struct load *load)
{
    if (!load)
        return;
    for (int i = 0; load->pids && i < load->processes; i++)
        if (load->pids[i])
            child_end(load->pids[i]);
    if (load->shared)
        munmap(load->shared, load->shared_size);
    if (load->intervals)
        munmap(load->intervals, load->intervals_size);
    if (load->control_fd >= 0)
        close(load->control_fd);
    if (load->report_fd >= 0)
        close(load->report_fd);
    free(load->pids);
    free(load);
}
