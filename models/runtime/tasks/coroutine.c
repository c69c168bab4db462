/* SPDX-License-Identifier: MIT
 *
 * Coroutines on stacks carved out of large mappings.
 *
 * A slot is [guard | stack | local data | control block]. Slots lie in regions,
 * many to one mapping: the number of mappings is limited (vm.max_map_count),
 * and the cost of a fork grows with it. With MADV_GUARD_INSTALL (Linux 6.13) a
 * guard is a mark in the page table and a region stays one mapping. Without it,
 * mprotect splits the region into two mappings a stack.
 *
 * All sanitizer annotations are in this file. ASan must be told before and
 * after a switch (start/finish_switch_fiber), TSan right before it. Neither may
 * instrument the switching functions, which are entered on one stack and left
 * on another: hence UNSANITIZED.
 */
#include "coroutine.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coroutine_switch.h"

#ifdef COROUTINE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef COROUTINE_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if defined(COROUTINE_TSAN) && defined(__clang__)
#define UNSANITIZED __attribute__((noinline, disable_sanitizer_instrumentation))
#elif defined(COROUTINE_TSAN)
#define UNSANITIZED __attribute__((noinline, no_sanitize("thread")))
#elif defined(COROUTINE_ASAN)
#define UNSANITIZED __attribute__((noinline, no_sanitize("address")))
#else
#define UNSANITIZED
#endif

/* Some C libraries' headers are too old to have these; the numbers are the
 * kernel's. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

enum {
    REGION_SLOTS = 64,
    PREFETCHED_LINES = 12, /* of 64 bytes: the innermost frames */
};

struct coroutine {
    void *context;            /* its own, while suspended */
    void *caller_context;     /* its resumer's, while it runs */
    struct coroutine *caller; /* the coroutine that resumed it, or NULL */
    coroutine_fn *fn;
    void *local;
    char *slot; /* the guard's low end */
    struct coroutine *next_free;
    bool done;
#ifdef COROUTINE_ASAN
    void *fake_stack;          /* ASan's, while suspended */
    const void *caller_bottom; /* its resumer's stack */
    size_t caller_bytes;
    char *stack;
    size_t stack_bytes;
#endif
#ifdef COROUTINE_TSAN
    void *fiber, *caller_fiber;
#endif
};

struct region {
    struct region *next;
    char *base;
};

struct coroutine_pool {
    size_t slot_bytes;         /* guard included */
    struct coroutine *free;    /* slots used before */
    struct region *regions;    /* the newest first */
    unsigned used;             /* slots of the newest region ever used */
    bool guards_proven;        /* MADV_GUARD_INSTALL really works */
    bool guards_need_mprotect; /* the kernel lacks it */
};

static _Thread_local struct coroutine *current;

int coroutine_pool_new(size_t stack_bytes, struct coroutine_pool **pool)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (stack_bytes > SIZE_MAX / (16 * REGION_SLOTS))
        return -EINVAL;
    if (stack_bytes < COROUTINE_STACK_MIN_BYTES)
        stack_bytes = COROUTINE_STACK_MIN_BYTES;
#ifdef COROUTINE_SANITIZED
    stack_bytes *= 4;
#endif
    *pool = calloc(1, sizeof **pool);
    if (!*pool)
        return -ENOMEM;
    size_t slot_bytes = stack_bytes + COROUTINE_GUARD_BYTES;
    (*pool)->slot_bytes = (slot_bytes + page - 1) / page * page;
    return 0;
}

static size_t guard_bytes(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (COROUTINE_GUARD_BYTES + page - 1) / page * page;
}

static struct region *region_new(const struct coroutine_pool *pool)
{
    size_t bytes = pool->slot_bytes * REGION_SLOTS;
    struct region *region = malloc(sizeof *region);
    if (!region)
        return NULL;
    region->base =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (region->base == MAP_FAILED) {
        free(region);
        return NULL;
    }
    /* A huge page would make some thirty stacks resident at the first touch. */
    madvise(region->base, bytes, MADV_NOHUGEPAGE);
    return region;
}

