/* SPDX-License-Identifier: MIT
 *
 * Decides when a connection may send, and what happens to requests that fail.
 *
 * A connection that breaks is opened again after a pause. The pause doubles
 * from 1 ms to 100 ms with each failure in a row, so that a dead server is
 * neither hammered nor forgotten. In a closed loop a failed attempt to connect
 * counts as a failed request. In an open loop it fails the request that has
 * waited longest; once no connection is left, it fails all waiting requests.
 *
 * In a slice, connections start one after another over the first half of the
 * time that is not counted, so that equal waits do not end in waves.
 *
 * A missing push is noticed by the clock: on each connection, the next push is
 * due one period after the last.
 */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RAMP_ATTEMPTS =
        3, /* failures after which the ramp stops waiting for a connection */
    PAUSE_MIN_NS = 1000000,
    PAUSE_MAX_NS = 100000000,
    SLICE_SHIFT = 32, /* bits for the requests of one slice, so that two slices
                         never share a request number */
};

int load_drive_init(struct load_drive *drive, const struct load_task *task)
{
    const struct load_spec *spec = task->spec;
    *drive = (struct load_drive){
        .spec = spec,
        .process = task->process,
        .processes = task->processes,
        .slot = task->slot,
        .limit = (spec->requests_max +
                  (uint64_t)(task->processes - task->process - 1)) /
                 (uint64_t)task->processes,
        .abandon_ns = INT64_MAX,
    };
    load_record_init(&drive->record, spec, &task->slot->result,
                     task->intervals);
    int status =
        load_pool_init(&drive->pool, spec, task->process, task->processes);
    if (status < 0)
        return status;
    drive->undecided = drive->pool.count;
    drive->scratch = malloc(LOAD_SCRATCH_BYTES);
    drive->references =
        calloc((size_t)spec->request_count, sizeof *drive->references);
    if (!drive->scratch || !drive->references)
        return -ENOMEM;
    for (int i = 0; i < spec->request_count; i++) {
        drive->references[i].request = &spec->requests[i];
        drive->references[i].kept = &drive->kept;
        if (spec->requests[i].check && !drive->kept.bytes &&
            !(drive->kept.bytes = malloc(CHECK_BODY_MAX + 1)))
            return -ENOMEM;
    }
    if (spec->mode == LOAD_CLOSED)
        return 0;
    return load_schedule_make(spec, task->process, task->processes,
                              &drive->schedule);
}

void load_drive_note(struct load_drive *drive, const char *what)
{
    struct load_result *result = &drive->slot->result;
    if (result->first_failure[0])
        return;
    char address[LOAD_ADDRESS_TEXT];
    load_address_text(&drive->spec->address, address, sizeof address);
    snprintf(result->first_failure, sizeof result->first_failure, "%s: %.180s",
             address, what);
}

const char load_drive_no_handshake[] =
    "no answer to the WebSocket handshake in time";

void load_drive_reason(struct load_drive *drive, int error, const char *reason)
{
    drive->slot->error = error;
    snprintf(drive->slot->reason, sizeof drive->slot->reason, "%s",
             reason ? reason : "");
}

void load_drive_decide(struct load_drive *drive,
                       struct load_connection *connection)
{
    if (!connection->decided)
        drive->undecided--;
    connection->decided = true;
}

void load_drive_reopen(struct load_drive *drive,
                       struct load_connection *connection)
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
    connection->due_ns = clock_now_ns() + pause_ns;
    if (connection->due_ns < drive->pool.paused_until_ns)
        drive->pool.paused_until_ns = connection->due_ns;
    load_pool_move(&drive->pool, connection, POOL_PAUSED);
}

void load_drive_fail(struct load_drive *drive,
                     struct load_connection *connection,
                     enum load_outcome outcome, const char *words)
{
    connection->times.done_ns = clock_now_ns();
    load_record_in_flight(&drive->record, -1, connection->times.done_ns);
    if (load_record_end(&drive->record, outcome, &connection->times))
        load_drive_note(drive, words);
    load_response_drop(&connection->response);
    connection->failures++;
    load_drive_reopen(drive, connection);
}

