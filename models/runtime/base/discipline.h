/* SPDX-License-Identifier: MIT
 *
 * A model's discipline: what a request keeps from the others while it waits.
 * The laws of a prediction need nothing else of a model's kind (how many
 * requests can wait at once), so a model declares it, --describe tells it, and
 * the harness reads it.
 */
#pragma once

enum discipline {
    DISCIPLINE_UNKNOWN, /* of a server that does not say */
    DISCIPLINE_ALONE,   /* the only thread there is */
    DISCIPLINE_WORKER,  /* one of a fixed number of workers */
    DISCIPLINE_THREAD,  /* a thread of its own */
    DISCIPLINE_PROCESS, /* a process of its own */
    DISCIPLINE_LOOP,    /* nothing: the loop's thread serves others meanwhile */
    DISCIPLINES,
};

/* The word for it in JSON. */
static inline const char *discipline_name(enum discipline discipline)
{
    static const char *const names[DISCIPLINES] = {
        [DISCIPLINE_UNKNOWN] = "unknown", [DISCIPLINE_ALONE] = "alone",
        [DISCIPLINE_WORKER] = "worker",   [DISCIPLINE_THREAD] = "thread",
        [DISCIPLINE_PROCESS] = "process", [DISCIPLINE_LOOP] = "loop",
    };
    return names[discipline];
}
