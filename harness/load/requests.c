/* SPDX-License-Identifier: MIT
 *
 * A request is sent at once, after a pause, or when the schedule says so. Its
 * connection is opened, written to, read and, if need be, opened again.
 *
 * The number of connections being opened at once is limited, so that the
 * server's accept queue does not overflow. Churn has no such limit once it
 * runs: opening connections is its load, and there are never more than the
 * spec's.
 */
#include "requests.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { PENDING_MAX = 512 }; /* connections being opened, all processes */

static void open_one(struct load_drive *drive,
                     struct load_connection *connection);
static void open_at_once(struct load_drive *drive,
                         struct load_connection *connection);
static bool send_elsewhere(struct load_drive *drive,
                           struct load_connection *connection);
static void broken(struct load_drive *drive, struct load_connection *connection,
                   int error);

/* Writes a request to an open connection. connection->times is set already. */
static void put(struct load_drive *drive, struct load_connection *connection,
                struct load_reference *reference)
{
    connection->times.class = reference->request->class;
    connection->due_ns =
        connection->times.intended_ns + drive->spec->timeout_ns;
    connection->written = 0;
    load_pool_move(&drive->pool, connection, POOL_BUSY);
    load_response_begin(&connection->response, reference);
    int status = load_pool_write(connection);
    if (status < 0 && !send_elsewhere(drive, connection))
        broken(drive, connection, status);
}

/* Sends the process's request number `number` on an open connection. */
static void send_request(struct load_drive *drive,
                         struct load_connection *connection, uint64_t number,
                         int64_t intended_ns, int64_t now_ns)
{
    connection->times = (struct load_times){
        .intended_ns = intended_ns,
        .sent_ns = now_ns,
    };
    connection->overtakes = drive->record.ended;
    connection->resent = false;
    drive->begun++;
    load_record_in_flight(&drive->record, 1, now_ns);
    put(drive, connection, load_drive_reference(drive, number));
}

/* Churn: called when the connection of a request that has begun is established.
 */
static void send_connected(struct load_drive *drive,
                           struct load_connection *connection, int64_t now_ns)
{
    connection->asked = false;
    connection->times.connected_ns = now_ns;
    put(drive, connection, load_drive_reference(drive, drive->sent++));
}

/* Sends a request once more, on a new connection, after the server closed the
 * old one without an answer. The request's clock keeps running. */
static void send_again(struct load_drive *drive,
                       struct load_connection *connection)
{
    connection->again = false;
    connection->resent = true;
    put(drive, connection, connection->response.reference);
}

static void delay_send(void)
{
    struct timespec pause = {.tv_nsec = MUTATION_SLOW_NS};
    nanosleep(&pause, NULL);
}

/* Open loop: sends the request that has waited longest on a free connection.
 * `was_free`: no request was waiting when it became due. */
static void send_queued(struct load_drive *drive, bool was_free)
{
    struct load_connection *connection = drive->pool.lists[POOL_FREE].head;
    if (!connection || drive->taken == drive->arrived)
        return;
    uint64_t number = drive->taken++;
    if (drive->spec->mutation == MUTATION_SLOW)
        delay_send();
    int64_t now_ns = clock_now_ns();
    struct load_times times = {
        .intended_ns = drive->record.origin_ns + drive->schedule.due_ns[number],
        .sent_ns = now_ns,
    };
    if (was_free)
        load_record_free_lag(&drive->record, &times);
    if (drive->spec->mutation == MUTATION_FROM_SENT)
        times.intended_ns = now_ns;
    load_record_sent(&drive->record, now_ns);
    send_request(drive, connection, number, times.intended_ns, now_ns);
    if (was_free)
        connection->times.late_ns = now_ns - times.intended_ns;
}

/* Whether a closed loop's beginning is set but has not come. */
static bool begins_later(const struct load_drive *drive, int64_t now_ns)
{
    return drive->spec->mode == LOAD_CLOSED && !drive->spec->slices &&
           drive->running && now_ns < drive->record.origin_ns;
}

/* Decides what an idle connection does next. The connection is open; with
 * churn, closed. */
