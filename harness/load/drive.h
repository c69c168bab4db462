/* SPDX-License-Identifier: MIT
 *
 * One generator process's share of a load: its connections, its part of the
 * schedule, its account, and the memory it shares with the caller of
 * load_start. Decides what may be sent when, and ends what fails. No I/O;
 * requests.h sends and receives.
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
    char reason[LOAD_REASON_MAX]; /* the same in words, where they say more
                                     than the errno; or "" */
    struct load_result result;
};

/* What a process is given. */
struct load_task {
    const struct load_spec *spec;
    int process, processes;
    struct load_control *control;
    struct load_slot *slot;
    int control_fd; /* eventfd: control has changed */
    int report_fd;  /* eventfd: to be written when the slot has changed */
};

struct load_drive {
    const struct load_spec *spec;
    int process, processes;
    struct load_slot *slot;
    struct load_record record;
    struct load_pool pool;
    struct load_reference *references; /* one per request of the spec */
    char *scratch;                     /* what was read, until looked at */

    /* Open loop: entries [taken, arrived) of the schedule are due and wait
     * for a free connection: the queue is a part of the schedule. */
    struct load_schedule schedule;
    size_t taken, arrived;
    uint64_t sent;  /* closed loop: requests so far */
    uint64_t begun; /* the same with those that could not connect */
    uint64_t limit; /* closed loop: the most to begin; 0: any number */
    int slice;      /* of the spec, under way or next */

    bool running;       /* begun, and the window is not over */
    int undecided;      /* ramp: connections neither open nor given up */
    int64_t abandon_ns; /* everything still out is timed out then */
};

/* Allocates all that is needed until the end. Returns 0 or a negative
 * errno. */
int load_drive_init(struct load_drive *drive, const struct load_task *task);

/* Sets the times of warm-up and window; the warm-up begins at `origin_ns`. */
void load_drive_begin(struct load_drive *drive, int64_t origin_ns);

/* The process's request of that number, and what is known of its answers. */
struct load_reference *load_drive_reference(const struct load_drive *drive,
                                            uint64_t number);

/* Whether a closed loop may send now: from the beginning, which is set some
 * time ahead, until the window's end, even if the end is noticed late. A spec
 * with slices allows it in a slice only. Time never goes back. */
bool load_drive_asks(struct load_drive *drive, int64_t now_ns);

/* Closed loop: makes an open connection wait for its turn in the first half of
 * the warm-up. Without a warm-up every turn is at the beginning. */
void load_drive_start(struct load_drive *drive,
                      struct load_connection *connection);

/* Makes an open connection that may not send now wait for the next slice. The
 * connection is free if no slice is left. */
void load_drive_rest(struct load_drive *drive,
                     struct load_connection *connection, int64_t now_ns);

/* Whether the spec's number of requests has been reached, and all of this
 * process's have ended. */
bool load_drive_reached(const struct load_drive *drive);

/* Requests of an open loop's window that have not ended. */
uint64_t load_drive_pending(const struct load_drive *drive);

/* Whether a push that was due in the window is still missing. A push is given
 * up one time-out after the window's end: it counts as missing, and as late as
 * it is by then. */
bool load_drive_owed(struct load_drive *drive, int64_t now_ns);

/* When missing pushes are given up; INT64_MAX without pushes. */
int64_t load_drive_patience_ns(const struct load_drive *drive);

/* Keeps the words about the first failure, with the server's address. */
void load_drive_note(struct load_drive *drive, const char *what);

/* Keeps for the caller why a connection failed: a negative errno, and words if
 * they say more than the errno, or NULL. */
void load_drive_reason(struct load_drive *drive, int error, const char *reason);

/* Tells the ramp not to wait for this connection any more. */
void load_drive_decide(struct load_drive *drive,
                       struct load_connection *connection);

/* Closes a connection, to be opened again: at once after a whole answer, else
 * after a pause. */
void load_drive_reopen(struct load_drive *drive,
                       struct load_connection *connection);

/* Ends the request on this connection as failed, and the connection with it. */
void load_drive_fail(struct load_drive *drive,
                     struct load_connection *connection,
                     enum load_outcome outcome, const char *words);

/* Ends the first `count` requests that wait for a connection as failed. */
void load_drive_fail_queued(struct load_drive *drive, size_t count,
                            enum load_outcome outcome, const char *words);

/* Words for a WebSocket handshake that was not answered in time. */
extern const char load_drive_no_handshake[];

/* Ends the attempt to open a connection (negative errno; `words` instead of the
 * errno's, or NULL), and fails the requests that depend on it. */
void load_drive_fail_connect(struct load_drive *drive,
                             struct load_connection *connection, int error,
                             const char *words);
