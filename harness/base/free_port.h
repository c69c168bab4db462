/* SPDX-License-Identifier: MIT
 *
 * A port for a server that must be told one.
 */
#pragma once

/* A TCP port that nobody listens on, or 0. It is below those that Linux gives
 * to clients, so that no connection of a generator takes it between our look
 * and the server's bind. */
int free_port(void);
