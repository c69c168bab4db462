/* SPDX-License-Identifier: MIT
 *
 * The draw of services that are held back, and what is said of errors.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/validate/held_out.h"

enum { COUNT = 20 };

/* Of COUNT services each has another part of each range. */
static void one_in_each_part(void **state)
{
    struct held_out services[COUNT];
    bool delay[COUNT] = {false}, connections[COUNT] = {false};

    (void)state;
    assert_int_equal(held_out_draw(7, COUNT, services), 0);
    for (int i = 0; i < COUNT; i++) {
        /* The delay is rounded down to 0.1 ms, less than a part's width. */
        double place =
            log(((double)services[i].delay_ns + 5e4) / 1e6) / log(20) * COUNT;
        assert_in_range((int)place, 0, COUNT - 1);
        delay[(int)place] = true;
        place = log((services[i].connections + 0.5) / 8) / log(32) * COUNT;
        connections[(int)place] = true;
        assert_in_range(services[i].steps, 20000, 3000000);
    }
    int delays = 0, different = 0;
    for (int i = 0; i < COUNT; i++) {
        delays += delay[i];
        different += connections[i];
    }
    assert_true(delays >= COUNT - 2 && different >= COUNT - 3);
}

static bool equal(const struct held_out *a, const struct held_out *b)
{
    return a->delay_ns == b->delay_ns && a->steps == b->steps &&
           a->connections == b->connections;
}

static void seeds(void **state)
{
    struct held_out a[COUNT], b[COUNT], c[COUNT];

    (void)state;
    held_out_draw(1, COUNT, a);
    held_out_draw(1, COUNT, b);
    held_out_draw(2, COUNT, c);
    int different = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_true(equal(&a[i], &b[i]));
        different += !equal(&a[i], &c[i]);
    }
    assert_true(different > COUNT / 2);
    assert_int_equal(held_out_draw(1, 0, a), -EINVAL);
    assert_int_equal(held_out_draw(1, HELD_OUT_MAX + 1, a), -EINVAL);
}

static void errors(void **state)
{
    double values[] = {0.01, -0.05, 0.02,  0.30, -0.01,
                       0.03, 0.02,  -0.02, 0.01, 0.04};

    (void)state;
    struct errors e = held_out_errors(values, 10);
    assert_int_equal(e.n, 10);
    assert_true(fabs(e.median - 0.02) < 1e-12);
    assert_true(fabs(e.p90 - 0.05) < 1e-12);
    assert_true(fabs(e.bias - 0.02) < 1e-12);
    e = held_out_errors(values, 0);
    assert_true(e.n == 0 && isnan(e.median));
}

/* The experiment says what the services are. */
static void experiment(void **state)
{
    struct held_out services[2];
    char *text = NULL, line[64];
    size_t size;
    FILE *file = open_memstream(&text, &size);

    (void)state;
    held_out_draw(3, 2, services);
    held_out_write(services, 2, "serial, event-loop", 8, file);
    fclose(file);
    assert_non_null(strstr(text, "models = serial, event-loop\n"));
    snprintf(line, sizeof line, "[cell p2]\nworkload = mixed\ndelay = %lldns",
             (long long)services[1].delay_ns);
    assert_non_null(strstr(text, line));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_each_part),
        cmocka_unit_test(seeds),
        cmocka_unit_test(errors),
        cmocka_unit_test(experiment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
