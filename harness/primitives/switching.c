/* SPDX-License-Identifier: MIT
 *
 * Switches of the event-loop models' coroutines, and of the C library's
 * contexts. A round trip counts as two switches.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <ucontext.h>

#include "measure.h"
#include "models/runtime/tasks/coroutine.h"

enum { STACK_BYTES = 64 * 1024 };

static void suspend_for_ever(void *local)
{
    (void)local;
    for (;;)
        coroutine_suspend();
}

static void end_at_once(void *local)
{
    (void)local;
}

/* Makes `count` coroutines and lets each begin. Returns how many were made. */
static int begin_all(struct coroutine_pool *pool, struct coroutine **all,
                     int count)
{
    for (int i = 0; i < count; i++) {
        all[i] = coroutine_new(pool, suspend_for_ever, 0);
        if (!all[i])
            return i;
        coroutine_resume(all[i]);
    }
    return count;
}

int64_t switching_turns(int64_t operations, int coroutines)
{
    struct coroutine_pool *pool;
    struct coroutine **all = NULL;
    int64_t took_ns = -ENOMEM;

#ifdef COROUTINE_SANITIZED
    if (coroutines > 1000)
        return -ENOTSUP; /* the thread sanitizer has fewer fibers */
#endif
    all = calloc((size_t)coroutines, sizeof *all);

    if (!all || coroutine_pool_new(STACK_BYTES, &pool) < 0) {
        free(all);
        return -ENOMEM;
    }
    int begun = begin_all(pool, all, coroutines);
    if (begun == coroutines) {
        int64_t start_ns = measure_cpu();
        int next = 0;
        for (int64_t i = 0; i < operations; i += 2) {
            coroutine_resume(all[next]);
            if (++next == coroutines)
                next = 0;
        }
        took_ns = measure_cpu() - start_ns;
    }
    for (int i = 0; i < begun; i++)
        coroutine_free(pool, all[i]);
    coroutine_pool_free(pool);
    free(all);
    return took_ns;
}

int64_t switching_spawn(int64_t operations, int variant)
{
    struct coroutine_pool *pool;
    int64_t start_ns = 0;

    (void)variant;
    if (coroutine_pool_new(STACK_BYTES, &pool) < 0)
        return -ENOMEM;
    /* The first coroutine, which is not timed, makes the stack that the others
     * reuse. */
    for (int64_t i = -1; i < operations; i++) {
        if (i == 0)
            start_ns = measure_cpu();
        struct coroutine *coroutine = coroutine_new(pool, end_at_once, 64);
        if (!coroutine) {
            coroutine_pool_free(pool);
            return -ENOMEM;
        }
        coroutine_resume(coroutine);
        coroutine_free(pool, coroutine);
    }
    int64_t took_ns = measure_cpu() - start_ns;
    coroutine_pool_free(pool);
    return took_ns;
}

int64_t switching_spawn_fresh(int64_t operations, int variant)
{
    struct coroutine_pool *pool;
    struct coroutine **all = calloc((size_t)operations, sizeof *all);

    (void)variant;
    if (!all || coroutine_pool_new(STACK_BYTES, &pool) < 0) {
        free(all);
        return -ENOMEM;
    }
    int64_t start_ns = measure_cpu();
    int begun = begin_all(pool, all, (int)operations);
    int64_t took_ns = measure_cpu() - start_ns;
    for (int i = 0; i < begun; i++)
        coroutine_free(pool, all[i]);
    coroutine_pool_free(pool);
    free(all);
    return begun == operations ? took_ns : -ENOMEM;
}

#ifdef COROUTINE_SANITIZED
int64_t switching_ucontext(int64_t operations, int variant)
{
    (void)operations, (void)variant;
    return -ENOTSUP; /* sanitizers do not support swapcontext */
}
#else
static ucontext_t here, there;

static void swap_for_ever(void)
{
    for (;;)
        swapcontext(&there, &here);
}

int64_t switching_ucontext(int64_t operations, int variant)
{
    static char stack[STACK_BYTES];

    (void)variant;
    if (getcontext(&there) < 0)
        return -errno;
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = sizeof stack;
    makecontext(&there, swap_for_ever, 0);
    int64_t start_ns = measure_cpu();
    for (int64_t i = 0; i < operations; i += 2)
        swapcontext(&here, &there);
    return measure_cpu() - start_ns;
}
#endif
