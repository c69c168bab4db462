/* SPDX-License-Identifier: MIT
 *
 * Gates in slice mode: both sides of their limits, and gates that must pass
 * there.
 */
#include "gate_bench.h"

#include "harness/trial/slices.h"

enum { SLICES = 40 };

/* Half a second under load out of a second, in forty slices. */
static struct bench *good_slices(void)
{
    static struct trial_slices *slices; /* reused by the next bench */
    struct bench *bench = good();

    if (!slices)
        slices = calloc(1, sizeof *slices + SLICES * sizeof *slices->rows);
    assert_non_null(slices);
    slices->count = SLICES;
    slices->slice_ns = 12500000;
    for (int i = 0; i < SLICES; i++)
        slices->rows[i] = (struct slice){.counted_ns = 10 * MS,
                                         .completed = 20,
                                         .cpu_ns = 4 * MS,
                                         .idle_cpu_ns = MS / 20};
    bench->point.slicing = (struct slicing){SLICES, 12500000, 2500000};
    bench->trial.slices = slices;
    bench->load.in_flight_integral_ns /= 2;
    bench->load.completed_in_window /= 2;
    bench->load.scheduled /= 2;
    bench->load.ok /= 2;
    bench->load.started -= 1000;
    return bench;
}

static void test_good(void **state)
{
    (void)state;
    failing(good_slices(), "");
}

static void test_silent_in_other_modes(void **state)
{
    (void)state;
    failing(good(), "");
    failing(good_open(), "");
}

static void test_idle(void **state)
{
    struct bench *bench = good_slices();

    (void)state;
    /* Housekeeping in a single slice is allowed. */
    bench->trial.slices->rows[7].idle_cpu_ns = MS;
    failing(bench, "");
    bench = good_slices();
    for (int i = 0; i < SLICES; i++)
        bench->trial.slices->rows[i].idle_cpu_ns = MS / 8;
    failing(bench, "slices_idle");
}

static void test_sampled(void **state)
{
    struct bench *bench = good_slices();

    (void)state;
    for (int i = 0; i < SLICES / 2;
         i++) /* allowed, since their pairs are left out */
        bench->trial.slices->rows[i].late_ns = 6 * MS;
    failing(bench, "");
    bench = good_slices();
    for (int i = 0; i < SLICES / 2 + 1; i++)
        bench->trial.slices->rows[i].late_ns = 6 * MS;
    failing(bench, "slices_sampled");
}

/* The CPU time of generator and backend is a share of the time under load. */
static void test_busy_while_under_load(void **state)
{
    struct bench *bench = good_slices();

    (void)state;
    bench->load.cpu_ns = 440 * MS;
    bench->trial.backend.cpu_ns = 10 * MS;
    failing(bench, "generator_busy");
}

/* CPU time of the other models' servers and loads is not foreign. */
static void test_others_are_not_foreign(void **state)
{
    struct bench *bench = good_slices();

    (void)state;
    bench->trial.machine_last.busy_ns += 400 * MS;
    bench->trial.others_ns = 400e6;
    failing(bench, "");
    bench = good_slices();
    bench->trial.machine_last.busy_ns += 400 * MS;
    failing(bench, "foreign_cpu");
}

/* In slice mode the rate need not be steady, since the load comes and goes. */
static void test_the_rate_may_change(void **state)
{
    struct bench *bench = good_slices();

    (void)state;
    for (int i = 0; i < LOAD_PARTS; i++)
        bench->load.parts[i] = (uint64_t)(100 + 40 * i);
    failing(bench, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_silent_in_other_modes),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_sampled),
        cmocka_unit_test(test_busy_while_under_load),
        cmocka_unit_test(test_others_are_not_foreign),
        cmocka_unit_test(test_the_rate_may_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
