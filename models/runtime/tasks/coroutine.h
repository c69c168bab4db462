/* SPDX-License-Identifier: MIT
 *
 * Stackful coroutines: functions that can be left in the middle and entered
 * again, each on a stack of its own. This file knows nothing of loops, timers
 * or sockets.
 *
 * A coroutine belongs to the thread that made it. It is entered with
 * coroutine_resume and leaves with coroutine_suspend, back to whoever resumed
 * it. Its control block and its local data lie at the top of its stack, so
 * that a parked coroutine costs one touched page. Stacks are address space
 * until they are touched, have a guard below them and are reused, the last
 * given back first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What sanitizers add to frames, a larger stack must take. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COROUTINE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COROUTINE_SANITIZED 1
#endif
#endif

enum {
    COROUTINE_STACK_MIN_BYTES = 16 * 1024,
    COROUTINE_GUARD_BYTES = 16 * 1024, /* more than any one frame of ours, so
                                          that no frame steps across it */
};

struct coroutine;

/* Where one thread's coroutines get their stacks. */
struct coroutine_pool;

/* The body; `local` is the coroutine's own data. */
typedef void coroutine_fn(void *local);

/* Makes a pool of stacks of `stack_bytes` each (rounded up to whole pages, at
 * least the minimum, four times as much under sanitizers). Returns 0, -EINVAL
 * or -ENOMEM. */
int coroutine_pool_new(size_t stack_bytes, struct coroutine_pool **pool);

/* Unmaps all stacks. No coroutine of the pool may be used afterwards. NULL is
 * allowed. */
void coroutine_pool_free(struct coroutine_pool *pool);

/* Makes a coroutine, not yet running, with `local_bytes` of uninitialised
 * local data aligned to 16 (at most a quarter of the stack). Returns NULL when
 * out of memory, mappings or address space. */
struct coroutine *coroutine_new(struct coroutine_pool *pool, coroutine_fn *fn,
                                size_t local_bytes);

/* The coroutine's local data; valid until coroutine_free. */
void *coroutine_local(const struct coroutine *coroutine);

/* Runs it until it suspends or ends. Not for one that is done or running. */
void coroutine_resume(struct coroutine *coroutine);

/* Begins to fetch what resuming it will touch, while others still run: of
 * thousands that wait, most stacks have left the caches. */
void coroutine_prefetch(const struct coroutine *coroutine);

/* Leaves the running coroutine until somebody resumes it. */
void coroutine_suspend(void);

/* The running coroutine of this thread, or NULL outside of any. */
struct coroutine *coroutine_self(void);

/* The coroutine's function has returned. */
bool coroutine_done(const struct coroutine *coroutine);

/* Gives the stack back: of a coroutine that is done, never began, or is never
 * to be resumed again (what it holds is then lost). */
void coroutine_free(struct coroutine_pool *pool, struct coroutine *coroutine);

/* Whether the address lies in the guard of this thread's running coroutine.
 * Fit for signal handlers. */
bool coroutine_guard_has(const void *address);

/* The bytes of its stack in memory: touched by it, or by an earlier owner of
 * the same stack. 0 when the kernel does not tell. */
size_t coroutine_stack_touched(const struct coroutine *coroutine);

/* The room of each stack, without its guard. */
size_t coroutine_pool_stack_bytes(const struct coroutine_pool *pool);

/* How far a pool's stacks were ever used. Asks the kernel about every page:
 * some microseconds a stack, nothing while coroutines run. */
struct coroutine_usage {
    size_t stacks;            /* ever used */
    size_t room_bytes;        /* of each, without its guard */
    size_t touched_bytes;     /* of all of them, as they are now */
    size_t touched_max_bytes; /* of the deepest one: the high-water mark */
};
void coroutine_pool_usage(const struct coroutine_pool *pool,
                          struct coroutine_usage *usage);