static int guard_install(struct coroutine_pool *pool, char *slot)
{
    if (!pool->guards_need_mprotect) {
        int rc = madvise(slot, guard_bytes(), MADV_GUARD_INSTALL);
        if (rc < 0 && errno != EINVAL)
            return -errno;
        if (rc == 0 && pool->guards_proven)
            return 0;
        /* Some emulators and sandboxes accept any advice and do nothing. A
         * working guard is one that cannot be populated. */
        if (rc == 0 && madvise(slot, guard_bytes(), MADV_POPULATE_READ) < 0) {
            pool->guards_proven = true;
            return 0;
        }
        pool->guards_need_mprotect = true;
    }
    return mprotect(slot, guard_bytes(), PROT_NONE) == 0 ? 0 : -errno;
}

/* A slot never used before, its control block zeroed; or NULL. */
static struct coroutine *slot_new(struct coroutine_pool *pool)
{
    if (!pool->regions || pool->used == REGION_SLOTS) {
        struct region *region = region_new(pool);
        if (!region)
            return NULL;
        region->next = pool->regions;
        pool->regions = region;
        pool->used = 0;
    }
    char *slot = pool->regions->base + pool->used * pool->slot_bytes;
    if (guard_install(pool, slot) < 0)
        return NULL;
    pool->used++;
    uintptr_t top = (uintptr_t)slot + pool->slot_bytes;
    struct coroutine *coroutine =
        (struct coroutine *)((top - sizeof *coroutine) & ~(uintptr_t)63);
    coroutine->slot = slot;
    return coroutine;
}

#ifdef COROUTINE_TSAN
/* Fibers are costly to make, so a slot keeps its fiber for its next owner. */
static void slot_free_fiber(struct coroutine_pool *pool)
{
    for (struct coroutine *c = pool->free; c; c = c->next_free)
        __tsan_destroy_fiber(c->fiber);
}
#endif

void coroutine_pool_free(struct coroutine_pool *pool)
{
    if (!pool)
        return;
#ifdef COROUTINE_TSAN
    slot_free_fiber(pool);
#endif
    while (pool->regions) {
        struct region *region = pool->regions;
        pool->regions = region->next;
#ifdef COROUTINE_ASAN
        __asan_unpoison_memory_region(region->base,
                                      pool->slot_bytes * REGION_SLOTS);
#endif
        munmap(region->base, pool->slot_bytes * REGION_SLOTS);
        free(region);
    }
    free(pool);
}

/* Tell the sanitizers which stack runs next. */
#ifdef COROUTINE_ASAN
#define BEFORE_RESUME(c, fake)                                                 \
    __sanitizer_start_switch_fiber(&(fake), (c)->stack, (c)->stack_bytes)
#define AFTER_RESUME(fake) __sanitizer_finish_switch_fiber((fake), NULL, NULL)
#define BEFORE_SUSPEND(c)                                                      \
    __sanitizer_start_switch_fiber((c)->done ? NULL : &(c)->fake_stack,        \
                                   (c)->caller_bottom, (c)->caller_bytes)
#define AFTER_SUSPEND(c)                                                       \
    __sanitizer_finish_switch_fiber((c)->fake_stack, &(c)->caller_bottom,      \
                                    &(c)->caller_bytes)
#elif defined(COROUTINE_TSAN)
#define BEFORE_RESUME(c, fake)                                                 \
    ((void)(fake), (c)->caller_fiber = __tsan_get_current_fiber(),             \
     __tsan_switch_to_fiber((c)->fiber, 0))
#define AFTER_RESUME(fake) ((void)(fake))
#define BEFORE_SUSPEND(c)  __tsan_switch_to_fiber((c)->caller_fiber, 0)
#define AFTER_SUSPEND(c)   ((void)(c))
#else
#define BEFORE_RESUME(c, fake) ((void)(c), (void)(fake))
#define AFTER_RESUME(fake)     ((void)(fake))
#define BEFORE_SUSPEND(c)      ((void)(c))
#define AFTER_SUSPEND(c)       ((void)(c))
#endif

UNSANITIZED void coroutine_resume(struct coroutine *coroutine)
{
    void *fake_stack = NULL;
    assert(!coroutine->done);
    coroutine->caller = current;
    current = coroutine;
    BEFORE_RESUME(coroutine, fake_stack);
    coroutine_switch(&coroutine->caller_context, coroutine->context);
    AFTER_RESUME(fake_stack);
}

