/* SPDX-License-Identifier: MIT
 *
 * A model's discipline: what a request occupies while it waits, and so how many
 * requests can wait at once. The laws behind a prediction need to know nothing
 * else about the kind of a model. So a model declares its discipline,
 * --describe prints it, and the harness reads it.
 */
#pragma once

#include <string.h>

enum discipline {
    DISCIPLINE_UNKNOWN, /* the server does not say */
    DISCIPLINE_ALONE,   /* the only thread there is */
    DISCIPLINE_WORKER,  /* one of a fixed number of workers */
    DISCIPLINE_THREAD,  /* a thread of its own */
    DISCIPLINE_PROCESS, /* a process of its own */
    DISCIPLINE_LOOP,    /* nothing: the loop's thread serves others meanwhile */
    DISCIPLINES,
};

/* The discipline's name in JSON. */
static inline const char *discipline_name(enum discipline discipline)
{
    static const char *const names[DISCIPLINES] = {
        [DISCIPLINE_UNKNOWN] = "unknown", [DISCIPLINE_ALONE] = "alone",
        [DISCIPLINE_WORKER] = "worker",   [DISCIPLINE_THREAD] = "thread",
        [DISCIPLINE_PROCESS] = "process", [DISCIPLINE_LOOP] = "loop",
    };
    return names[discipline];
}

/* The discipline of that name; DISCIPLINES: there is none. */
static inline enum discipline discipline_find(const char *name)
{
    for (int d = 0; d < DISCIPLINES; d++)
        if (!strcmp(name, discipline_name((enum discipline)d)))
            return (enum discipline)d;
    return DISCIPLINES;
}
