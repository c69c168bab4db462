/* SPDX-License-Identifier: MIT
 *
 * The stack switch, one implementation per CPU: hand-written for x86-64 and
 * aarch64 (coroutine_switch_*.S), ucontext elsewhere or with
 * -DCOROUTINE_UCONTEXT (coroutine_switch.c). Only coroutine.c uses it.
 *
 * A context is one pointer: everything else that is needed to go on lies on the
 * suspended stack.
 */
#pragma once

#if !defined(COROUTINE_UCONTEXT) && !defined(__x86_64__) &&                    \
    !defined(__aarch64__)
#define COROUTINE_UCONTEXT 1
#endif

/* Leaves the present stack, storing its context in *save, for the stack of
 * `load`. Returns when somebody switches to *save. Preserves the registers that
 * the calling convention says a call preserves, and the floating-point modes of
 * <fenv.h> (rounding and traps). Flushing to zero, which only intrinsics can
 * set, stays the thread's. */
void coroutine_switch(void **save, void *load);

/* Makes a context on a fresh stack that ends at `top` (aligned to 16): the
 * first switch to it calls entry(arg), which must not return. */
void *coroutine_switch_prepare(void *top, void (*entry)(void *), void *arg);