void coroutine_prefetch(const struct coroutine *coroutine)
{
    const char *frames = coroutine->context;
    for (int line = 0; line < PREFETCHED_LINES; line++)
        __builtin_prefetch(frames + line * 64, 1);
}

UNSANITIZED void coroutine_suspend(void)
{
    struct coroutine *self = current;
    assert(self);
    current = self->caller;
    BEFORE_SUSPEND(self);
    coroutine_switch(&self->context, self->caller_context);
    AFTER_SUSPEND(self);
}

UNSANITIZED static void first_frame(void *arg)
{
    struct coroutine *self = arg;
    AFTER_SUSPEND(self);
    self->fn(self->local);
    self->done = true;
    coroutine_suspend();
    abort(); /* resumed after its end */
}

struct coroutine *coroutine_new(struct coroutine_pool *pool, coroutine_fn *fn,
                                size_t local_bytes)
{
    if (local_bytes > pool->slot_bytes / 4)
        return NULL;
    struct coroutine *coroutine = pool->free;
    if (coroutine)
        pool->free = coroutine->next_free;
    else
        coroutine = slot_new(pool);
    if (!coroutine)
        return NULL;
    char *slot = coroutine->slot;
    char *local = (char *)coroutine - ((local_bytes + 15) & ~(size_t)15);
#ifdef COROUTINE_ASAN
    coroutine->stack = slot + guard_bytes();
    coroutine->stack_bytes = (size_t)(local - coroutine->stack);
    coroutine->fake_stack = NULL;
    /* The last owner's frames may have left it poisoned. */
    __asan_unpoison_memory_region(coroutine->stack, coroutine->stack_bytes);
#else
    (void)slot;
#endif
#ifdef COROUTINE_TSAN
    if (!coroutine->fiber)
        coroutine->fiber = __tsan_create_fiber(0);
#endif
    coroutine->fn = fn;
    coroutine->local = local;
    coroutine->done = false;
    coroutine->context = coroutine_switch_prepare(
        (void *)((uintptr_t)local & ~(uintptr_t)15), first_frame, coroutine);
    return coroutine;
}

void coroutine_free(struct coroutine_pool *pool, struct coroutine *coroutine)
{
    assert(coroutine != current);
    coroutine->next_free = pool->free;
    pool->free = coroutine;
}

void *coroutine_local(const struct coroutine *coroutine)
{
    return coroutine->local;
}

struct coroutine *coroutine_self(void)
{
    return current;
}

bool coroutine_done(const struct coroutine *coroutine)
{
    return coroutine->done;
}

bool coroutine_guard_has(const void *address)
{
    const char *at = address;
    return current && at >= current->slot &&
           at < current->slot + COROUTINE_GUARD_BYTES;
}

size_t coroutine_pool_stack_bytes(const struct coroutine_pool *pool)
{
    return pool->slot_bytes - guard_bytes();
}

/* How many bytes at a slot's high end are in memory. The walk ends at the first
 * page that is not: a stack grows without gaps, except for frames larger than a
 * page. */
static size_t slot_touched(char *slot, size_t slot_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *limit = slot + guard_bytes(), *at = slot + slot_bytes;
    unsigned char resident = 0;
    while (at > limit && mincore(at - page, page, &resident) == 0 &&
           (resident & 1))
        at -= page;
    return (size_t)(slot + slot_bytes - at);
}

size_t coroutine_stack_touched(const struct coroutine *coroutine)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t end =
        ((uintptr_t)coroutine + sizeof *coroutine + page - 1) / page * page;
    return slot_touched(coroutine->slot, end - (uintptr_t)coroutine->slot);
}

void coroutine_pool_usage(const struct coroutine_pool *pool,
                          struct coroutine_usage *usage)
{
    unsigned used = pool->used; /* of the newest region; others: all */
    *usage = (struct coroutine_usage){.room_bytes =
                                          coroutine_pool_stack_bytes(pool)};
    for (const struct region *region = pool->regions; region;
         region = region->next, used = REGION_SLOTS) {
        for (unsigned i = 0; i < used; i++) {
            size_t touched = slot_touched(region->base + i * pool->slot_bytes,
                                          pool->slot_bytes);
            usage->touched_bytes += touched;
            if (touched > usage->touched_max_bytes)
                usage->touched_max_bytes = touched;
        }
        usage->stacks += used;
    }
}
