/* SPDX-License-Identifier: MIT
 *
 * The first row is 0, 1, n-1, 2, n-2, ...: for an even n its neighbours differ
 * by every non-zero number modulo n, once each. Each further row adds 1. For an
 * odd n, the rows read backwards supply the neighbours that are missing (E. J.
 * Williams, Australian J. of Scientific Research A 2, 1949).
 *
 * Random numbers come from splitmix64 (Steele, Lea, Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014).
 */
#include "order.h"

uint64_t order_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void order_shuffle(int *items, int n, uint64_t *state)
{
    for (int i = 0; i < n; i++)
        items[i] = i;
    for (int i = n - 1; i > 0; i--) {
        /* The modulo's bias is below 2^-55 for such small n. */
        int j = (int)(order_random(state) % (uint64_t)(i + 1));
        int swap = items[i];

        items[i] = items[j];
        items[j] = swap;
    }
}

int order_cycle(int n)
{
    if (n < 2)
        return 1;
    return n % 2 == 0 ? n : 2 * n;
}

void order_draw(int n, int row, uint64_t seed, int *items)
{
    uint64_t state = seed;
    /* For an odd n, chance decides which of the two squares comes first: the n
     * blocks of one square balance the places already. */
    int backwards = n % 2 != 0 && (row >= n) != (order_random(&state) % 2 != 0);
    int names[ORDER_MAX];
    order_shuffle(names, n, &state);
    int rows[ORDER_MAX];
    order_shuffle(rows, n, &state);
    for (int i = 0; i < n; i++) {
        int step = i % 2 != 0 ? (i + 1) / 2 : n - i / 2;
        int place = backwards ? n - 1 - i : i;

        items[place] = names[(step + rows[row % n]) % n];
    }
}
