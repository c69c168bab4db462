/* SPDX-License-Identifier: MIT
 *
 * Calls to the backend, a `GET /wait` on one of our own servers, over real
 * sockets that are kept open (pool.h).
 */
#pragma once

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct reply;

/* Sets the backend's address (--backend). Must come before the first call and
 * the first fork.
 */
void backend_use(const struct sockaddr_in *address);

/* Asks the backend to wait `delay_ns`, and checks its answer byte for byte
 * (seed included). Sets *check to the answer's check value, which backend_check
 * computes without a backend. Returns 0 or a negative errno, such as
 * -ECONNREFUSED; -EPROTO if the answer is wrong; -EDESTADDRREQ if the server
 * was started without --backend. A kept connection that the backend has closed
 * meanwhile is replaced once, silently. */
int backend_call(int64_t delay_ns, uint64_t seed, uint64_t *check);

/* The proof in an answer of `wait` that the call was made: a hash of delay and
 * seed. Pure. Its top bit is 0, so that a task can return it where a negative
 * number is an error. */
uint64_t backend_check(int64_t delay_ns, uint64_t seed);

/* Combines the proofs of several calls, in order; start from 0. */
static inline uint64_t backend_combine(uint64_t combined, uint64_t check)
{
    return combined * 31 + check;
}

/* Writes the body of `wait`'s answer, which backend_call expects. Not
 * null-terminated. Returns its length. */
enum { BACKEND_BODY_MAX = 96 };
size_t backend_body(int64_t delay_ns, uint64_t seed, char *text);

/* Puts a failed call into words, as the reason of a 503. Returns `error`. */
int backend_explain(int error, struct reply *reply);
