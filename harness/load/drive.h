/* SPDX-License-Identifier: MIT
 *
 * One generator process's share of a load: its connections, its part of the
 * schedule, its counts and times, and the memory that it shares with the caller
 * of load_start. Decides which connection may send when, and ends requests that
 * fail. No I/O; requests.h sends and receives.
 */
#pragma once

#include <stdatomic.h>

#include "load.h"
#include "pool.h"
#include "record.h"
#include "schedule.h"

enum { LOAD_SCRATCH_BYTES = 65536 };

/* Written by the caller, read by every process. */
struct load_control {
    _Atomic int64_t begin_ns; /* start of the warm-up; 0: not yet */
    _Atomic int stop;         /* end the window now */
};

/* Written by one process, read by the caller once `done`. */
struct load_slot {
    _Atomic int ready; /* the ramp is over */
    _Atomic int done;
    int open;  /* connections at the end of the ramp */
    int error; /* negative errno: why the last connection failed, or why the
                  process could not start */
    char reason[LOAD_REASON_MAX]; /* `error` in words, if they say more than the
                                     errno; or "" */
    struct load_result result;
};

/* What a generator process is given. */
struct load_task {
    const struct load_spec *spec;
    int process, processes;
    struct load_control *control;
    struct load_slot *slot;
    struct load_interval *intervals; /* of this process; NULL: none */
    int control_fd;                  /* eventfd: control has changed */
    int report_fd; /* eventfd: to be written when the slot has changed */
};

struct load_drive {
    const struct load_spec *spec;
    int process, processes;
    struct load_slot *slot;
    struct load_record record;
    struct load_pool pool;
    struct load_reference *references; /* one per request of the spec */
    struct load_kept kept;             /* with requests that have a check */
    char *scratch; /* bytes read from a socket, until they are judged */

    /* Open loop: entries [taken, arrived) of the schedule are due and wait for
     * a free connection, so the queue is a part of the schedule. */
    struct load_schedule schedule;
    size_t taken, arrived;
    uint64_t sent;  /* closed loop: number of the next request */
    uint64_t begun; /* requests sent, and those that could not connect */
    uint64_t limit; /* closed loop: limit of `begun`; 0: none */
    int slice;      /* index of the spec's current or next slice */

    bool running;       /* the load has begun and its window has not ended */
    int undecided;      /* ramp: connections neither open nor given up */
    int64_t abandon_ns; /* everything unanswered by then counts as timed out */
};

/* Allocates all that is needed until the end. Returns 0 or a negative
 * errno. */
int load_drive_init(struct load_drive *drive, const struct load_task *task);

/* Sets the times of warm-up and window; the warm-up begins at `origin_ns`. */
void load_drive_begin(struct load_drive *drive, int64_t origin_ns);

/* The process's request number `number`, and what is known of its answers. */
struct load_reference *load_drive_reference(const struct load_drive *drive,
                                            uint64_t number);

/* Whether a closed loop may send at `now_ns`: from the beginning of the load
 * until the window's end, even if the end is noticed late; if the spec has
 * slices, only within one. `now_ns` must not decrease. */
bool load_drive_asks(struct load_drive *drive, int64_t now_ns);

/* Closed loop: makes an open connection wait for its turn in the first half of
 * the warm-up. Without a warm-up every turn is at the beginning. */
void load_drive_start(struct load_drive *drive,
                      struct load_connection *connection);

/* Makes an open connection that may not send now wait for the next slice. The
 * connection is free if no slice is left. */
void load_drive_rest(struct load_drive *drive,
                     struct load_connection *connection, int64_t now_ns);

/* Whether the spec's number of requests has been reached and all requests of
 * this process have ended. */
bool load_drive_reached(const struct load_drive *drive);

/* Requests of an open loop's window that have not ended. */
uint64_t load_drive_pending(const struct load_drive *drive);

/* Whether a push that was due in the window is still missing. One time-out
 * after the window's end a push is given up: it counts as missing, with its
 * lateness at that moment. */
bool load_drive_owed(struct load_drive *drive, int64_t now_ns);

/* When missing pushes are given up; INT64_MAX without pushes. */
int64_t load_drive_patience_ns(const struct load_drive *drive);

/* Keeps the words about the first failure, with the server's address. */
void load_drive_note(struct load_drive *drive, const char *what);

/* Keeps for the caller why a connection failed: a negative errno, and words if
 * they say more than the errno, or NULL. */
void load_drive_reason(struct load_drive *drive, int error, const char *reason);

/* Tells the ramp to stop waiting for this connection. */
void load_drive_decide(struct load_drive *drive,
                       struct load_connection *connection);

/* Closes a connection and has it opened again: at once after a whole answer,
 * else after a pause. */
void load_drive_reopen(struct load_drive *drive,
                       struct load_connection *connection);

/* Ends the request on this connection as failed, and the connection with it. */
void load_drive_fail(struct load_drive *drive,
                     struct load_connection *connection,
                     enum load_outcome outcome, const char *words);

/* Ends the first `count` requests that wait for a connection as failed. */
void load_drive_fail_queued(struct load_drive *drive, size_t count,
                            enum load_outcome outcome, const char *words);

/* Says that a WebSocket handshake was not answered in time. */
extern const char load_drive_no_handshake[];

/* Ends the attempt to open a connection and fails the requests that depend on
 * it. `error` is a negative errno; `words` replace its text unless NULL. */
void load_drive_fail_connect(struct load_drive *drive,
                             struct load_connection *connection, int error,
                             const char *words);
