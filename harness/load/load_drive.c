/* SPDX-License-Identifier: MIT
 *
 * Requests on connections. A connection that breaks is opened again after a
 * pause that doubles from 1 ms to 100 ms with each failure in a row, so that
 * a dead server is neither hammered nor forgotten. In a closed loop a failed
 * attempt to connect counts as a failed request, in an open loop it fails the
 * request that has waited longest, and all that wait once no connection is
 * left that could take them.
 */
#include "load_drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    SCRATCH_BYTES = 65536,
    PENDING_MAX = 512, /* connections being opened at once, all processes */
    RAMP_ATTEMPTS = 3, /* failures before the ramp gives a connection up */
    PAUSE_MIN_NS = 1000000,
    PAUSE_MAX_NS = 100000000,
};

int load_drive_init(struct load_drive *drive, const struct load_task *task)
{
    const struct load_plan *plan = task->plan;
    *drive = (struct load_drive){
        .plan = plan,
        .process = task->process,
        .processes = task->processes,
        .slot = task->slot,
        .abandon_ns = INT64_MAX,
    };
    load_record_init(&drive->record, plan, &task->slot->result);
    int status =
        load_pool_init(&drive->pool, plan, task->process, task->processes);
    if (status < 0)
        return status;
    drive->undecided = drive->pool.count;
    drive->scratch = malloc(SCRATCH_BYTES);
    drive->references =
        calloc((size_t)plan->request_count, sizeof *drive->references);
    if (!drive->scratch || !drive->references)
        return -ENOMEM;
    for (int i = 0; i < plan->request_count; i++)
        drive->references[i].request = &plan->requests[i];
    if (plan->mode == LOAD_CLOSED)
        return 0;
    return load_schedule_make(plan, task->process, task->processes,
                              &drive->schedule);
}

void load_drive_begin(struct load_drive *drive, int64_t origin_ns)
{
    const struct load_plan *plan = drive->plan;
    drive->running = true;
    drive->record.origin_ns = origin_ns;
    drive->record.start_ns = origin_ns + plan->warmup_ns;
    drive->record.end_ns = drive->record.start_ns + plan->window_ns;
    if (plan->mode == LOAD_OPEN)
        return;
    double step_ns = (double)plan->warmup_ns / 2 / plan->connections;
    struct load_pool *pool = &drive->pool;
    for (int i = 0; i < pool->count; i++) {
        struct load_connection *connection = &pool->all[i];
        if (connection->state != POOL_FREE)
            continue;
        int number = load_pool_number(pool, connection);
        connection->due_ns = origin_ns + (int64_t)(step_ns * number);
        load_pool_move(pool, connection, POOL_STARTING);
    }
}

static void note_failure(struct load_drive *drive, const char *what)
{
    struct load_result *result = &drive->slot->result;
    if (result->first_failure[0])
        return;
    char address[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &drive->plan->address.sin_addr, address, sizeof address);
    snprintf(result->first_failure, sizeof result->first_failure, "%s:%d: %s",
             address, ntohs(drive->plan->address.sin_port), what);
}

static void decide(struct load_drive *drive, struct load_connection *connection)
{
    if (!connection->decided)
        drive->undecided--;
    connection->decided = true;
}

/* Closes and opens again: at once after a whole answer, else after a pause. */
static void reopen(struct load_drive *drive, struct load_connection *connection)
{
    load_pool_close(connection);
    if (connection->failures == 0) {
        load_pool_move(&drive->pool, connection, POOL_WANTED);
        return;
    }
    int doublings = connection->failures < 8 ? connection->failures - 1 : 7;
    int64_t pause_ns = (int64_t)PAUSE_MIN_NS << doublings;
    if (pause_ns > PAUSE_MAX_NS)
        pause_ns = PAUSE_MAX_NS;
    connection->due_ns = load_now() + pause_ns;
    if (connection->due_ns < drive->pool.paused_until_ns)
        drive->pool.paused_until_ns = connection->due_ns;
    load_pool_move(&drive->pool, connection, POOL_PAUSED);
}

/* The request on this connection failed, and the connection with it. */
static void fail(struct load_drive *drive, struct load_connection *connection,
                 enum load_outcome outcome, const char *words)
{
    connection->times.done_ns = load_now();
    load_record_in_flight(&drive->record, -1, connection->times.done_ns);
    if (load_record_end(&drive->record, outcome, &connection->times))
        note_failure(drive, words);
    load_response_drop(&connection->response);
    connection->failures++;
    reopen(drive, connection);
}

