/* SPDX-License-Identifier: MIT
 *
 * The life of requests on one process's connections: sent when due, answered,
 * failed, timed out. No waiting: engine.c tells it what has happened and
 * what time it is.
 */
#pragma once

#include "engine.h"
#include "pool.h"
#include "record.h"
#include "schedule.h"

struct load_drive {
    const struct load_plan *plan;
    int process, processes;
    struct load_slot *slot;
    struct load_record record;
    struct load_pool pool;
    struct load_reference *references; /* one per request of the plan */
    char *scratch;                     /* what was read, until looked at */

    /* Open loop: entries [taken, arrived) of the schedule are due and wait
     * for a free connection: the queue is a part of the schedule. */
    struct load_schedule schedule;
    size_t taken, arrived;
    uint64_t sent;  /* closed loop: requests so far */
    uint64_t begun; /* the same with those that could not connect */
    uint64_t limit; /* closed loop: the most to begin; 0: any number */
    int slice;      /* of the plan, under way or next (slices.h) */

    bool running;       /* begun, and the window is not over */
    int undecided;      /* ramp: connections neither open nor given up */
    int64_t abandon_ns; /* everything still out is timed out then */
};

/* Allocates all that is needed until the end. Returns 0 or a negative
 * errno. */
int load_drive_init(struct load_drive *drive, const struct load_task *task);

/* The warm-up begins at `origin_ns`. */
void load_drive_begin(struct load_drive *drive, int64_t origin_ns);

/* epoll said this about a connection's socket. */
void load_drive_event(struct load_drive *drive,
                      struct load_connection *connection, uint32_t events);

/* An answer has ended, well or badly. `ended`: so has the stream. */
void load_drive_answered(struct load_drive *drive,
                         struct load_connection *connection,
                         enum load_answer answer, bool ended);

/* Sends what is due. */
void load_drive_advance(struct load_drive *drive, int64_t now_ns);

/* Gives up what has waited too long; wakes paused connections. */
void load_drive_expire(struct load_drive *drive, int64_t now_ns);

/* The earliest time at which advance or expire will have work. */
int64_t load_drive_next_ns(const struct load_drive *drive);

/* Whether more requests have begun than the plan allows. */
bool load_drive_over_limit(const struct load_drive *drive);

/* Whether the plan's number of requests has been reached, and all of this
 * process's have ended. */
bool load_drive_reached(const struct load_drive *drive);

/* Requests of an open loop's window that have not ended. */
uint64_t load_drive_pending(const struct load_drive *drive);
