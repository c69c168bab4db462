/* SPDX-License-Identifier: MIT
 *
 * The first frame of a fresh stack, laid out as coroutine_switch leaves a
 * suspended stack. For CPUs without assembly here also the switch itself: by
 * ucontext, at a system call per switch.
 */
#include "coroutine_switch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef COROUTINE_UCONTEXT
#include <ucontext.h>

/* makecontext passes ints only; a pointer goes in halves. */
static void first_call(unsigned entry_high, unsigned entry_low,
                       unsigned arg_high, unsigned arg_low)
{
    uintptr_t entry = (uintptr_t)((uint64_t)entry_high << 32 | entry_low);
    uintptr_t arg = (uintptr_t)((uint64_t)arg_high << 32 | arg_low);
    ((void (*)(void *))entry)((void *)arg);
    abort();
}

void *coroutine_switch_prepare(void *top, void (*entry)(void *), void *arg)
{
    /* makecontext takes the stack's low end and its size, but uses only their
     * sum. So the stack may go on below `room`. */
    enum { room = 4096 };
    uint64_t entry_bits = (uintptr_t)entry, arg_bits = (uintptr_t)arg;
    ucontext_t *context =
        (ucontext_t *)(((uintptr_t)top - sizeof *context) & ~(uintptr_t)63);
    memset(context, 0, sizeof *context);
    getcontext(context);
    context->uc_stack.ss_sp = (char *)context - room;
    context->uc_stack.ss_size = room;
    context->uc_link = NULL;
    makecontext(context, (void (*)(void))first_call, 4,
                (unsigned)(entry_bits >> 32), (unsigned)entry_bits,
                (unsigned)(arg_bits >> 32), (unsigned)arg_bits);
    return context;
}

void coroutine_switch(void **save, void *load)
{
    ucontext_t here;
    /* cppcheck-suppress autoVariables ; the stack of `here` is suspended, not
     * unwound */
    *save = &here;
    swapcontext(&here, load);
}

#elif defined(__x86_64__)

/* The first switch to a fresh context arrives here, in the assembly file. */
extern char coroutine_switch_start[];

void *coroutine_switch_prepare(void *top, void (*entry)(void *), void *arg)
{
    uint64_t *frame = (uint64_t *)top - 10;
    uint16_t x87;
    /* A new coroutine computes as its creator does, like a new thread. */
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    memset(frame, 0, 10 * sizeof *frame);
    frame[0] = x87;
    frame[3] = (uintptr_t)arg;   /* r13 */
    frame[4] = (uintptr_t)entry; /* r12 */
    frame[7] = (uintptr_t)coroutine_switch_start;
    return frame;
}

#else /* aarch64 */

extern char coroutine_switch_start[];

void *coroutine_switch_prepare(void *top, void (*entry)(void *), void *arg)
{
    uint64_t *frame = (uint64_t *)top - 22;
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    memset(frame, 0, 22 * sizeof *frame);
    frame[0] = (uintptr_t)entry;                   /* x19 */
    frame[1] = (uintptr_t)arg;                     /* x20 */
    frame[11] = (uintptr_t)coroutine_switch_start; /* x30 */
    frame[20] = fpcr;
    return frame;
}

#endif
