/* SPDX-License-Identifier: MIT
 *
 * The connections of a slice start one after another over the first half of
 * what is not counted, so that equal waits do not come back in waves. They
 * wait in the order in which they came to rest, so the list of those that
 * start is in the order of time, as send.c needs it.
 */
#include "slices.h"

/* Requests of one slice never reach the numbers of the next. */
static const int NUMBER_SHIFT = 32;

bool load_slices_on(struct load_drive *drive, int64_t now_ns)
{
    const struct load_plan *plan = drive->plan;
    if (!plan->slices)
        return true;
    int64_t at_ns = now_ns - drive->record.origin_ns;
    int before = drive->slice;
    while (drive->slice < plan->slice_count &&
           plan->slices[drive->slice].end_ns <= at_ns)
        drive->slice++;
    if (drive->slice != before)
        drive->sent = (uint64_t)drive->slice << NUMBER_SHIFT;
    return drive->slice < plan->slice_count &&
           plan->slices[drive->slice].start_ns <= at_ns;
}

void load_slices_rest(struct load_drive *drive,
                      struct load_connection *connection, int64_t now_ns)
{
    const struct load_plan *plan = drive->plan;
    struct load_pool *pool = &drive->pool;
    load_slices_on(drive, now_ns);
    if (!plan->slices || !drive->running || now_ns >= drive->record.end_ns ||
        drive->slice >= plan->slice_count) {
        load_pool_move(pool, connection, POOL_FREE);
        return;
    }
    const struct load_slice *slice = &plan->slices[drive->slice];
    double step_ns =
        (double)(slice->counted_ns - slice->start_ns) / 2 / pool->count;
    connection->due_ns = drive->record.origin_ns + slice->start_ns +
                         (int64_t)(step_ns * pool->lists[POOL_STARTING].count);
    load_pool_move(pool, connection, POOL_STARTING);
}

void load_slices_begin(struct load_drive *drive)
{
    struct load_pool *pool = &drive->pool;
    for (int i = 0; i < pool->count; i++)
        if (pool->all[i].state == POOL_FREE)
            load_slices_rest(drive, &pool->all[i], drive->record.origin_ns - 1);
}