static void send_next(struct load_drive *drive,
                      struct load_connection *connection, int64_t now_ns)
{
    if (begins_later(drive, now_ns)) {
        load_drive_start(drive, connection);
    } else if (!load_drive_asks(drive, now_ns)) {
        load_drive_rest(drive, connection, now_ns);
        send_queued(drive, false);
    } else if (drive->spec->think_ns > 0 && connection->was_open) {
        connection->due_ns = now_ns + drive->spec->think_ns;
        load_pool_move(&drive->pool, connection, POOL_THINKING);
    } else if (drive->spec->churn) {
        open_one(drive, connection);
    } else {
        send_request(drive, connection, drive->sent++, now_ns, now_ns);
    }
}

/* Closed loop: sends on the connections in this state whose due time has come.
 */
static void send_due(struct load_drive *drive, enum load_state state,
                     int64_t now_ns)
{
    struct load_list *list = &drive->pool.lists[state];
    while (list->head && list->head->due_ns <= now_ns) {
        int64_t sent_ns = clock_now_ns();
        if (!load_drive_asks(drive, sent_ns)) {
            load_drive_rest(drive, list->head, sent_ns);
        } else if (drive->spec->churn) {
            load_pool_close(list->head); /* opened by the ramp */
            open_one(drive, list->head);
        } else {
            send_request(drive, list->head, drive->sent++, sent_ns, sent_ns);
        }
    }
}

/* Begins to open a closed connection. With churn, a request begins with it
 * while the loop may send. */
static void open_one(struct load_drive *drive,
                     struct load_connection *connection)
{
    int64_t now_ns = clock_now_ns();
    connection->due_ns = now_ns + drive->spec->timeout_ns;
    connection->asked = drive->spec->churn && load_drive_asks(drive, now_ns);
    if (connection->asked) {
        connection->times = (struct load_times){
            .intended_ns = now_ns,
            .sent_ns = now_ns,
        };
        connection->overtakes = drive->record.ended;
        drive->begun++;
        load_record_in_flight(&drive->record, 1, now_ns);
    }
    open_at_once(drive, connection);
}

/* Returns 1 if the handshake has been answered, 0 if not yet, or a negative
 * errno with the reason in `why`. The bytes stay in the socket (MSG_PEEK) until
 * the whole head has arrived, so that no frame after it is consumed. */
static int greeting_answered(struct load_drive *drive,
                             struct load_connection *connection, char *why,
                             size_t size)
{
    char head[LOAD_SOCKET_HEAD_MAX];
    ssize_t count = recv(connection->fd, head, sizeof head, MSG_PEEK);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (count == 0)
        return -ECONNRESET;
    int length = load_socket_judge(drive->spec->greeting, head, (size_t)count,
                                   why, size);
    if (length <= 0)
        return length;
    return recv(connection->fd, head, (size_t)length, 0) == length ? 1 : -EIO;
}

/* Called when a connection is open. */
static void opened(struct load_drive *drive, struct load_connection *connection)
{
    load_drive_decide(drive, connection);
    bool first = !connection->was_open;
    int64_t now_ns = clock_now_ns();
    connection->was_open = true;
    if (connection->asked) {
        send_connected(drive, connection, now_ns);
        return;
    }
    if (!first && load_record_in_window(&drive->record, now_ns))
        drive->slot->result.reopened++;
    if (connection->again) {
        send_again(drive, connection);
        return;
    }
    if (drive->spec->churn && load_drive_asks(drive, now_ns)) {
        /* Opened for the ramp, so no request has begun with it. */
        load_pool_close(connection);
        open_one(drive, connection);
    } else if (first && load_drive_asks(drive, now_ns)) {
        send_request(drive, connection, drive->sent++, now_ns, now_ns);
    } else {
        send_next(drive, connection, now_ns);
    }
}

/* Handles epoll's events for a connection that is being opened. If the spec has
 * a greeting, the connection is open once that has been answered. */
static void opening_event(struct load_drive *drive,
                          struct load_connection *connection, uint32_t events)
{
    const struct load_greeting *greeting = drive->spec->greeting;
    char why[128] = "";
    int status = 1;
    if (!connection->greeted) {
        status = load_pool_connected(connection);
        if (status == 0 && !(events & EPOLLOUT))
            return;
        status = status < 0 ? status : !greeting;
        if (status == 0)
            status = load_pool_greet(connection, greeting, clock_now_ns());
    } else {
        status = greeting_answered(drive, connection, why, sizeof why);
    }
    if (status < 0)
        load_drive_fail_connect(drive, connection, status, why[0] ? why : NULL);
    else if (status > 0)
        opened(drive, connection);
}

