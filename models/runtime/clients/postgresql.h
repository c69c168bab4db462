/* SPDX-License-Identifier: MIT
 *
 * Calls to PostgreSQL through libpq's non-blocking functions: libpq owns the
 * socket, rt_wait_fd does every wait. Connections are kept (pool.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct reply;

/* One statement of one result column. It is prepared once on each connection:
 * the same pointer is the same statement. */
struct postgresql_query {
    const char *sql;
    const char *const *values; /* of $1, $2, ... as text */
    int count;
    int64_t wait_ns; /* that it takes on purpose */
};

/* Gets each row's value; it is not null-terminated. */
typedef void postgresql_row(void *context, const char *value, size_t size);

/* Runs it and hands over the rows, once all are there. A kept connection that
 * was closed meanwhile is replaced once, silently. Returns the number of
 * rows, or a negative errno with the reason in `reply`. */
int postgresql_call(const struct postgresql_query *query, postgresql_row *row,
                    void *context, struct reply *reply);

/* Loads libpq. Call it early: while the process has one thread and a stack of
 * the usual size. Returns 0, or -ENOSYS with a sentence. */
int postgresql_load(char *why, size_t why_size);
