/* SPDX-License-Identifier: MIT
 *
 * A state is one word, changed by compare-and-swap: the generation, and below
 * it two bits for the phase. Acquire and release order the owners' accesses to
 * the rest of the slot.
 */
#include "slots.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum phase {
    FREE,  /* no connection */
    IDLE,  /* a connection that no thread owns */
    BUSY,  /* a thread owns it */
    AGAIN, /* a thread owns it, and an edge came since */
};
enum { PHASE_BITS = 2, PHASES = (1 << PHASE_BITS) - 1 };
enum { SLOTS_MAX = 1 << 20 };

/* The event data of the stop; no slot has this number. */
static const uint64_t stop_event = UINT64_MAX;

static int epoll_fd, watched_stop_fd;
static struct slot *slots;
static int slot_count;
static _Atomic int used_end; /* slots in use lie below this number */
static atomic_int timed;     /* slots with a deadline */

int slots_open(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        return -errno;
    long limit = sysconf(_SC_OPEN_MAX);
    slot_count = limit < 0 || limit > SLOTS_MAX ? SLOTS_MAX : (int)limit;
    /* Only pages whose slots are in use take memory. */
    slots = calloc((size_t)slot_count, sizeof *slots);
    return slots ? 0 : -ENOMEM;
}

struct slot *slots_find(int fd)
{
    return fd < slot_count ? &slots[fd] : NULL;
}

static int number_of(const struct slot *slot)
{
    return (int)(slot - slots);
}

/* Sets the deadline that slots_overdue looks at. */
static void note_deadline(struct slot *slot, int64_t deadline_ns)
{
    int64_t before =
        atomic_load_explicit(&slot->deadline_ns, memory_order_relaxed);
    if (before == deadline_ns)
        return;
    atomic_store_explicit(&slot->deadline_ns, deadline_ns,
                          memory_order_relaxed);
    atomic_fetch_add(&timed, (deadline_ns != RT_NEVER) - (before != RT_NEVER));
}

static uint64_t generation_of(uint64_t state)
{
    return state >> PHASE_BITS & UINT32_MAX;
}

static enum phase phase_of(uint64_t state)
{
    return (enum phase)(state & PHASES);
}

static uint64_t with_phase(uint64_t state, enum phase phase)
{
    return (state & ~(uint64_t)PHASES) | phase;
}

uint64_t slot_begin(struct slot *slot)
{
    /* The thread that ended the previous connection did so before the kernel
     * could reuse the number. */
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
    int fd = number_of(slot);
    wire_open(&slot->wire, fd);
    atomic_store_explicit(&slot->deadline_ns, RT_NEVER, memory_order_relaxed);
    if (fd >= atomic_load_explicit(&used_end, memory_order_relaxed))
        atomic_store_explicit(&used_end, fd + 1, memory_order_release);
    atomic_store_explicit(&slot->state, with_phase(state, IDLE),
                          memory_order_release);
    return generation_of(state) << 32 | (uint32_t)fd;
}

struct slot *slot_claim(uint64_t event_data)
{
    struct slot *slot = &slots[(uint32_t)event_data];
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    for (;;) {
        enum phase phase = phase_of(state);
        if (generation_of(state) != event_data >> 32 || phase == FREE ||
            phase == AGAIN)
            return NULL;
        if (atomic_compare_exchange_weak_explicit(
                &slot->state, &state,
                with_phase(state, phase == IDLE ? BUSY : AGAIN),
                memory_order_acq_rel, memory_order_relaxed))
            return phase == IDLE ? slot : NULL;
    }
}

/* Claims without an event, and only if no thread owns the connection. */
static bool claim_idle(struct slot *slot)
{
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    return phase_of(state) == IDLE &&
           atomic_compare_exchange_strong_explicit(
               &slot->state, &state, with_phase(state, BUSY),
               memory_order_acquire, memory_order_relaxed);
}

struct slot *slots_overdue(int *from, int64_t now_ns)
{
    int end = atomic_load_explicit(&used_end, memory_order_acquire);
    while (*from < end && atomic_load(&timed) > 0) {
        struct slot *slot = &slots[(*from)++];
        if (atomic_load_explicit(&slot->deadline_ns, memory_order_relaxed) <=
                now_ns &&
            claim_idle(slot)) {
            wire_readable(&slot->wire, true);
            return slot;
        }
    }
    return NULL;
}

bool slot_release(struct slot *slot)
{
    note_deadline(slot, slot->wire.deadline_ns);
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
    if (phase_of(state) == BUSY &&
        atomic_compare_exchange_strong_explicit(
            &slot->state, &state, with_phase(state, IDLE), memory_order_release,
            memory_order_acquire))
        return true;
    atomic_store_explicit(&slot->state, with_phase(state, BUSY),
                          memory_order_relaxed);
    wire_readable(&slot->wire, true); /* the flags are lost: assume all */
    return false;
}

void slot_free(struct slot *slot)
{
    note_deadline(slot, RT_NEVER);
    wire_free(&slot->wire);
    uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    uint64_t next = (generation_of(state) + 1) & UINT32_MAX;
    atomic_store_explicit(&slot->state, next << PHASE_BITS | FREE,
                          memory_order_release);
}

void slot_end(struct slot *slot)
{
    int fd = slot->wire.fd;
    slot_free(slot);
    close(fd);
}

int slots_add(int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET};
    struct slot *slot = slots_find(fd);
    if (!slot)
        return -EMFILE;
    event.data.u64 = slot_begin(slot);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return 0;
    int error = -errno;
    slot_free(slot);
    return error;
}

/* One thread at a time gets the event, and arms it for the next. */
static void arm_stop(int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
                                .data.u64 = stop_event};
    epoll_ctl(epoll_fd, operation, watched_stop_fd, &event);
}

void slots_watch_stop(int stop_fd)
{
    watched_stop_fd = stop_fd;
    arm_stop(EPOLL_CTL_ADD);
}

enum slots_event slots_wait(int timeout_ms, struct slot **slot)
{
    struct epoll_event event;
    *slot = NULL;
    if (epoll_wait(epoll_fd, &event, 1, timeout_ms) != 1)
        return SLOTS_NOTHING;
    if (event.data.u64 == stop_event) {
        arm_stop(EPOLL_CTL_MOD);
        return SLOTS_STOP;
    }
    *slot = slot_claim(event.data.u64);
    if (*slot)
        wire_readable(&(*slot)->wire, event.events != EPOLLIN);
    return SLOTS_READY;
}
