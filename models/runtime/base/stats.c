/* SPDX-License-Identifier: MIT
 *
 * Counters in shared memory, added to with relaxed atomics. Lateness goes into
 * a small log-linear histogram (256 slots per power of two: 0.4 %), not into
 * histogram.h's, which has one writer at a time.
 */
#include "stats.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

enum {
    SUB_BITS = 8, /* slots per power of two, as a power of two */
    SUBS = 1 << SUB_BITS,
    OCTAVES = 33, /* up to 2^41 ns, 36 minutes; anything later counts as that */
    SLOTS = OCTAVES * SUBS + SUBS,
};

struct stats {
    _Atomic uint64_t requests, updates_made, updates_kept;
    _Atomic int64_t late_max_ns;
    _Atomic uint64_t slots[SLOTS];
};

struct stats *stats_shared;
static void (*_Atomic ask_stacks)(struct stats_stacks *stacks);

int stats_enable(void)
{
    void *memory = mmap(NULL, sizeof(struct stats), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return -errno;
    stats_shared = memory;
    return 0;
}

void stats_count_request(void)
{
    if (stats_shared)
        atomic_fetch_add_explicit(&stats_shared->requests, 1,
                                  memory_order_relaxed);
}

void stats_count_updates(uint64_t made, uint64_t kept)
{
    if (!stats_shared)
        return;
    atomic_fetch_add_explicit(&stats_shared->updates_made, made,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&stats_shared->updates_kept, kept,
                              memory_order_relaxed);
}

/* Values below SUBS have a slot each; above, the top SUB_BITS + 1 bits name
 * the slot. */
static int slot_of(int64_t value_ns)
{
    uint64_t value = (uint64_t)value_ns;

    if (value < SUBS)
        return (int)value;
    int shift = 63 - __builtin_clzll(value) - SUB_BITS;
    uint64_t slot = (uint64_t)shift * SUBS + (value >> shift);
    return slot < SLOTS ? (int)slot : SLOTS - 1;
}

/* The largest value of a slot. */
static int64_t slot_top_ns(int slot)
{
    if (slot < SUBS)
        return slot;
    int shift = slot / SUBS - 1;
    return ((int64_t)(slot - shift * SUBS + 1) << shift) - 1;
}

void stats_record_sleep(int64_t lateness_ns)
{
    int64_t late_ns = lateness_ns > 0 ? lateness_ns : 0;
    int64_t max_ns;

    if (!stats_shared)
        return;
    atomic_fetch_add_explicit(&stats_shared->slots[slot_of(late_ns)], 1,
                              memory_order_relaxed);
    max_ns =
        atomic_load_explicit(&stats_shared->late_max_ns, memory_order_relaxed);
    while (late_ns > max_ns && !atomic_compare_exchange_weak_explicit(
                                   &stats_shared->late_max_ns, &max_ns, late_ns,
                                   memory_order_relaxed, memory_order_relaxed))
        ;
}

static int64_t percentile_ns(uint64_t count, int percent, int64_t max_ns)
{
    uint64_t wanted = (count * (uint64_t)percent + 99) / 100;
    uint64_t seen = 0;

    for (int slot = 0; slot < SLOTS && count > 0; slot++) {
        seen += atomic_load_explicit(&stats_shared->slots[slot],
                                     memory_order_relaxed);
        if (seen >= wanted)
            return slot_top_ns(slot) < max_ns ? slot_top_ns(slot) : max_ns;
    }
    return max_ns;
}

void stats_ask_stacks(void (*ask)(struct stats_stacks *stacks))
{
    atomic_store(&ask_stacks, ask);
}

/* Returns, as snprintf does, the length of the whole text. */
static int print_stacks(char *text, size_t size)
{
    void (*ask)(struct stats_stacks *) = atomic_load(&ask_stacks);
    struct stats_stacks stacks;

    if (!ask)
        return snprintf(text, size, "null");
    ask(&stacks);
    return snprintf(text, size,
                    "{\"count\":%llu,\"room_bytes\":%llu,"
                    "\"touched_bytes\":%llu,\"touched_max_bytes\":%llu}",
                    (unsigned long long)stacks.count,
                    (unsigned long long)stacks.room_bytes,
                    (unsigned long long)stacks.touched_bytes,
                    (unsigned long long)stacks.touched_max_bytes);
}

size_t stats_print(char text[STATS_TEXT_BYTES])
{
    uint64_t requests = atomic_load(&stats_shared->requests);
    int64_t max_ns = atomic_load(&stats_shared->late_max_ns);
    uint64_t count = 0;

    for (int slot = 0; slot < SLOTS; slot++)
        count += atomic_load_explicit(&stats_shared->slots[slot],
                                      memory_order_relaxed);
    int length = snprintf(
        text, STATS_TEXT_BYTES,
        "{\"requests\":%llu,\"sleeps\":{\"count\":%llu,"
        "\"lateness_p50_ns\":%lld,\"lateness_p90_ns\":%lld,"
        "\"lateness_p99_ns\":%lld,\"lateness_max_ns\":%lld},\"updates\":{"
        "\"made\":%llu,"
        "\"kept\":%llu},\"stacks\":",
        (unsigned long long)requests, (unsigned long long)count,
        (long long)percentile_ns(count, 50, max_ns),
        (long long)percentile_ns(count, 90, max_ns),
        (long long)percentile_ns(count, 99, max_ns), (long long)max_ns,
        (unsigned long long)atomic_load(&stats_shared->updates_made),
        (unsigned long long)atomic_load(&stats_shared->updates_kept));
    length += print_stacks(text + length, STATS_TEXT_BYTES - (size_t)length);
    return (size_t)length + (size_t)snprintf(text + length,
                                             STATS_TEXT_BYTES - (size_t)length,
                                             "}\n");
}

void stats_reset(void)
{
    atomic_store(&stats_shared->requests, 0);
    atomic_store(&stats_shared->updates_made, 0);
    atomic_store(&stats_shared->updates_kept, 0);
    atomic_store(&stats_shared->late_max_ns, 0);
    for (int slot = 0; slot < SLOTS; slot++)
        atomic_store_explicit(&stats_shared->slots[slot], 0,
                              memory_order_relaxed);
}
