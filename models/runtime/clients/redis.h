/* SPDX-License-Identifier: MIT
 *
 * Calls to Redis through hiredis' non-blocking context: hiredis owns the
 * socket, rt_wait_fd does every wait. Connections are kept (pool.h).
 */
#pragma once

#include <stddef.h>

struct reply;

/* A command: its name and arguments. */
struct redis_command {
    const char *words[4];
    size_t sizes[4];
    int count;
};

/* Called with the answer, a string or a status; with NULL and 0 if there is no
 * such key. */
typedef void redis_answer(void *context, const char *text, size_t size);

/* Runs the command. A kept connection that was closed meanwhile is replaced
 * once, silently. Returns 0, or a negative errno with the reason in `reply`. */
int redis_call(const struct redis_command *command, redis_answer *answer,
               void *context, struct reply *reply);

/* Loads hiredis. Call it early, while the process has one thread, with a stack
 * of usual size. Returns 0, or -ENOSYS with the reason in `why`. */
int redis_load(char *why, size_t why_size);
