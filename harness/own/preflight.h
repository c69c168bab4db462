/* SPDX-License-Identifier: MIT
 *
 * A look at a service that is up, within a second or two: whether it answers
 * each URL, how its answers differ, and so how they can be checked.
 */
#pragma once

#include <signal.h>

#include "harness/probe/subject.h"

struct preflight {
    struct load_rule rule; /* the strictest that held for all answers */
    int answers;           /* how many were looked at */
    bool closes;           /* the service ends the connection after an answer */
    char token_from[160];  /* where the login's token is; "": no login */
    double least_ns; /* a request's time, with its connection: the least of each
                        URL, by their weights */
};

/* Asks for each URL a few times, more than a second apart, since a clock may be
 * in the answers. `check`: the rule that the person asks for, by which each
 * answer is judged as soon as it is there; or NULL. Returns 0, or a negative
 * errno with a sentence: -EPROTO an answer is no good, -EINTR *stop was set. */
int preflight_look(const struct subject *subject, const char *check,
                   const volatile sig_atomic_t *stop,
                   struct preflight *preflight, char *why, size_t why_size);
