/* SPDX-License-Identifier: MIT
 *
 * Pseudo-random numbers that are the same on every machine. They choose the key
 * that belongs to a seed, and prove that a server has seen certain bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The finalizer of splitmix64 (Steele, Lea, Flood: Fast Splittable
 * Pseudorandom Number Generators, OOPSLA 2014). */
static inline uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* FNV-1a over the bytes, then mixed, so that the last bytes reach every bit
 * too. Start from any state; the order of calls matters. */
static inline uint64_t mix_bytes(uint64_t state, const char *bytes, size_t size)
{
    state ^= 0xCBF29CE484222325u;
    for (size_t i = 0; i < size; i++)
        state = (state ^ (unsigned char)bytes[i]) * 0x100000001B3u;
    return mix(state);
}
