/* SPDX-License-Identifier: MIT
 *
 * Only so many connections are being opened at once, so that a server's accept
 * queue is not overrun. Not so with churn once it runs: there they are the
 * load, and as many as the plan's connections.
 */
#include "load_open.h"

#include "load_loss.h"
#include "load_send.h"

enum { PENDING_MAX = 512 }; /* connections being opened, all processes */

void load_open_one(struct load_drive *drive, struct load_connection *connection)
{
    int64_t now_ns = load_now();
    connection->due_ns = now_ns + drive->plan->timeout_ns;
    connection->asked = drive->plan->churn && load_send_asks(drive, now_ns);
    if (connection->asked) {
        connection->times = (struct load_times){
            .intended_ns = now_ns,
            .sent_ns = now_ns,
        };
        connection->overtakes = drive->record.ended;
        load_record_in_flight(&drive->record, 1, now_ns);
    }
    load_pool_move(&drive->pool, connection, POOL_CONNECTING);
    int status = load_pool_connect(&drive->pool, connection);
    if (status < 0)
        load_loss_connect(drive, connection, status);
    else if (status > 0)
        load_open_done(drive, connection);
}

void load_open_done(struct load_drive *drive,
                    struct load_connection *connection)
{
    load_loss_decide(drive, connection);
    bool first = !connection->was_open;
    int64_t now_ns = load_now();
    connection->was_open = true;
    if (connection->asked) {
        load_send_connected(drive, connection, now_ns);
        return;
    }
    if (!first && load_record_in_window(&drive->record, now_ns))
        drive->slot->result.reopened++;
    if (drive->plan->churn && load_send_asks(drive, now_ns)) {
        /* Wanted before the load began: nobody's request. */
        load_pool_close(connection);
        load_open_one(drive, connection);
    } else if (first && load_send_asks(drive, now_ns)) {
        load_send_request(drive, connection, drive->sent++, now_ns, now_ns);
    } else {
        load_send_next(drive, connection, now_ns);
    }
}

void load_open_wanted(struct load_drive *drive, int limit)
{
    struct load_pool *pool = &drive->pool;
    int pending_max = PENDING_MAX / drive->processes;
    if (drive->plan->churn && drive->running)
        pending_max = pool->count;
    if (pending_max < 1)
        pending_max = 1;
    for (; limit > 0; limit--) {
        struct load_connection *connection = pool->lists[POOL_WANTED].head;
        if (!connection || pool->lists[POOL_CONNECTING].count >= pending_max)
            return;
        load_open_one(drive, connection);
    }
}
