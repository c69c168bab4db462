/* SPDX-License-Identifier: MIT
 *
 * Stackful coroutines: functions that can be left in the middle and entered
 * again, each on a stack of its own. This file knows nothing of loops, timers
 * or sockets.
 *
 * A coroutine belongs to the thread that made it. coroutine_resume enters a
 * coroutine; coroutine_suspend returns from it to the code that resumed it. Its
 * control block and its local data lie at the top of its stack, so a suspended
 * coroutine costs one touched page. A stack is only address space until it is
 * touched, and has a guard below it. Stacks are reused, the one freed last
 * first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define COROUTINE_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define COROUTINE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COROUTINE_ASAN 1
#elif __has_feature(thread_sanitizer)
#define COROUTINE_TSAN 1
#endif
#endif

/* Sanitizers make frames larger, so stacks must be larger too. */
#if defined(COROUTINE_ASAN) || defined(COROUTINE_TSAN)
#define COROUTINE_SANITIZED 1
#endif

enum {
    COROUTINE_STACK_MIN_BYTES = 16 * 1024,
    COROUTINE_GUARD_BYTES = 16 * 1024, /* larger than any frame of ours, so that
                                          no frame can step across the guard */
};

struct coroutine;

/* The stacks of one thread's coroutines. */
struct coroutine_pool;

/* The body; `local` is the coroutine's own data. */
typedef void coroutine_fn(void *local);

/* Makes a pool of stacks of `stack_bytes` each (rounded up to whole pages, at
 * least the minimum, four times as much under sanitizers). Returns 0, -EINVAL
 * or -ENOMEM. */
int coroutine_pool_new(size_t stack_bytes, struct coroutine_pool **pool);

/* Unmaps all stacks; none of the pool's coroutines may be used afterwards.
 * `pool` may be NULL. */
void coroutine_pool_free(struct coroutine_pool *pool);

/* Makes a coroutine, not yet running, with `local_bytes` of uninitialised
 * local data aligned to 16 (at most a quarter of the stack). Returns NULL when
 * out of memory, mappings or address space. */
struct coroutine *coroutine_new(struct coroutine_pool *pool, coroutine_fn *fn,
                                size_t local_bytes);

/* The coroutine's local data; valid until coroutine_free. */
void *coroutine_local(const struct coroutine *coroutine);

/* Runs the coroutine until it suspends or ends. It must not be done or
 * running. */
void coroutine_resume(struct coroutine *coroutine);

/* Starts to load into the caches what resuming the coroutine will touch, while
 * others still run: of thousands of waiting stacks, most have left the
 * caches. */
void coroutine_prefetch(const struct coroutine *coroutine);

/* Suspends the running coroutine until somebody resumes it. */
void coroutine_suspend(void);

/* The running coroutine of this thread, or NULL outside of any. */
struct coroutine *coroutine_self(void);

/* Whether the coroutine's function has returned. */
bool coroutine_done(const struct coroutine *coroutine);

/* Gives back the stack of a coroutine that is done, has never begun, or will
 * never be resumed (what it holds is then leaked). */
void coroutine_free(struct coroutine_pool *pool, struct coroutine *coroutine);

/* Whether the address lies in the guard of this thread's running coroutine.
 * Async-signal-safe. */
bool coroutine_guard_has(const void *address);

/* How many bytes of its stack are in memory: touched by this coroutine, or by
 * an earlier owner of the stack. 0 if the kernel does not tell. */
size_t coroutine_stack_touched(const struct coroutine *coroutine);

/* The size of each stack, without its guard. */
size_t coroutine_pool_stack_bytes(const struct coroutine_pool *pool);

/* How far a pool's stacks were ever used. The kernel is asked about every page,
 * which takes some microseconds a stack; running coroutines pay nothing. */
struct coroutine_usage {
    size_t stacks;            /* ever used */
    size_t room_bytes;        /* of each, without its guard */
    size_t touched_bytes;     /* of all of them, as they are now */
    size_t touched_max_bytes; /* of the deepest one: the high-water mark */
};
void coroutine_pool_usage(const struct coroutine_pool *pool,
                          struct coroutine_usage *usage);