/* Opens a connection for any purpose; its due_ns is set already. */
static void open_at_once(struct load_drive *drive,
                         struct load_connection *connection)
{
    load_pool_move(&drive->pool, connection, POOL_CONNECTING);
    int status = load_pool_connect(&drive->pool, connection);
    if (status < 0)
        load_drive_fail_connect(drive, connection, status, NULL);
    else if (status > 0)
        opening_event(drive, connection, EPOLLOUT);
}

/* Called when a connection ends while its request waits for an answer. A server
 * may have closed a kept connection just when the request was sent. If that is
 * possible (no byte of an answer has come, the request is idempotent and was
 * sent only once), sends the request on another connection (RFC 9112,
 * section 9.3.1). Returns whether it did. */
static bool send_elsewhere(struct load_drive *drive,
                           struct load_connection *connection)
{
    const struct load_request *request =
        connection->response.reference->request;
    if (!connection->kept || connection->resent || request->unsafe ||
        drive->spec->greeting || load_response_started(&connection->response))
        return false;
    if (load_record_in_window(&drive->record, clock_now_ns()))
        drive->slot->result.resent++;
    load_response_drop(&connection->response);
    load_pool_close(connection);
    connection->again = true;
    open_at_once(drive, connection);
    return true;
}

/* Fails the connection's request because of `error`, a negative errno.
 */
static void broken(struct load_drive *drive, struct load_connection *connection,
                   int error)
{
    char words[128];
    snprintf(words, sizeof words, "the connection broke: %s", strerror(-error));
    load_drive_fail(drive, connection, OUTCOME_RESET, words);
}

void load_requests_open(struct load_drive *drive, int limit)
{
    struct load_pool *pool = &drive->pool;
    int pending_max = PENDING_MAX / drive->processes;
    if (drive->spec->churn && drive->running)
        pending_max = pool->count;
    if (pending_max < 1)
        pending_max = 1;
    for (; limit > 0; limit--) {
        struct load_connection *connection = pool->lists[POOL_WANTED].head;
        if (!connection || pool->lists[POOL_CONNECTING].count >= pending_max)
            return;
        open_one(drive, connection);
    }
}

static const enum load_outcome outcomes[] = {
    [ANSWER_MORE] = OUTCOME_RESET,          [ANSWER_OK] = OUTCOME_OK,
    [ANSWER_WRONG] = OUTCOME_WRONG,         [ANSWER_STATUS] = OUTCOME_STATUS,
    [ANSWER_MALFORMED] = OUTCOME_MALFORMED,
};

/* Checks the body of a right answer that ended at `now_ns`, if it was kept. */
static enum load_answer check_body(struct load_drive *drive,
                                   struct load_connection *connection,
                                   int64_t now_ns)
{
    bool checked;
    if (!connection->response.reference->request->check)
        return ANSWER_OK;
    enum load_answer answer =
        load_response_check(&connection->response, &checked);
    if (checked && load_record_in_window(&drive->record, now_ns))
        drive->slot->result.checked++;
    return answer;
}

/* Called when an answer has ended, well or badly. `ended`: the stream has ended
 * too. */
static void answered(struct load_drive *drive,
                     struct load_connection *connection,
                     enum load_answer answer, bool ended)
{
    char words[128];
    if (answer == ANSWER_MORE || answer == ANSWER_MALFORMED) {
        load_response_words(&connection->response, answer, words, sizeof words);
        load_drive_fail(drive, connection, outcomes[answer], words);
        return;
    }
    int64_t now_ns = clock_now_ns();
    connection->times.done_ns = now_ns;
    connection->failures = 0;
    connection->kept = true;
    load_record_in_flight(&drive->record, -1, now_ns);
    if (answer == ANSWER_OK)
        answer = check_body(drive, connection, now_ns);
    if (load_record_end(&drive->record, outcomes[answer], &connection->times) &&
        answer != ANSWER_OK && !drive->slot->result.first_failure[0]) {
        load_response_words(&connection->response, answer, words, sizeof words);
        load_drive_note(drive, words);
    }
    load_response_drop(&connection->response);
    if (drive->spec->churn) {
        load_pool_close(connection);
        send_next(drive, connection, now_ns);
    } else if (connection->response.keep_alive && !ended)
        send_next(drive, connection, now_ns);
    else
        load_drive_reopen(drive, connection);
    if (drive->spec->mode == LOAD_OPEN)
        load_requests_advance(drive,
                              now_ns); /* a free connection may send at once,
                                          before the other events are handled */
}

