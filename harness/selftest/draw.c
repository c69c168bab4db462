/* SPDX-License-Identifier: MIT
 *
 * A counter-based generator: number n is the mixed n-th step of splitmix64
 * (G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number
 * generators, OOPSLA 2014), so any number can be asked for in any order.
 */
#include "draw.h"

#include <math.h>

#include "harness/load/schedule.h"

static double unit(uint64_t seed, uint64_t number)
{
    uint64_t z = seed + (number + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)((z >> 11) + 1) * 0x1p-53;
}

int64_t draw_ns(const struct draw *draw, uint64_t number)
{
    switch (draw->kind) {
    case DRAW_BIMODAL:
        return number % 10 == 9 ? draw->other_ns : draw->mean_ns;
    case DRAW_EXPONENTIAL:
        return (int64_t)(-log(unit(draw->seed, number)) *
                         (double)draw->mean_ns);
    case DRAW_FIXED:
        break;
    }
    return draw->mean_ns;
}

void draw_histogram(const struct draw *draw, uint64_t count,
                    struct histogram *histogram)
{
    histogram_reset(histogram);
    for (uint64_t i = 0; i < count; i++)
        histogram_record(histogram, draw_ns(draw, i));
}

int draw_queue(const struct draw *draw, const struct load_plan *plan,
               struct histogram *histogram)
{
    struct load_schedule schedule;
    int result = load_schedule_make(plan, 0, 1, &schedule);
    int64_t free_ns = 0;

    histogram_reset(histogram);
    if (result < 0)
        return result;
    for (size_t i = 0; i < schedule.count; i++) {
        int64_t due_ns = schedule.due_ns[i];

        free_ns = (due_ns > free_ns ? due_ns : free_ns) + draw_ns(draw, i);
        histogram_record(histogram, free_ns - due_ns);
    }
    load_schedule_free(&schedule);
    return 0;
}
