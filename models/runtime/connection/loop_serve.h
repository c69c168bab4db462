/* SPDX-License-Identifier: MIT
 *
 * Serving on a loop: what every model with a loop in it does between accept
 * and the end, a coroutine per connection. A model adds only how many loops
 * there are and where they run.
 */
#pragma once

#include <stddef.h>

#include "server.h"

/* Makes a loop for this thread, accepts from config->listen_fd and serves each
 * connection in a task with a stack of `stack_bytes`, until config->stop_fd is
 * readable; then finishes what is in flight (at most the drain limit), drops
 * the idle connections and frees the loop. Returns 0, or a negative errno if
 * it could not start. */
int loop_serve(const struct server_config *config, size_t stack_bytes);

/* Serves on the loop that this thread has made with loop_init, and will free:
 * for a model that must know that all its loops exist before one accepts. */
int loop_serve_here(const struct server_config *config);

/* The row of a model's `--stack` for loop_serve's second argument. */
#define LOOP_STACK_PARAMETER                                                   \
    {                                                                          \
        .name = "stack", .unit = UNIT_BYTES, .default_text = "64KiB",          \
        .min = 16 << 10, .max = 64 << 20,                                      \
        .help = "address space of a coroutine's stack; only touched pages "    \
                "take memory",                                                 \
    }
