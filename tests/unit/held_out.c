/* SPDX-License-Identifier: MIT
 *
 * The draw of services that are held back.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/validate/held_out.h"

enum { COUNT = 30 };

static const double STEP_NS = 1.5;

/* Of COUNT services each has another part of each range. */
static void one_in_each_part(void **state)
{
    struct held_out services[COUNT];
    bool cpu[COUNT] = {false}, size[COUNT] = {false};
    int calls[5] = {0}, shares[100] = {0}, varied = 0;

    (void)state;
    assert_int_equal(held_out_draw(7, COUNT, STEP_NS, services), 0);
    for (int i = 0; i < COUNT; i++) {
        double cpu_ns = ((double)services[i].steps + 0.5) * STEP_NS;
        int part = (int)(log(cpu_ns / 30e3) / log(8e6 / 30e3) * COUNT);
        assert_in_range(part, 0, COUNT - 1);
        cpu[part] = true;
        part = (int)(log(((double)services[i].size_bytes + 0.5) / 80) /
                     log(65536 / 80.0) * COUNT);
        size[part] = true;
        assert_in_range(services[i].calls, 0, 4);
        calls[services[i].calls]++;
        shares[(int)lround(100 * services[i].share)]++;
        varied += services[i].cv_cpu_percent == 100;
        assert_int_equal(services[i].calls == 0, services[i].delay_ns == 0);
        assert_in_range(services[i].delay_ns, 0, 60000000);
    }
    int parts = 0, sizes = 0;
    for (int i = 0; i < COUNT; i++) {
        parts += cpu[i];
        sizes += size[i];
    }
    /* A step or a byte is less than a part's width. */
    assert_int_equal(parts, COUNT);
    assert_true(sizes >= COUNT - 2);
    for (int i = 0; i < 5; i++)
        assert_int_equal(calls[i], COUNT / 5);
    assert_int_equal(shares[50], COUNT / 3);
    assert_int_equal(shares[70], COUNT / 3);
    assert_int_equal(shares[85], COUNT / 3);
    assert_int_equal(varied, COUNT / 2);
}

/* What all clients ask for at once is worked off within a slice's discard. */
static void backlog(void **state)
{
    struct held_out services[HELD_OUT_MAX];

    (void)state;
    held_out_draw(3, HELD_OUT_MAX, STEP_NS, services);
    for (int i = 0; i < HELD_OUT_MAX; i++) {
        double work_ns = (double)services[i].steps * STEP_NS;
        assert_in_range(services[i].connections, 4, 512);
        if (services[i].connections > 4)
            assert_true(services[i].connections * work_ns <= 250e6);
    }
}

static void seeds(void **state)
{
    struct held_out a[COUNT], b[COUNT], c[COUNT];

    (void)state;
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    held_out_draw(1, COUNT, STEP_NS, a);
    held_out_draw(1, COUNT, STEP_NS, b);
    held_out_draw(2, COUNT, STEP_NS, c);
    int different = 0;
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(a[i].steps, b[i].steps);
        assert_int_equal(a[i].delay_ns, b[i].delay_ns);
        assert_int_equal(a[i].connections, b[i].connections);
        different += a[i].steps != c[i].steps;
    }
    assert_true(different > COUNT / 2);
    assert_int_equal(held_out_draw(1, 0, STEP_NS, a), -EINVAL);
    assert_int_equal(held_out_draw(1, HELD_OUT_MAX + 1, STEP_NS, a), -EINVAL);
}

/* The forecast is asked about what the workload will do. */
static void as_a_service(void **state)
{
    struct held_out drawn = {.delay_ns = 5000000,
                             .steps = 100000,
                             .size_bytes = 500,
                             .calls = 2,
                             .cv_wait_percent = 100};
    struct machine machine = {.cores = 1, .step_ns = STEP_NS};
    struct service service;

    (void)state;
    held_out_service(&drawn, &machine, &service);
    assert_true(service.wait_ns == 5e6 && service.cpu_ns == 150000);
    assert_int_equal(service.calls, 2);
    assert_true(service.cv_wait == 1 && service.cv_cpu == 0);
    assert_true(service.payload_bytes == 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_each_part),
        cmocka_unit_test(backlog),
        cmocka_unit_test(seeds),
        cmocka_unit_test(as_a_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