static void fail_errno(struct load_drive *drive,
                       struct load_connection *connection, int error)
{
    char words[128];
    snprintf(words, sizeof words, "the connection broke: %s", strerror(-error));
    fail(drive, connection, OUTCOME_RESET, words);
}

/* Requests waiting for a connection, the first `count` of them, fail. */
static void fail_queued(struct load_drive *drive, size_t count,
                        enum load_outcome outcome, const char *words)
{
    int64_t now_ns = load_now();
    for (; count > 0 && drive->taken < drive->arrived; count--) {
        struct load_times times = {
            .intended_ns = drive->record.origin_ns +
                           drive->schedule.due_ns[drive->taken++],
            .sent_ns = now_ns,
            .done_ns = now_ns,
        };
        if (load_record_end(&drive->record, outcome, &times))
            note_failure(drive, words);
    }
}

static void connect_failed(struct load_drive *drive,
                           struct load_connection *connection, int error)
{
    char words[128];
    snprintf(words, sizeof words, "cannot connect: %s%s", strerror(-error),
             error == -EADDRNOTAVAIL ? " (out of local ports)" : "");
    drive->slot->error = error;
    connection->failures++;
    if (!connection->decided && connection->failures >= RAMP_ATTEMPTS)
        decide(drive, connection);
    reopen(drive, connection);
    if (drive->plan->mode == LOAD_OPEN) {
        fail_queued(drive, load_pool_none_left(&drive->pool) ? SIZE_MAX : 1,
                    OUTCOME_CONNECT, words);
        return;
    }
    int64_t now_ns = load_now();
    struct load_times times = {now_ns, now_ns, now_ns};
    if (load_record_end(&drive->record, OUTCOME_CONNECT, &times))
        note_failure(drive, words);
}

static void send_request(struct load_drive *drive,
                         struct load_connection *connection, uint64_t number,
                         int64_t intended_ns, int64_t now_ns)
{
    const struct load_plan *plan = drive->plan;
    uint64_t whole =
        (uint64_t)drive->process + number * (uint64_t)drive->processes;
    struct load_reference *reference =
        &drive->references[whole % (uint64_t)plan->request_count];
    connection->times.intended_ns = intended_ns;
    connection->times.sent_ns = now_ns;
    connection->due_ns = intended_ns + plan->timeout_ns;
    connection->written = 0;
    load_pool_move(&drive->pool, connection, POOL_BUSY);
    load_record_in_flight(&drive->record, 1, now_ns);
    load_response_begin(&connection->response, reference);
    int status = load_pool_write(connection);
    if (status < 0)
        fail_errno(drive, connection, status);
}

/* Open loop: the request that has waited longest takes a free connection. */
static void send_queued(struct load_drive *drive, bool was_free)
{
    struct load_connection *connection = drive->pool.lists[POOL_FREE].head;
    if (!connection || drive->taken == drive->arrived)
        return;
    uint64_t number = drive->taken++;
    if (drive->plan->mutation == MUTATION_SLOW)
        load_mutation_dawdle();
    int64_t now_ns = load_now();
    struct load_times times = {
        .intended_ns = drive->record.origin_ns + drive->schedule.due_ns[number],
        .sent_ns = now_ns,
    };
    if (was_free)
        load_record_free_lag(&drive->record, &times);
    if (drive->plan->mutation == MUTATION_FROM_SENT)
        times.intended_ns = now_ns;
    load_record_sent(&drive->record, now_ns);
    send_request(drive, connection, number, times.intended_ns, now_ns);
}

/* A closed loop asks until the window's end, even if that is noticed late. */
static bool asking(const struct load_drive *drive, int64_t now_ns)
{
    return drive->plan->mode == LOAD_CLOSED && drive->running &&
           now_ns < drive->record.end_ns;
}

/* An open connection has nothing to do. */
static void send_next(struct load_drive *drive,
                      struct load_connection *connection, int64_t now_ns)
{
    if (!asking(drive, now_ns)) {
        load_pool_move(&drive->pool, connection, POOL_FREE);
        send_queued(drive, false);
    } else if (drive->plan->think_ns > 0 && connection->was_open) {
        connection->due_ns = now_ns + drive->plan->think_ns;
        load_pool_move(&drive->pool, connection, POOL_THINKING);
    } else {
        send_request(drive, connection, drive->sent++, now_ns, now_ns);
    }
}

