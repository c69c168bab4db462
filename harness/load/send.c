/* SPDX-License-Identifier: MIT
 *
 * Which request a connection sends, and when: at once, after a pause, or as
 * the schedule's next.
 */
#include "send.h"

#include "loss.h"
#include "open.h"
#include "slices.h"

struct load_reference *load_send_reference(const struct load_drive *drive,
                                           uint64_t number)
{
    uint64_t whole =
        (uint64_t)drive->process + number * (uint64_t)drive->processes;
    return &drive->references[whole % (uint64_t)drive->plan->request_count];
}

/* The connection is open, its clock runs. */
static void put(struct load_drive *drive, struct load_connection *connection,
                struct load_reference *reference)
{
    connection->times.class = reference->request->class;
    connection->due_ns =
        connection->times.intended_ns + drive->plan->timeout_ns;
    connection->written = 0;
    load_pool_move(&drive->pool, connection, POOL_BUSY);
    load_response_begin(&connection->response, reference);
    int status = load_pool_write(connection);
    if (status < 0 && !load_loss_again(drive, connection))
        load_loss_broken(drive, connection, status);
}

void load_send_request(struct load_drive *drive,
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
    put(drive, connection, load_send_reference(drive, number));
}

void load_send_connected(struct load_drive *drive,
                         struct load_connection *connection, int64_t now_ns)
{
    connection->asked = false;
    connection->times.connected_ns = now_ns;
    put(drive, connection, load_send_reference(drive, drive->sent++));
}

void load_send_again(struct load_drive *drive,
                     struct load_connection *connection)
{
    connection->again = false;
    connection->resent = true;
    put(drive, connection, connection->response.reference);
}

void load_send_queued(struct load_drive *drive, bool was_free)
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
    load_send_request(drive, connection, number, times.intended_ns, now_ns);
    if (was_free)
        connection->times.late_ns = now_ns - times.intended_ns;
}

bool load_send_asks(struct load_drive *drive, int64_t now_ns)
{
    return drive->plan->mode == LOAD_CLOSED && drive->running &&
           now_ns >= drive->record.origin_ns && now_ns < drive->record.end_ns &&
           (drive->plan->requests_max == 0 || drive->begun < drive->limit) &&
           load_slices_on(drive, now_ns);
}

void load_send_start(struct load_drive *drive,
                     struct load_connection *connection)
{
    const struct load_plan *plan = drive->plan;
    double step_ns = (double)plan->warmup_ns / 2 / plan->connections;
    int number = load_pool_number(&drive->pool, connection);
    connection->due_ns = drive->record.origin_ns + (int64_t)(step_ns * number);
    load_pool_move(&drive->pool, connection, POOL_STARTING);
}

/* Whether the beginning is set, and still to come. */
static bool begins_later(const struct load_drive *drive, int64_t now_ns)
{
    return drive->plan->mode == LOAD_CLOSED && !drive->plan->slices &&
           drive->running && now_ns < drive->record.origin_ns;
}

void load_send_next(struct load_drive *drive,
                    struct load_connection *connection, int64_t now_ns)
{
    if (begins_later(drive, now_ns)) {
        load_send_start(drive, connection);
    } else if (!load_send_asks(drive, now_ns)) {
        load_slices_rest(drive, connection, now_ns);
        load_send_queued(drive, false);
    } else if (drive->plan->think_ns > 0 && connection->was_open) {
        connection->due_ns = now_ns + drive->plan->think_ns;
        load_pool_move(&drive->pool, connection, POOL_THINKING);
    } else if (drive->plan->churn) {
        load_open_one(drive, connection);
    } else {
        load_send_request(drive, connection, drive->sent++, now_ns, now_ns);
    }
}

void load_send_due(struct load_drive *drive, enum load_state state,
                   int64_t now_ns)
{
    struct load_list *list = &drive->pool.lists[state];
    while (list->head && list->head->due_ns <= now_ns) {
        int64_t sent_ns = load_now();
        if (!load_send_asks(drive, sent_ns)) {
            load_slices_rest(drive, list->head, sent_ns);
        } else if (drive->plan->churn) {
            load_pool_close(list->head); /* the ramp's */
            load_open_one(drive, list->head);
        } else {
            load_send_request(drive, list->head, drive->sent++, sent_ns,
                              sent_ns);
        }
    }
}
