/* SPDX-License-Identifier: MIT
 *
 * The second chance of trials that were left invalid, after all others: what
 * spoiled them may be gone.
 */
#pragma once

#include "attempt.h"

/* Measures each once more, in the plan's order, as far as a quarter of the
 * run's announced time goes, less what repeated attempts took of that on the
 * way (ten seconds at least). Left out is what would
 * fail again: a wrong answer, a program that cannot be started. Returns 0 or a
 * negative errno, as attempt_do. */
int again_do(struct run *run);
