/* SPDX-License-Identifier: MIT
 *
 * What happens to connections and in which order it is dealt with; opening is
 * open.c's, sending send.c's, what goes wrong loss.c's.
 */
#include "drive.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loss.h"
#include "messages.h"
#include "open.h"
#include "send.h"
#include "slices.h"

enum { SCRATCH_BYTES = 65536 };

int load_drive_init(struct load_drive *drive, const struct load_task *task)
{
    const struct load_plan *plan = task->plan;
    *drive = (struct load_drive){
        .plan = plan,
        .process = task->process,
        .processes = task->processes,
        .slot = task->slot,
        .limit = (plan->requests_max +
                  (uint64_t)(task->processes - task->process - 1)) /
                 (uint64_t)task->processes,
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
    struct load_pool *pool = &drive->pool;
    if (plan->slices) {
        load_slices_begin(drive);
        return;
    }
    for (int i = 0; i < pool->count; i++)
        if (pool->all[i].state == POOL_FREE)
            load_send_start(drive, &pool->all[i]);
}

static const enum load_outcome outcomes[] = {
    [ANSWER_MORE] = OUTCOME_RESET,          [ANSWER_OK] = OUTCOME_OK,
    [ANSWER_WRONG] = OUTCOME_WRONG,         [ANSWER_STATUS] = OUTCOME_STATUS,
    [ANSWER_MALFORMED] = OUTCOME_MALFORMED,
};

void load_drive_answered(struct load_drive *drive,
                         struct load_connection *connection,
                         enum load_answer answer, bool ended)
{
    char words[128];
    if (answer == ANSWER_MORE || answer == ANSWER_MALFORMED) {
        load_response_words(&connection->response, answer, words, sizeof words);
        load_loss_request(drive, connection, outcomes[answer], words);
        return;
    }
    int64_t now_ns = load_now();
    connection->times.done_ns = now_ns;
    connection->failures = 0;
    connection->kept = true;
    load_record_in_flight(&drive->record, -1, now_ns);
    if (load_record_end(&drive->record, outcomes[answer], &connection->times) &&
        answer != ANSWER_OK && !drive->slot->result.first_failure[0]) {
        load_response_words(&connection->response, answer, words, sizeof words);
        load_loss_note(drive, words);
    }
    load_response_drop(&connection->response);
    if (drive->plan->churn) {
        load_pool_close(connection);
        load_send_next(drive, connection, now_ns);
    } else if (connection->response.keep_alive && !ended)
        load_send_next(drive, connection, now_ns);
    else
        load_loss_reopen(drive, connection);
    if (drive->plan->mode == LOAD_OPEN)
        load_drive_advance(drive, now_ns); /* not only after a whole batch */
}

static void stream_ended(struct load_drive *drive,
                         struct load_connection *connection, int error)
{
    if (drive->plan->greeting)
        load_messages_lost(drive);
    if (connection->state != POOL_BUSY)
        load_loss_reopen(
            drive, connection); /* an idle one: nobody's request is lost */
    else if (load_loss_again(drive, connection))
        return;
    else if (error)
        load_loss_broken(drive, connection, error);
    else
        load_drive_answered(drive, connection,
                            load_response_end(&connection->response), true);
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
        if (drive->plan->greeting) {
            load_messages_take(drive, connection, (size_t)count);
            if (connection->generation != generation ||
                (count < SCRATCH_BYTES && !ended))
                return;
            continue;
        }
        if (connection->state != POOL_BUSY) {
            load_loss_unasked(drive, connection, (size_t)count);
            return;
        }
        enum load_answer answer = load_response_feed(
            &connection->response, drive->scratch, (size_t)count);
        if (answer != ANSWER_MORE)
            load_drive_answered(drive, connection, answer, ended);
        if (connection->generation != generation ||
            (count < SCRATCH_BYTES && !ended))
            return;
    }
}

void load_drive_event(struct load_drive *drive,
                      struct load_connection *connection, uint32_t events)
{
    if (connection->state == POOL_CONNECTING) {
        uint32_t generation = connection->generation;
        load_open_event(drive, connection, events);
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
            if (!load_loss_again(drive, connection))
                load_loss_broken(drive, connection, status);
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

void load_drive_advance(struct load_drive *drive, int64_t now_ns)
{
    if (drive->plan->mode == LOAD_CLOSED) {
        load_send_due(drive, POOL_STARTING, now_ns);
        load_send_due(drive, POOL_THINKING, now_ns);
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
        load_send_queued(drive, alone);
    }
}

static void expire_queued(struct load_drive *drive, int64_t now_ns)
{
    while (drive->taken < drive->arrived &&
           (now_ns >= drive->abandon_ns ||
            drive->record.origin_ns + drive->schedule.due_ns[drive->taken] +
                    drive->plan->timeout_ns <=
                now_ns))
        load_loss_queued(drive, 1, OUTCOME_TIMEOUT,
                         "timed out while waiting for a free connection");
}

void load_drive_expire(struct load_drive *drive, int64_t now_ns)
{
    struct load_list *busy = &drive->pool.lists[POOL_BUSY];
    while (busy->head &&
           (busy->head->due_ns <= now_ns || now_ns >= drive->abandon_ns))
        load_loss_request(drive, busy->head, OUTCOME_TIMEOUT,
                          "no answer within the timeout");
    struct load_list *connecting = &drive->pool.lists[POOL_CONNECTING];
    while (connecting->head &&
           (connecting->head->due_ns <= now_ns ||
            (connecting->head->again && now_ns >= drive->abandon_ns)))
        load_loss_connect(drive, connecting->head, -ETIMEDOUT,
                          connecting->head->greeted ? load_loss_no_handshake
                                                    : NULL);
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

bool load_drive_over_limit(const struct load_drive *drive)
{
    return drive->plan->requests_max > 0 && drive->begun > drive->limit;
}

bool load_drive_reached(const struct load_drive *drive)
{
    if (drive->plan->requests_max == 0 || drive->record.in_flight > 0)
        return false;
    if (drive->plan->mode == LOAD_CLOSED)
        return drive->begun >= drive->limit;
    return drive->arrived == drive->schedule.count &&
           drive->taken == drive->arrived;
}

uint64_t load_drive_pending(const struct load_drive *drive)
{
    const struct load_result *result = &drive->slot->result;
    return result->scheduled - result->ok - result->wrong - result->http_error -
           result->io_error - result->timeout;
}
