/* SPDX-License-Identifier: MIT
 *
 * More listening sockets on the port of the first, one for each loop, so that
 * the kernel deals connections out among them (SO_REUSEPORT, socket(7)) and no
 * two loops are woken for the same one.
 */
#pragma once

#include "server.h"

/* Fills fds[0] to fds[count - 1]: with `own`, config->listen_fd and new ones
 * beside it, else config->listen_fd alone, in each place. Returns 0 or a
 * negative errno; nothing is left open then. */
int listener_spread(const struct server_config *config, bool own, int *fds,
                    int count);

/* Closes what listener_spread opened; config->listen_fd stays open. */
void listener_close(const struct server_config *config, const int *fds,
                    int count);

/* The row of a model's `--spread` for `own`. */
#define LISTENER_SPREAD_PARAMETER                                              \
    {                                                                          \
        .name = "spread", .unit = UNIT_COUNT, .default_text = "1", .min = 0,   \
        .max = 1,                                                              \
        .help = "1: a listening socket for each loop (SO_REUSEPORT), 0: all "  \
                "accept from one",                                             \
    }
