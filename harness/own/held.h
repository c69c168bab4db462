/* SPDX-License-Identifier: MIT
 *
 * Answers that are held back in their middle: the service writes head and body
 * apart, Nagle's algorithm keeps the body until the head is acknowledged, and
 * the client's kernel delays that acknowledgement by some 40 ms.
 */
#pragma once

#include <signal.h>

#include "harness/probe/subject.h"

/* Asks a few times over one kept connection, and then with acknowledgements
 * sent at once. Returns for how long the answer is held back, in ns, if it is
 * in each of the former turns, and in none of a few of the latter in a row,
 * which nothing else explains; else 0. */
double held_ns(const struct sockaddr_in *address,
               const struct load_request *request,
               const volatile sig_atomic_t *stop);