/* Called when the server has sent `count` bytes (in scratch) on a connection
 * that waits for no answer. The connection is opened again after a pause. */
static void unasked(struct load_drive *drive,
                    struct load_connection *connection, size_t count)
{
    enum { SHOWN_MAX = 40 };
    char shown[SHOWN_MAX + 1], words[LOAD_REASON_MAX];
    size_t size = 0;
    while (size < count && size < SHOWN_MAX &&
           isprint((unsigned char)drive->scratch[size])) {
        shown[size] = drive->scratch[size];
        size++;
    }
    shown[size] = '\0';
    snprintf(words, sizeof words,
             "the server sends without being asked: %zu bytes%s%s%s", count,
             size ? ", \"" : "", shown, size ? "\"" : "");
    load_drive_reason(drive, -EPROTO, words);
    connection->failures++;
    load_drive_reopen(drive, connection);
}

/* Called when a WebSocket ends and the generator did not close it. */
static void socket_lost(struct load_drive *drive)
{
    if (load_record_in_window(&drive->record, clock_now_ns()))
        drive->slot->result.lost++;
}

static void fail_socket(struct load_drive *drive,
                        struct load_connection *connection,
                        enum load_socket_event event)
{
    bool closed = event == LOAD_SOCKET_CLOSED;
    char words[128];
    if (closed)
        snprintf(words, sizeof words, "the server closed the WebSocket: %d",
                 connection->socket.close_code);
    else
        snprintf(words, sizeof words,
                 "a frame that violates RFC 6455, was not asked for, or is an "
                 "invalid push");
    socket_lost(drive);
    if (connection->state == POOL_BUSY) {
        load_drive_fail(drive, connection,
                        closed ? OUTCOME_RESET : OUTCOME_MALFORMED, words);
        return;
    }
    load_drive_note(drive, words);
    connection->failures++;
    load_drive_reopen(drive, connection);
}

/* Handles `count` bytes in scratch, read from this WebSocket. */
static void take_messages(struct load_drive *drive,
                          struct load_connection *connection, size_t count)
{
    uint32_t generation = connection->generation;
    const char *bytes = drive->scratch;
    enum load_socket_event event = LOAD_SOCKET_ECHO;
    while (event != LOAD_SOCKET_MORE && connection->generation == generation) {
        const struct load_request *request =
            connection->state == POOL_BUSY
                ? connection->response.reference->request
                : NULL;
        size_t used;
        event = load_socket_feed(&connection->socket, drive->spec->greeting,
                                 request ? request->body : NULL,
                                 request ? request->body_size : 0, bytes, count,
                                 &used);
        bytes += used;
        count -= used;
        if (event == LOAD_SOCKET_ECHO || event == LOAD_SOCKET_OTHER) {
            connection->response.keep_alive = true;
            answered(drive, connection,
                     event == LOAD_SOCKET_ECHO ? ANSWER_OK : ANSWER_WRONG,
                     false);
        } else if (event == LOAD_SOCKET_PUSHED) {
            load_record_push(&drive->record, connection->socket.push_due_ns,
                             clock_now_ns());
        } else if (event != LOAD_SOCKET_MORE) {
            fail_socket(drive, connection, event);
        }
    }
}

static void stream_ended(struct load_drive *drive,
                         struct load_connection *connection, int error)
{
    if (drive->spec->greeting)
        socket_lost(drive);
    if (connection->state != POOL_BUSY)
        load_drive_reopen(drive, connection); /* idle: no request is lost */
    else if (send_elsewhere(drive, connection))
        return;
    else if (error)
        broken(drive, connection, error);
    else
        answered(drive, connection, load_response_end(&connection->response),
                 true);
}

/* Reads until the socket is empty, since events are edge-triggered. A read that
 * does not fill the buffer shows that, unless the end of the stream follows. */
