/* SPDX-License-Identifier: MIT
 *
 * A handler of SIGSEGV on a stack of its own, because the coroutine's is used
 * up. The handler compares the address with the running coroutine's guard,
 * restores the default action, and lets the instruction fault again. So exit
 * status and core file are those of any other crash.
 */
#include "coroutine_overflow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef COROUTINE_SANITIZED

int coroutine_overflow_watch(const struct coroutine_pool *pool)
{
    (void)pool;
    return 0;
}

void coroutine_overflow_end(void)
{
}

#else

/* The handler's own stack use. On top of that comes the frame that the kernel
 * writes, which grows with the CPU's registers. */
enum { HANDLER_BYTES = 8192 };

static _Thread_local char message[160];
static _Thread_local void *own_stack;

static size_t stack_bytes(void)
{
    return HANDLER_BYTES + (size_t)getauxval(AT_MINSIGSTKSZ);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (coroutine_guard_has(info->si_addr))
        (void)!write(STDERR_FILENO, message, strlen(message));
    signal(number, SIG_DFL);
    if (info->si_code <= 0) /* sent by a process: it will not recur by itself */
        raise(number);
}

int coroutine_overflow_watch(const struct coroutine_pool *pool)
{
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = stack_bytes()};
    int error;
    stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED)
        return -errno;
    snprintf(message, sizeof message,
             "a coroutine overflowed its stack of %zu KiB; give it a larger "
             "one (--stack)\n",
             coroutine_pool_stack_bytes(pool) / 1024);
    if (sigaltstack(&stack, NULL) < 0 ||
        sigaction(SIGSEGV, &action, NULL) < 0) {
        error = -errno;
        munmap(stack.ss_sp, stack.ss_size);
        return error;
    }
    own_stack = stack.ss_sp;
    return 0;
}

void coroutine_overflow_end(void)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (!own_stack)
        return;
    sigaltstack(&none, NULL);
    munmap(own_stack, stack_bytes());
    own_stack = NULL;
}

#endif
