/* SPDX-License-Identifier: MIT
 *
 * Delays that can be known beforehand: the delay of the n-th request follows
 * from a seed and n alone, so the server that waits and the test that judges
 * need no word between them.
 */
#pragma once

#include <stdint.h>

#include "harness/load/load.h"

enum draw_kind {
    DRAW_FIXED,
    DRAW_BIMODAL, /* every tenth takes other_ns */
    DRAW_EXPONENTIAL,
};

struct draw {
    enum draw_kind kind;
    int64_t mean_ns; /* bimodal: of the nine */
    int64_t other_ns;
    uint64_t seed;
};

/* The delay of request `number`, counted from 0. */
int64_t draw_ns(const struct draw *draw, uint64_t number);

/* Delays 0 to count - 1. */
void draw_histogram(const struct draw *draw, uint64_t count,
                    struct histogram *histogram);

/* Response times of a single server with one queue under the plan's arrivals,
 * when request n takes delay n: D. V. Lindley's recursion (The theory of
 * queues with a single server, Proc. Cambridge Phil. Soc. 48, 1952). Returns
 * 0 or -ENOMEM. */
int draw_queue(const struct draw *draw, const struct load_plan *plan,
               struct histogram *histogram);
