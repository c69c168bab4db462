/* SPDX-License-Identifier: MIT
 *
 * The tight loop that the CPU workloads share: xorshift64* (Sebastiano Vigna,
 * "An experimental exploration of Marsaglia's xorshift generators, scrambled",
 * 2016). Each step needs the result of the previous step, and the answer has
 * the last state. So no compiler can shorten the loop, and any language can
 * repeat it.
 */
#pragma once

#include <stdint.h>

struct spin {
    uint64_t seed;
    int64_t steps;
};

static inline uint64_t spin_start(uint64_t seed)
{
    uint64_t x = seed + 0x9E3779B97F4A7C15u;
    return x ? x : 1; /* the state 0 would never change */
}

static inline uint64_t spin_step(uint64_t x)
{
    x ^= x >> 12;
    x ^= x << 25;
    return x ^ x >> 27;
}

/* An rt_fn, for rt_offload too; `arg` is a struct spin. Returns the bits of the
 * scrambled last state. */
static inline int64_t spin_run(void *arg)
{
    const struct spin *spin = arg;
    uint64_t x = spin_start(spin->seed);
    for (int64_t i = 0; i < spin->steps; i++)
        x = spin_step(x);
    return (int64_t)(x * 0x2545F4914F6CDD1Du);
}
