/* SPDX-License-Identifier: MIT
 *
 * The result of spin_run in microseconds, however many steps there are. A step
 * is linear over the two-element field, and P is its characteristic polynomial;
 * so n steps are what the polynomial x^n mod P makes of 64 steps (H. Haramoto,
 * M. Matsumoto, T. Nishimura, F. Panneton, P. L'Ecuyer, "Efficient jump ahead
 * for F2-linear random number generators", INFORMS Journal on Computing 20,
 * 2008). This is for who checks an answer; who serves it takes every step.
 */
#pragma once

#include "spin.h"

/* P without its term x^64, found from 128 bits by the algorithm of Berlekamp
 * and Massey. */
#define SPIN_POLYNOMIAL 0x0018B73AA7CC9B71u

static inline uint64_t spin_times_x(uint64_t a)
{
    return a << 1 ^ (a >> 63 ? SPIN_POLYNOMIAL : 0);
}

/* a times b, modulo P. */
static inline uint64_t spin_product(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (; b; b >>= 1) {
        product ^= b & 1 ? a : 0;
        a = spin_times_x(a);
    }
    return product;
}

/* As spin_run, for a struct spin. */
static inline int64_t spin_jump(void *arg)
{
    const struct spin *spin = arg;
    uint64_t x = spin_start(spin->seed), power = 1, last = 0;
    for (int bit = 62; bit >= 0; bit--) {
        power = spin_product(power, power);
        if (spin->steps >> bit & 1)
            power = spin_times_x(power);
    }
    for (; power; power >>= 1) {
        last ^= power & 1 ? x : 0;
        x = spin_step(x);
    }
    return (int64_t)(last * 0x2545F4914F6CDD1Du);
}
