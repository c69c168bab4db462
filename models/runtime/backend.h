/* SPDX-License-Identifier: MIT
 *
 * Calls to the backend over real sockets kept open: a `GET /wait` on one of
 * our own servers. Connections are kept in a list per process, taken by one
 * task at a time; a forked child starts with none of its parent's.
 */
#pragma once

#include <stdint.h>

/* Asks the backend to wait `delay_ns` and checks its answer byte for byte
 * (seed included). Sets *check to the answer's check value (backend_check
 * computes the same without a backend). Returns 0, or
 * -ECONNREFUSED and the like, -EPROTO when the answer is not what it must
 * be, -EDESTADDRREQ when the server was started without --backend. A kept
 * connection that the backend closed meanwhile is replaced once, silently. */
int backend_call(int64_t delay_ns, uint64_t seed, uint64_t *check);

/* What the answer of `wait` carries as proof that the call was made: a hash
 * of delay and seed. Pure. */
uint64_t backend_check(int64_t delay_ns, uint64_t seed);