/* Whether more requests have begun than the spec allows. */
static bool over_limit(const struct load_drive *drive)
{
    return drive->spec->requests_max > 0 && drive->begun > drive->limit;
}

bool load_drive_reached(const struct load_drive *drive)
{
    if (drive->spec->requests_max == 0 || drive->record.in_flight > 0)
        return false;
    if (drive->spec->mode == LOAD_CLOSED)
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

struct load_reference *load_drive_reference(const struct load_drive *drive,
                                            uint64_t number)
{
    uint64_t whole =
        (uint64_t)drive->process + number * (uint64_t)drive->processes;
    return &drive->references[whole % (uint64_t)drive->spec->request_count];
}

void load_drive_fail_queued(struct load_drive *drive, size_t count,
                            enum load_outcome outcome, const char *words)
{
    int64_t now_ns = clock_now_ns();
    for (; count > 0 && drive->taken < drive->arrived; count--) {
        uint64_t number = drive->taken++;
        struct load_times times = {
            .class = load_drive_reference(drive, number)->request->class,
            .intended_ns =
                drive->record.origin_ns + drive->schedule.due_ns[number],
            .sent_ns = now_ns,
            .done_ns = now_ns,
        };
        if (load_record_end(&drive->record, outcome, &times))
            load_drive_note(drive, words);
    }
}

/* Called when a request that is to be sent once more finds no connection. */
static void fail_again(struct load_drive *drive,
                       struct load_connection *connection, int error,
                       const char *words)
{
    char both[320];
    snprintf(both, sizeof both,
             "the server closed a kept connection without an answer, and then: "
             "%s",
             words);
    connection->again = false;
    load_drive_fail(drive, connection,
                    error == -ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_RESET,
                    both);
}

void load_drive_fail_connect(struct load_drive *drive,
                             struct load_connection *connection, int error,
                             const char *reason)
{
    char words[192];
    snprintf(words, sizeof words, "cannot connect: %s%s",
             reason ? reason : strerror(-error),
             error == -EADDRNOTAVAIL ? " (out of local ports)" : "");
    load_drive_reason(drive, error, reason);
    if (connection->again) {
        fail_again(drive, connection, error, words);
        return;
    }
    int64_t now_ns = clock_now_ns();
    struct load_times times = {
        .intended_ns = now_ns,
        .sent_ns = now_ns,
        .done_ns = now_ns,
    };
    if (connection->asked) {
        times = connection->times;
        times.done_ns = now_ns;
        load_record_in_flight(&drive->record, -1, now_ns);
        drive->slot->result.started--; /* the connection was never established,
                                          so the request was not started */
    } else if (drive->running && drive->spec->mode == LOAD_CLOSED &&
               now_ns >= drive->record.origin_ns)
        drive->begun++;
    connection->asked = false;
    connection->failures++;
    if (!connection->decided && connection->failures >= RAMP_ATTEMPTS)
        load_drive_decide(drive, connection);
    load_drive_reopen(drive, connection);
    if (drive->spec->mode == LOAD_OPEN) {
        load_drive_fail_queued(drive,
                               load_pool_none_left(&drive->pool) ? SIZE_MAX : 1,
                               OUTCOME_CONNECT, words);
        return;
    }
    if (over_limit(drive))
        return;
    if (load_record_end(&drive->record, OUTCOME_CONNECT, &times))
        load_drive_note(drive, words);
}

/* Whether the slices allow requests at `now_ns`, which must not decrease. */
static bool slices_on(struct load_drive *drive, int64_t now_ns)
{
    const struct load_spec *spec = drive->spec;
    if (!spec->slices)
        return true;
    int64_t at_ns = now_ns - drive->record.origin_ns;
    int before = drive->slice;
    while (drive->slice < spec->slice_count &&
           spec->slices[drive->slice].end_ns <= at_ns)
        drive->slice++;
    if (drive->slice != before)
        drive->sent = (uint64_t)drive->slice << SLICE_SHIFT;
    return drive->slice < spec->slice_count &&
           spec->slices[drive->slice].start_ns <= at_ns;
}

void load_drive_rest(struct load_drive *drive,
                     struct load_connection *connection, int64_t now_ns)
{
    const struct load_spec *spec = drive->spec;
    struct load_pool *pool = &drive->pool;
    slices_on(drive, now_ns);
    if (!spec->slices || !drive->running || now_ns >= drive->record.end_ns ||
        drive->slice >= spec->slice_count) {
        load_pool_move(pool, connection, POOL_FREE);
        return;
    }
    const struct load_slice *slice = &spec->slices[drive->slice];
    double step_ns =
        (double)(slice->counted_ns - slice->start_ns) / 2 / pool->count;
    connection->due_ns = drive->record.origin_ns + slice->start_ns +
                         (int64_t)(step_ns * pool->lists[POOL_STARTING].count);
    load_pool_move(pool, connection, POOL_STARTING);
}

bool load_drive_asks(struct load_drive *drive, int64_t now_ns)
{
    return drive->spec->mode == LOAD_CLOSED && drive->running &&
           now_ns >= drive->record.origin_ns && now_ns < drive->record.end_ns &&
           (drive->spec->requests_max == 0 || drive->begun < drive->limit) &&
           slices_on(drive, now_ns);
}

void load_drive_start(struct load_drive *drive,
                      struct load_connection *connection)
{
    const struct load_spec *spec = drive->spec;
    double step_ns = (double)spec->warmup_ns / 2 / spec->connections;
    int number = load_pool_number(&drive->pool, connection);
    connection->due_ns = drive->record.origin_ns + (int64_t)(step_ns * number);
    load_pool_move(&drive->pool, connection, POOL_STARTING);
}

/* Makes all open connections wait for the first slice. */
static void slices_begin(struct load_drive *drive)
{
    struct load_pool *pool = &drive->pool;
    for (int i = 0; i < pool->count; i++)
        if (pool->all[i].state == POOL_FREE)
            load_drive_rest(drive, &pool->all[i], drive->record.origin_ns - 1);
}

void load_drive_begin(struct load_drive *drive, int64_t origin_ns)
{
    const struct load_spec *spec = drive->spec;
    drive->running = true;
    drive->record.origin_ns = origin_ns;
    drive->record.start_ns = origin_ns + spec->warmup_ns;
    drive->record.end_ns = drive->record.start_ns + spec->window_ns;
    if (spec->mode == LOAD_OPEN)
        return;
    struct load_pool *pool = &drive->pool;
    if (spec->slices) {
        slices_begin(drive);
        return;
    }
    for (int i = 0; i < pool->count; i++)
        if (pool->all[i].state == POOL_FREE)
            load_drive_start(drive, &pool->all[i]);
}

int64_t load_drive_patience_ns(const struct load_drive *drive)
{
    const struct load_greeting *greeting = drive->spec->greeting;
    if (!greeting || greeting->push_ns == 0 ||
        drive->record.end_ns == INT64_MAX)
        return INT64_MAX;
    int64_t until_ns = drive->record.end_ns + drive->spec->timeout_ns;
    return drive->abandon_ns < until_ns ? drive->abandon_ns : until_ns;
}

/* When the next push is due, or INT64_MAX. */
static int64_t next_push_ns(const struct load_drive *drive,
                            const struct load_connection *connection)
{
    if (connection->state < POOL_FREE)
        return INT64_MAX; /* pushes of a closed connection do not count as
                             missing: `lost` counts the connection */
    return connection->socket.push_due_ns + drive->spec->greeting->push_ns;
}

bool load_drive_owed(struct load_drive *drive, int64_t now_ns)
{
    int64_t patience_ns = load_drive_patience_ns(drive), due_ns;
    if (patience_ns == INT64_MAX)
        return false;
    for (int i = 0; i < drive->pool.count; i++) {
        const struct load_connection *connection = &drive->pool.all[i];
        due_ns = next_push_ns(drive, connection);
        if (due_ns >= drive->record.end_ns)
            continue;
        if (now_ns < patience_ns)
            return true;
        for (; due_ns < drive->record.end_ns;
             due_ns += drive->spec->greeting->push_ns) {
            load_record_push(&drive->record, due_ns, now_ns);
            drive->slot->result.pushes_missing +=
                load_record_in_window(&drive->record, due_ns);
        }
    }
    return false;
}