static const enum load_outcome outcomes[] = {
    [ANSWER_MORE] = OUTCOME_RESET,          [ANSWER_OK] = OUTCOME_OK,
    [ANSWER_WRONG] = OUTCOME_WRONG,         [ANSWER_STATUS] = OUTCOME_STATUS,
    [ANSWER_MALFORMED] = OUTCOME_MALFORMED,
};

/* An answer has ended, well or badly. `ended`: so has the stream. */
static void finish(struct load_drive *drive, struct load_connection *connection,
                   enum load_answer answer, bool ended)
{
    char words[128];
    if (answer == ANSWER_MORE || answer == ANSWER_MALFORMED) {
        load_response_words(&connection->response, answer, words, sizeof words);
        fail(drive, connection, outcomes[answer], words);
        return;
    }
    int64_t now_ns = load_now();
    connection->times.done_ns = now_ns;
    connection->failures = 0;
    load_record_in_flight(&drive->record, -1, now_ns);
    if (load_record_end(&drive->record, outcomes[answer], &connection->times) &&
        answer != ANSWER_OK && !drive->slot->result.first_failure[0]) {
        load_response_words(&connection->response, answer, words, sizeof words);
        note_failure(drive, words);
    }
    load_response_drop(&connection->response);
    if (connection->response.keep_alive && !ended)
        send_next(drive, connection, now_ns);
    else
        reopen(drive, connection);
    if (drive->plan->mode == LOAD_OPEN)
        load_drive_advance(drive, now_ns); /* not only after a whole batch */
}

static void stream_ended(struct load_drive *drive,
                         struct load_connection *connection, int error)
{
    if (connection->state != POOL_BUSY)
        reopen(drive, connection); /* an idle one: nobody's request is lost */
    else if (error)
        fail_errno(drive, connection, error);
    else
        finish(drive, connection, load_response_end(&connection->response),
               true);
}

/* With edges, the socket must be read until it is known to be empty: a read
 * that did not fill the buffer tells, unless the end of the stream waits
 * behind it. */
static void read_answer(struct load_drive *drive,
                        struct load_connection *connection, bool ended)
{
    uint32_t generation = connection->generation;
    for (;;) {
        ssize_t count = recv(connection->fd, drive->scratch, SCRATCH_BYTES, 0);
        if (count <= 0) {
            if (count < 0 && errno == EINTR)
                continue;
            if (count == 0 || errno != EAGAIN)
                stream_ended(drive, connection, count ? -errno : 0);
            return;
        }
        if (drive->record.origin_ns != INT64_MAX)
            drive->slot->result.bytes_read += (uint64_t)count;
        if (connection->state != POOL_BUSY) {
            connection->failures++; /* it talks without being asked */
            reopen(drive, connection);
            return;
        }
        enum load_answer answer = load_response_feed(
            &connection->response, drive->scratch, (size_t)count);
        if (answer != ANSWER_MORE)
            finish(drive, connection, answer, ended);
        if (connection->generation != generation ||
            (count < SCRATCH_BYTES && !ended))
            return;
    }
}

static void connected(struct load_drive *drive,
                      struct load_connection *connection)
{
    decide(drive, connection);
    bool first = !connection->was_open;
    int64_t now_ns = load_now();
    connection->was_open = true;
    if (!first && load_record_in_window(&drive->record, now_ns))
        drive->slot->result.reopened++;
    if (first && asking(drive, now_ns))
        send_request(drive, connection, drive->sent++, now_ns, now_ns);
    else
        send_next(drive, connection, now_ns);
}

void load_drive_event(struct load_drive *drive,
                      struct load_connection *connection, uint32_t events)
{
    if (connection->state == POOL_CONNECTING) {
        int status = load_pool_connected(connection);
        if (status == 0 && !(events & EPOLLOUT))
            return;
        if (status < 0) {
            connect_failed(drive, connection, status);
            return;
        }
        connected(drive, connection);
    }
    if (connection->fd < 0)
        return;
    bool ended = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if ((events & EPOLLOUT) && connection->state == POOL_BUSY &&
        connection->written < connection->response.reference->request->size) {
        int status = load_pool_write(connection);
        if (status < 0 && !ended) {
            fail_errno(drive, connection, status);
            return;
        }
    }
    if ((events & EPOLLIN) || ended)
        read_answer(drive, connection, ended);
}

