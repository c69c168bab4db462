/* SPDX-License-Identifier: MIT
 *
 * Only so many connections are being opened at once, so that a server's accept
 * queue is not overrun. Not so with churn once it runs: there they are the
 * load, and as many as the plan's connections.
 */
#include "open.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "loss.h"
#include "send.h"

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
        drive->begun++;
        load_record_in_flight(&drive->record, 1, now_ns);
    }
    load_open_at_once(drive, connection);
}

void load_open_at_once(struct load_drive *drive,
                       struct load_connection *connection)
{
    load_pool_move(&drive->pool, connection, POOL_CONNECTING);
    int status = load_pool_connect(&drive->pool, connection);
    if (status < 0)
        load_loss_connect(drive, connection, status, NULL);
    else if (status > 0)
        load_open_event(drive, connection, EPOLLOUT);
}

/* Whether the handshake is answered: 1, 0 or a negative errno with the reason
 * in `why`. The bytes are looked at where they are until all have come, so that
 * nothing behind them is taken. */
static int answered(struct load_drive *drive,
                    struct load_connection *connection, char *why, size_t size)
{
    char head[LOAD_SOCKET_HEAD_MAX];
    ssize_t count = recv(connection->fd, head, sizeof head, MSG_PEEK);
    if (count < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (count == 0)
        return -ECONNRESET;
    int length = load_socket_judge(drive->plan->greeting, head, (size_t)count,
                                   why, size);
    if (length <= 0)
        return length;
    return recv(connection->fd, head, (size_t)length, 0) == length ? 1 : -EIO;
}

/* It is open. */
static void done(struct load_drive *drive, struct load_connection *connection)
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
    if (connection->again) {
        load_send_again(drive, connection);
        return;
    }
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

void load_open_event(struct load_drive *drive,
                     struct load_connection *connection, uint32_t events)
{
    const struct load_greeting *greeting = drive->plan->greeting;
    char why[128] = "";
    int status = 1;
    if (!connection->greeted) {
        status = load_pool_connected(connection);
        if (status == 0 && !(events & EPOLLOUT))
            return;
        status = status < 0 ? status : !greeting;
        if (status == 0)
            status = load_pool_greet(connection, greeting, load_now());
    } else {
        status = answered(drive, connection, why, sizeof why);
    }
    if (status < 0)
        load_loss_connect(drive, connection, status, why[0] ? why : NULL);
    else if (status > 0)
        done(drive, connection);
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
