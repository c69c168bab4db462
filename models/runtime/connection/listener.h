/* SPDX-License-Identifier: MIT
 *
 * More listening sockets on the port of the first, one for each loop
 * (SO_REUSEPORT, socket(7)). The kernel distributes connections among them, and
 * never wakes two loops for one connection.
 */
#pragma once

#include "server.h"

/* Fills fds[0] to fds[count - 1]: if `own`, with config->listen_fd and new
 * sockets; else every place with config->listen_fd. Returns 0, or a negative
 * errno after closing the new sockets. */
int listener_spread(const struct server_config *config, bool own, int *fds,
                    int count);

/* Closes the sockets that listener_spread opened; config->listen_fd stays
 * open. */
void listener_close(const struct server_config *config, const int *fds,
                    int count);

/* The row of a model's `--spread`, whose value is `own`. */
#define LISTENER_SPREAD_PARAMETER                                              \
    {                                                                          \
        .name = "spread", .unit = UNIT_COUNT, .default_text = "1", .min = 0,   \
        .max = 1,                                                              \
        .help = "1: a listening socket for each loop (SO_REUSEPORT), 0: all "  \
                "accept from one",                                             \
    }