void load_drive_connect(struct load_drive *drive, int limit)
{
    struct load_pool *pool = &drive->pool;
    int pending_max = PENDING_MAX / drive->processes;
    if (pending_max < 1)
        pending_max = 1;
    for (; limit > 0; limit--) {
        struct load_connection *connection = pool->lists[POOL_WANTED].head;
        if (!connection || pool->lists[POOL_CONNECTING].count >= pending_max)
            return;
        connection->due_ns = load_now() + drive->plan->timeout_ns;
        load_pool_move(pool, connection, POOL_CONNECTING);
        int status = load_pool_connect(pool, connection);
        if (status < 0)
            connect_failed(drive, connection, status);
        else if (status > 0)
            connected(drive, connection);
    }
}

static void send_due(struct load_drive *drive, enum load_state state,
                     int64_t now_ns)
{
    struct load_list *list = &drive->pool.lists[state];
    while (list->head && list->head->due_ns <= now_ns) {
        int64_t sent_ns = load_now();
        if (!asking(drive, sent_ns))
            return;
        send_request(drive, list->head, drive->sent++, sent_ns, sent_ns);
    }
}

static int64_t next_arrival_ns(const struct load_drive *drive)
{
    if (drive->record.origin_ns == INT64_MAX ||
        drive->arrived == drive->schedule.count)
        return INT64_MAX;
    int64_t due_ns =
        drive->record.origin_ns + drive->schedule.due_ns[drive->arrived];
    return due_ns < drive->record.end_ns ? due_ns : INT64_MAX;
}

void load_drive_advance(struct load_drive *drive, int64_t now_ns)
{
    if (drive->plan->mode == LOAD_CLOSED) {
        send_due(drive, POOL_STARTING, now_ns);
        send_due(drive, POOL_THINKING, now_ns);
        return;
    }
    int64_t due_ns;
    while ((due_ns = next_arrival_ns(drive)) <= now_ns) {
        bool alone = drive->arrived++ == drive->taken;
        if (drive->plan->mutation == MUTATION_SKIP &&
            !drive->pool.lists[POOL_FREE].head) {
            drive->taken++;
            continue;
        }
        if (due_ns >= drive->record.start_ns)
            drive->slot->result.scheduled++;
        send_queued(drive, alone);
    }
}

static void expire_queued(struct load_drive *drive, int64_t now_ns)
{
    while (drive->taken < drive->arrived &&
           (now_ns >= drive->abandon_ns ||
            drive->record.origin_ns + drive->schedule.due_ns[drive->taken] +
                    drive->plan->timeout_ns <=
                now_ns))
        fail_queued(drive, 1, OUTCOME_TIMEOUT,
                    "timed out while waiting for a free connection");
}

void load_drive_expire(struct load_drive *drive, int64_t now_ns)
{
    struct load_list *busy = &drive->pool.lists[POOL_BUSY];
    while (busy->head &&
           (busy->head->due_ns <= now_ns || now_ns >= drive->abandon_ns))
        fail(drive, busy->head, OUTCOME_TIMEOUT,
             "no answer within the timeout");
    struct load_list *connecting = &drive->pool.lists[POOL_CONNECTING];
    while (connecting->head && connecting->head->due_ns <= now_ns)
        connect_failed(drive, connecting->head, -ETIMEDOUT);
    expire_queued(drive, now_ns);
    load_pool_wake(&drive->pool, now_ns);
}

int64_t load_drive_next_ns(const struct load_drive *drive)
{
    static const enum load_state timed[] = {POOL_CONNECTING, POOL_STARTING,
                                            POOL_THINKING, POOL_BUSY};
    int64_t next_ns = drive->pool.paused_until_ns;
    if (drive->abandon_ns < next_ns)
        next_ns = drive->abandon_ns;
    for (size_t i = 0; i < sizeof timed / sizeof *timed; i++) {
        const struct load_connection *head = drive->pool.lists[timed[i]].head;
        if (head && head->due_ns < next_ns)
            next_ns = head->due_ns;
    }
    if (drive->plan->mode == LOAD_CLOSED)
        return next_ns;
    int64_t arrival_ns = next_arrival_ns(drive);
    if (arrival_ns < next_ns)
        next_ns = arrival_ns;
    if (drive->taken < drive->arrived) {
        int64_t late_ns = drive->record.origin_ns +
                          drive->schedule.due_ns[drive->taken] +
                          drive->plan->timeout_ns;
        if (late_ns < next_ns)
            next_ns = late_ns;
    }
    return next_ns;
}

uint64_t load_drive_pending(const struct load_drive *drive)
{
    const struct load_result *result = &drive->slot->result;
    return result->scheduled - result->ok - result->wrong - result->http_error -
           result->io_error - result->timeout;
}
