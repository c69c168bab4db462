/* SPDX-License-Identifier: MIT
 *
 * The timer heap against a plain search, through many random additions and
 * removals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "models/runtime/tasks/timers.h"

enum { MANY = 500 };

static int64_t earliest(const struct timer *all)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < MANY; i++)
        if (all[i].position && all[i].deadline_ns < least)
            least = all[i].deadline_ns;
    return least;
}

static void test_first_is_always_the_earliest(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer all[MANY] = {0};
    uint32_t in = 0;
    srand(7);
    assert_int_equal(timers_reserve(&timers, MANY), 0);
    for (int step = 0; step < 20000; step++) {
        struct timer *timer = &all[rand() % MANY];
        if (timer->position) {
            timers_remove(&timers, timer);
            in--;
        } else {
            timer->deadline_ns = rand() % 1000;
            timers_add(&timers, timer);
            in++;
        }
        assert_int_equal(timers.count, in);
        struct timer *first = timers_first(&timers);
        if (in > 0)
            assert_int_equal(first->deadline_ns, earliest(all));
        else
            assert_null(first);
    }
    timers_deinit(&timers);
}

static void test_comes_out_in_order(void **state)
{
    (void)state;
    struct timers timers = {0};
    struct timer all[MANY] = {0};
    srand(11);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(timers_reserve(&timers, (uint32_t)i + 1), 0);
        all[i].deadline_ns = rand();
        timers_add(&timers, &all[i]);
    }
    int64_t last = -1;
    for (int i = 0; i < MANY; i++) {
        struct timer *first = timers_first(&timers);
        assert_true(first->deadline_ns >= last);
        last = first->deadline_ns;
        timers_remove(&timers, first);
        timers_remove(&timers, first); /* twice does nothing */
    }
    assert_null(timers_first(&timers));
    timers_deinit(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_is_always_the_earliest),
        cmocka_unit_test(test_comes_out_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
