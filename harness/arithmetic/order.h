/* SPDX-License-Identifier: MIT
 *
 * Orders for n items that take turns block by block: the rows of a Williams
 * square, in which every item stands at each place, and right behind each
 * other item, equally often. So neither being first nor what the one before
 * leaves behind (caches, closing sockets) is any item's lot alone.
 */
#pragma once

#include <stdint.h>

enum { ORDER_MAX = 64 };

/* Blocks of a whole square: n, or 2 n where n is odd (no single square
 * balances the neighbours of an odd number); 1 for n < 2. */
int order_cycle(int n);

/* The order of one block: `row` counts from 0 to order_cycle(n) - 1 inside a
 * cycle, whose `seed` decides which item plays which part and which row comes
 * when. n <= ORDER_MAX. */
void order_draw(int n, int row, uint64_t seed, int *items);

/* 0 to n - 1, shuffled. */
void order_shuffle(int *items, int n, uint64_t *state);

/* The next of a stream of random numbers. */
uint64_t order_random(uint64_t *state);
