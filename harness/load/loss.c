/* SPDX-License-Identifier: MIT
 *
 * A connection that breaks is opened again after a pause that doubles from
 * 1 ms to 100 ms with each failure in a row, so that a dead server is neither
 * hammered nor forgotten. In a closed loop a failed attempt to connect counts
 * as a failed request, in an open loop it fails the request that has waited
 * longest, and all that wait once no connection is left that could take them.
 */
#include "loss.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "open.h"
#include "send.h"

enum {
    RAMP_ATTEMPTS = 3, /* failures before the ramp gives a connection up */
    PAUSE_MIN_NS = 1000000,
    PAUSE_MAX_NS = 100000000,
};

void load_loss_note(struct load_drive *drive, const char *what)
{
    struct load_result *result = &drive->slot->result;
    if (result->first_failure[0])
        return;
    char address[LOAD_ADDRESS_TEXT];
    load_address_text(&drive->plan->address, address, sizeof address);
    snprintf(result->first_failure, sizeof result->first_failure, "%s: %.180s",
             address, what);
}

const char load_loss_no_handshake[] =
    "no answer to the WebSocket handshake in time";

void load_loss_reason(struct load_drive *drive, int error, const char *reason)
{
    drive->slot->error = error;
    snprintf(drive->slot->reason, sizeof drive->slot->reason, "%s",
             reason ? reason : "");
}

void load_loss_unasked(struct load_drive *drive,
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
    load_loss_reason(drive, -EPROTO, words);
    connection->failures++;
    load_loss_reopen(drive, connection);
}

void load_loss_decide(struct load_drive *drive,
                      struct load_connection *connection)
{
    if (!connection->decided)
        drive->undecided--;
    connection->decided = true;
}

void load_loss_reopen(struct load_drive *drive,
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
    connection->due_ns = load_now() + pause_ns;
    if (connection->due_ns < drive->pool.paused_until_ns)
        drive->pool.paused_until_ns = connection->due_ns;
    load_pool_move(&drive->pool, connection, POOL_PAUSED);
}

void load_loss_request(struct load_drive *drive,
                       struct load_connection *connection,
                       enum load_outcome outcome, const char *words)
{
    connection->times.done_ns = load_now();
    load_record_in_flight(&drive->record, -1, connection->times.done_ns);
    if (load_record_end(&drive->record, outcome, &connection->times))
        load_loss_note(drive, words);
    load_response_drop(&connection->response);
    connection->failures++;
    load_loss_reopen(drive, connection);
}

bool load_loss_again(struct load_drive *drive,
                     struct load_connection *connection)
{
    const struct load_request *request =
        connection->response.reference->request;
    if (!connection->kept || connection->resent || request->unsafe ||
        drive->plan->greeting || load_response_started(&connection->response))
        return false;
    if (load_record_in_window(&drive->record, load_now()))
        drive->slot->result.resent++;
    load_response_drop(&connection->response);
    load_pool_close(connection);
    connection->again = true;
    load_open_at_once(drive, connection);
    return true;
}

/* A request to be sent once more found no connection. */
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
    load_loss_request(drive, connection,
                      error == -ETIMEDOUT ? OUTCOME_TIMEOUT : OUTCOME_RESET,
                      both);
}

void load_loss_broken(struct load_drive *drive,
                      struct load_connection *connection, int error)
{
    char words[128];
    snprintf(words, sizeof words, "the connection broke: %s", strerror(-error));
    load_loss_request(drive, connection, OUTCOME_RESET, words);
}

void load_loss_queued(struct load_drive *drive, size_t count,
                      enum load_outcome outcome, const char *words)
{
    int64_t now_ns = load_now();
    for (; count > 0 && drive->taken < drive->arrived; count--) {
        uint64_t number = drive->taken++;
        struct load_times times = {
            .class = load_send_reference(drive, number)->request->class,
            .intended_ns =
                drive->record.origin_ns + drive->schedule.due_ns[number],
            .sent_ns = now_ns,
            .done_ns = now_ns,
        };
        if (load_record_end(&drive->record, outcome, &times))
            load_loss_note(drive, words);
    }
}

void load_loss_connect(struct load_drive *drive,
                       struct load_connection *connection, int error,
                       const char *reason)
{
    char words[192];
    snprintf(words, sizeof words, "cannot connect: %s%s",
             reason ? reason : strerror(-error),
             error == -EADDRNOTAVAIL ? " (out of local ports)" : "");
    load_loss_reason(drive, error, reason);
    if (connection->again) {
        fail_again(drive, connection, error, words);
        return;
    }
    int64_t now_ns = load_now();
    struct load_times times = {
        .intended_ns = now_ns,
        .sent_ns = now_ns,
        .done_ns = now_ns,
    };
    if (connection->asked) {
        times = connection->times;
        times.done_ns = now_ns;
        load_record_in_flight(&drive->record, -1, now_ns);
        drive->slot->result.started--; /* it was never more than begun */
    } else if (drive->running && drive->plan->mode == LOAD_CLOSED &&
               now_ns >= drive->record.origin_ns)
        drive->begun++;
    connection->asked = false;
    connection->failures++;
    if (!connection->decided && connection->failures >= RAMP_ATTEMPTS)
        load_loss_decide(drive, connection);
    load_loss_reopen(drive, connection);
    if (drive->plan->mode == LOAD_OPEN) {
        load_loss_queued(drive,
                         load_pool_none_left(&drive->pool) ? SIZE_MAX : 1,
                         OUTCOME_CONNECT, words);
        return;
    }
    if (load_drive_over_limit(drive))
        return;
    if (load_record_end(&drive->record, OUTCOME_CONNECT, &times))
        load_loss_note(drive, words);
}
