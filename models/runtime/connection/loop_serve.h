/* SPDX-License-Identifier: MIT
 *
 * Serving on a loop, with a coroutine per connection: the part that all models
 * with loops share. A model only says how many loops there are and where they
 * run.
 */
#pragma once

#include <stddef.h>

#include "server.h"

/* Makes a loop for this thread, accepts from config->listen_fd and serves each
 * connection in a task with a stack of `stack_bytes`, until config->stop_fd is
 * readable; then finishes the requests in flight (within the drain's limit),
 * drops idle connections and frees the loop. Returns 0, or a negative errno if
 * it could not start. */
int loop_serve(const struct server_config *config, size_t stack_bytes);

/* Serves on the loop that this thread has made with loop_init, and will free.
 * For a model in which all loops must exist before one accepts. */
int loop_serve_here(const struct server_config *config);

/* The start of loop_serve_here, for a model that shows its loop: makes the
 * first task, which starts the accepting task and waits for the stop. The model
 * then runs the loop (loop_run_ready, loop_poll, loop_expire), and loop_end
 * returns 0 or a negative errno. Returns 0 or -ENOMEM. */
int loop_serve_begin(const struct server_config *config);

/* The row of a model's `--stack` for loop_serve's second argument. */
#define LOOP_STACK_PARAMETER                                                   \
    {                                                                          \
        .name = "stack", .unit = UNIT_BYTES, .default_text = "64KiB",          \
        .min = 16 << 10, .max = 64 << 20,                                      \
        .help = "address space of a coroutine's stack; only touched pages "    \
                "take memory",                                                 \
    }
