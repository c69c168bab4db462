/* SPDX-License-Identifier: MIT
 *
 * Calls to PostgreSQL through libpq's non-blocking functions: libpq owns the
 * socket, rt_wait_fd does every wait. Connections are kept (pool.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct reply;

/* One statement with one result column. Each connection prepares a statement
 * once; statements are told apart by the pointer `sql`. */
struct postgresql_query {
    const char *sql;
    const char *const *values; /* of $1, $2, ... as text */
    int count;
    int64_t wait_ns; /* how long the statement waits on purpose */
};

/* Called with each row's value, which is not null-terminated. */
typedef void postgresql_row(void *context, const char *value, size_t size);

/* Runs the statement and calls `row` for each row, once all are there. A kept
 * connection that was closed meanwhile is replaced once, silently. Returns the
 * number of rows, or a negative errno with the reason in `reply`. */
int postgresql_call(const struct postgresql_query *query, postgresql_row *row,
                    void *context, struct reply *reply);

/* Loads libpq. Call it early, while the process has one thread, with a stack
 * of usual size. Returns 0, or -ENOSYS with the reason in `why`. */
int postgresql_load(char *why, size_t why_size);
