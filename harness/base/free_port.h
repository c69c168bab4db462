/* SPDX-License-Identifier: MIT
 *
 * A free port, for a server that must be given one.
 */
#pragma once

/* A TCP port that nobody listens on, or 0 if none is found. The port is below
 * the range that Linux gives to clients, so that no outgoing connection takes
 * it between this check and the server's bind. */
int free_port(void);
