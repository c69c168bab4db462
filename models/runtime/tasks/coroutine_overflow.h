/* SPDX-License-Identifier: MIT
 *
 * Says so when a coroutine runs into its stack's guard, instead of dying of a
 * nameless SIGSEGV. The process ends by that signal all the same.
 */
#pragma once

#include "coroutine.h"

/* Watches this thread's coroutines of `pool`, until coroutine_overflow_end.
 * One pool a thread; replaces the process's handler of SIGSEGV. Does nothing
 * under sanitizers, which have a report of their own. Returns 0 or a negative
 * errno. */
int coroutine_overflow_watch(const struct coroutine_pool *pool);

/* Before the thread ends. */
void coroutine_overflow_end(void);
