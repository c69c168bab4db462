/* SPDX-License-Identifier: MIT
 *
 * The stack switch, one implementation per CPU: hand-written for x86-64 and
 * aarch64 (coroutine_switch_*.S), ucontext elsewhere or with
 * -DCOROUTINE_UCONTEXT (coroutine_switch.c). Only coroutine.c uses it.
 *
 * A context is one pointer: what is needed to go on lies on the suspended
 * stack itself.
 */
#pragma once

#if !defined(COROUTINE_UCONTEXT) && !defined(__x86_64__) &&                    \
    !defined(__aarch64__)
#define COROUTINE_UCONTEXT 1
#endif

/* Leaves the present stack, whose context goes to *save, for that of `load`.
 * Returns when somebody switches to *save. Keeps what the calling convention
 * says a call keeps, and the floating-point modes of <fenv.h> (rounding and
 * traps). What intrinsics alone can set, flushing to zero, is the thread's. */
void coroutine_switch(void **save, void *load);

/* Makes a context on a fresh stack that ends at `top` (aligned to 16): the
 * first switch to it calls entry(arg), which must not return. */
void *coroutine_switch_prepare(void *top, void (*entry)(void *), void *arg);