static void read_answer(struct load_drive *drive,
                        struct load_connection *connection, bool ended)
{
    uint32_t generation = connection->generation;
    for (;;) {
        ssize_t count =
            recv(connection->fd, drive->scratch, LOAD_SCRATCH_BYTES, 0);
        if (count <= 0) {
            if (count < 0 && errno == EINTR)
                continue;
            if (count == 0 || errno != EAGAIN)
                stream_ended(drive, connection, count ? -errno : 0);
            return;
        }
        if (drive->record.origin_ns != INT64_MAX)
            drive->slot->result.bytes_read += (uint64_t)count;
        if (drive->spec->greeting) {
            take_messages(drive, connection, (size_t)count);
            if (connection->generation != generation ||
                (count < LOAD_SCRATCH_BYTES && !ended))
                return;
            continue;
        }
        if (connection->state != POOL_BUSY) {
            unasked(drive, connection, (size_t)count);
            return;
        }
        enum load_answer answer = load_response_feed(
            &connection->response, drive->scratch, (size_t)count);
        if (answer != ANSWER_MORE)
            answered(drive, connection, answer, ended);
        if (connection->generation != generation ||
            (count < LOAD_SCRATCH_BYTES && !ended))
            return;
    }
}

void load_requests_event(struct load_drive *drive,
                         struct load_connection *connection, uint32_t events)
{
    if (connection->state == POOL_CONNECTING) {
        uint32_t generation = connection->generation;
        opening_event(drive, connection, events);
        if (connection->generation != generation ||
            connection->state == POOL_CONNECTING)
            return;
    }
    if (connection->fd < 0)
        return;
    bool ended = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if ((events & EPOLLOUT) && connection->state == POOL_BUSY &&
        connection->written < connection->response.reference->request->size) {
        int status = load_pool_write(connection);
        if (status < 0 && !ended) {
            if (!send_elsewhere(drive, connection))
                broken(drive, connection, status);
            return;
        }
    }
    if ((events & EPOLLIN) || ended)
        read_answer(drive, connection, ended);
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

void load_requests_advance(struct load_drive *drive, int64_t now_ns)
{
    if (drive->spec->mode == LOAD_CLOSED) {
        send_due(drive, POOL_STARTING, now_ns);
        send_due(drive, POOL_THINKING, now_ns);
        return;
    }
    int64_t due_ns;
    while ((due_ns = next_arrival_ns(drive)) <= now_ns) {
        bool alone = drive->arrived++ == drive->taken;
        if (drive->spec->mutation == MUTATION_SKIP &&
            !drive->pool.lists[POOL_FREE].head) {
            drive->taken++;
            continue;
        }
        load_record_due(&drive->record, due_ns);
        send_queued(drive, alone);
    }
}

static void expire_queued(struct load_drive *drive, int64_t now_ns)
{
    while (drive->taken < drive->arrived &&
           (now_ns >= drive->abandon_ns ||
            drive->record.origin_ns + drive->schedule.due_ns[drive->taken] +
                    drive->spec->timeout_ns <=
                now_ns))
        load_drive_fail_queued(drive, 1, OUTCOME_TIMEOUT,
                               "timed out while waiting for a free connection");
}

void load_requests_expire(struct load_drive *drive, int64_t now_ns)
{
    struct load_list *busy = &drive->pool.lists[POOL_BUSY];
    while (busy->head &&
           (busy->head->due_ns <= now_ns || now_ns >= drive->abandon_ns))
        load_drive_fail(drive, busy->head, OUTCOME_TIMEOUT,
                        "no answer within the timeout");
    struct load_list *connecting = &drive->pool.lists[POOL_CONNECTING];
    while (connecting->head &&
           (connecting->head->due_ns <= now_ns ||
            (connecting->head->again && now_ns >= drive->abandon_ns)))
        load_drive_fail_connect(
            drive, connecting->head, -ETIMEDOUT,
            connecting->head->greeted ? load_drive_no_handshake : NULL);
    expire_queued(drive, now_ns);
    load_pool_wake(&drive->pool, now_ns);
}

int64_t load_requests_next_ns(const struct load_drive *drive)
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
    if (drive->spec->mode == LOAD_CLOSED)
        return next_ns;
    int64_t arrival_ns = next_arrival_ns(drive);
    if (arrival_ns < next_ns)
        next_ns = arrival_ns;
    if (drive->taken < drive->arrived) {
        int64_t late_ns = drive->record.origin_ns +
                          drive->schedule.due_ns[drive->taken] +
                          drive->spec->timeout_ns;
        if (late_ns < next_ns)
            next_ns = late_ns;
    }
    return next_ns;
}
