/* SPDX-License-Identifier: MIT
 *
 * Prints a message when a coroutine runs into its stack's guard. The process
 * still ends by SIGSEGV, but not without an explanation.
 */
#pragma once

#include "coroutine.h"

/* Watches the coroutines of `pool`, the only one of this thread, until
 * coroutine_overflow_end. Replaces the process's handler of SIGSEGV. Does
 * nothing under sanitizers, which print their own report. Returns 0 or a
 * negative errno. */
int coroutine_overflow_watch(const struct coroutine_pool *pool);

/* To be called before the thread ends. */
void coroutine_overflow_end(void);
