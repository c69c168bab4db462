/* SPDX-License-Identifier: MIT
 *
 * A Williams square is balanced: over a cycle every item stands at each place
 * equally often, and right behind each other item equally often, whatever the
 * seed; and half a cycle of an odd number balances the places already.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/arithmetic/order.h"

enum { LARGEST = 12 };

static int places[LARGEST][LARGEST], behind[LARGEST][LARGEST];

static void count_rows(int n, int rows, uint64_t seed)
{
    memset(places, 0, sizeof places);
    memset(behind, 0, sizeof behind);
    for (int row = 0; row < rows; row++) {
        int items[LARGEST];

        order_draw(n, row, seed, items);
        for (int i = 0; i < n; i++) {
            assert_in_range(items[i], 0, n - 1);
            places[items[i]][i]++;
            if (i > 0)
                behind[items[i - 1]][items[i]]++;
        }
    }
}

static void test_balance(void **state)
{
    (void)state;
    for (int n = 2; n <= LARGEST; n++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            int times = n % 2 == 0 ? 1 : 2;

            assert_int_equal(order_cycle(n), times * n);
            count_rows(n, order_cycle(n), seed);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) {
                    assert_int_equal(places[i][j], times);
                    assert_int_equal(behind[i][j], i == j ? 0 : times);
                }
            count_rows(n, n, seed);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++)
                    assert_int_equal(places[i][j], 1);
        }
}

/* Another seed is another order; the same is the same. */
static void test_seed(void **state)
{
    int one[8], again[8], other[8], differ = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        order_draw(8, 3, seed, one);
        order_draw(8, 3, seed, again);
        order_draw(8, 3, seed + 1, other);
        assert_memory_equal(one, again, sizeof one);
        differ += memcmp(one, other, sizeof one) != 0;
    }
    assert_in_range(differ, 49, 50);
}

static void test_one_alone(void **state)
{
    int item = -1;

    (void)state;
    assert_int_equal(order_cycle(1), 1);
    order_draw(1, 0, 7, &item);
    assert_int_equal(item, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_one_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
