/* SPDX-License-Identifier: MIT
 *
 * Orders for n items that take turns block by block. They are the rows of a
 * Williams square: every item is at each place, and right behind each other
 * item, equally often. So no single item suffers from being first, or from what
 * its predecessor leaves behind (caches, closing sockets).
 */
#pragma once

#include <stdint.h>

enum { ORDER_MAX = 64 };

/* Blocks of a whole square: n, or 2 n for an odd n, whose neighbours no single
 * square balances; 1 for n < 2. */
int order_cycle(int n);

/* The order of one block. `row` counts from 0 to order_cycle(n) - 1 within a
 * cycle. The `seed` of the cycle decides which item has which number and in
 * which order the rows come. n <= ORDER_MAX. */
void order_draw(int n, int row, uint64_t seed, int *items);

/* The numbers 0 to n - 1, shuffled. */
void order_shuffle(int *items, int n, uint64_t *state);

/* The next number of a random stream. */
uint64_t order_random(uint64_t *state);
