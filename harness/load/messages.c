/* SPDX-License-Identifier: MIT
 *
 * Pushes are owed by the clock, so what has not come can be told: on each
 * connection the next one is due a period after the last.
 */
#include "messages.h"

#include <stdio.h>

#include "loss.h"

void load_messages_lost(struct load_drive *drive)
{
    if (load_record_in_window(&drive->record, load_now()))
        drive->slot->result.lost++;
}

static void fail(struct load_drive *drive, struct load_connection *connection,
                 enum load_socket_event event)
{
    bool closed = event == LOAD_SOCKET_CLOSED;
    char words[128];
    if (closed)
        snprintf(words, sizeof words, "the server closed the WebSocket: %d",
                 connection->socket.close_code);
    else
        snprintf(words, sizeof words,
                 "a frame against RFC 6455, unasked, or no proper push");
    load_messages_lost(drive);
    if (connection->state == POOL_BUSY) {
        load_loss_request(drive, connection,
                          closed ? OUTCOME_RESET : OUTCOME_MALFORMED, words);
        return;
    }
    load_loss_note(drive, words);
    connection->failures++;
    load_loss_reopen(drive, connection);
}

void load_messages_take(struct load_drive *drive,
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
        event = load_socket_feed(&connection->socket, drive->plan->greeting,
                                 request ? request->body : NULL,
                                 request ? request->body_size : 0, bytes, count,
                                 &used);
        bytes += used;
        count -= used;
        if (event == LOAD_SOCKET_ECHO || event == LOAD_SOCKET_OTHER) {
            connection->response.keep_alive = true;
            load_drive_answered(
                drive, connection,
                event == LOAD_SOCKET_ECHO ? ANSWER_OK : ANSWER_WRONG, false);
        } else if (event == LOAD_SOCKET_PUSHED) {
            load_record_push(&drive->record, connection->socket.push_due_ns,
                             load_now());
        } else if (event != LOAD_SOCKET_MORE) {
            fail(drive, connection, event);
        }
    }
}

int64_t load_messages_patience_ns(const struct load_drive *drive)
{
    const struct load_greeting *greeting = drive->plan->greeting;
    if (!greeting || greeting->push_ns == 0 ||
        drive->record.end_ns == INT64_MAX)
        return INT64_MAX;
    int64_t until_ns = drive->record.end_ns + drive->plan->timeout_ns;
    return drive->abandon_ns < until_ns ? drive->abandon_ns : until_ns;
}

/* When the next push is due, or INT64_MAX. */
static int64_t next_push_ns(const struct load_drive *drive,
                            const struct load_connection *connection)
{
    if (connection->state < POOL_FREE)
        return INT64_MAX; /* what it owed was lost with it */
    return connection->socket.push_due_ns + drive->plan->greeting->push_ns;
}

bool load_messages_owed(struct load_drive *drive, int64_t now_ns)
{
    int64_t patience_ns = load_messages_patience_ns(drive), due_ns;
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
             due_ns += drive->plan->greeting->push_ns) {
            load_record_push(&drive->record, due_ns, now_ns);
            drive->slot->result.pushes_missing +=
                load_record_in_window(&drive->record, due_ns);
        }
    }
    return false;
}
