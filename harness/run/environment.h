/* SPDX-License-Identifier: MIT
 *
 * The machine and the build as facts, for run.json and for the doctor. A fact
 * that the kernel does not tell is the text "not exposed" (or null where a
 * number is expected): never a guess.
 */
#pragma once

#include <jansson.h>

/* A new object that the caller owns, flat but for rlimits, psi, cgroup and
 * libraries; keys carry their units. Takes some milliseconds. NULL only when
 * out of memory. */
json_t *environment_capture(void);

/* Compares the facts that make two environments one, which "fingerprint" of
 * each is a hash of: figures from two different ones compare machines. Calls
 * `differs` for each fact that is not the same in both, with the two values as
 * texts. Returns how many there are. */
int environment_compare(const json_t *a, const json_t *b,
                        void (*differs)(const char *fact, const char *a,
                                        const char *b, void *context),
                        void *context);
