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
