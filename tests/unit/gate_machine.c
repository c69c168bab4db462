/* SPDX-License-Identifier: MIT
 *
 * Gates on the course of the window and on the machine, on a made-up trial:
 * both sides of their limits; no failure if chance or missing facts of the
 * system forbid a judgement; and each gate can be switched off alone.
 */
#include "gate_bench.h"

#include "harness/trial/inspection.h"

static void test_steady(void **state)
{
    static const int waves[LOAD_PARTS] = {0, 300, 0, 300, 0, 300, 0, 0, 300, 0};
    struct bench *bench = good();

    (void)state;
    for (int i = 0; i < LOAD_PARTS; i++) /* rises by a third */
        bench->load.parts[i] = (uint64_t)(1670 + 70 * i + i % 2);
    failing(bench, "steady");
    bench =
        good(); /* as steep, but with so few answers that it may be chance */
    for (int i = 0; i < LOAD_PARTS; i++)
        bench->load.parts[i] = (uint64_t)(3 + i % 3 - (i == 1));
    failing(bench, "");
    bench = good();
    for (int i = 0; i < LOAD_PARTS; i++)
        bench->load.parts[i] = (uint64_t)waves[i];
    failing(bench, "");
}

static void test_overload(void **state)
{
    struct bench *bench = good_open();

    (void)state;
    assert_false(gate_overloaded(&bench->plan, &bench->trial));
    bench->point.workload = &quick_entry;
    bench->point.rate_per_s = 1300;
    fill(&bench->load, 1000, MS);
    bench->load.scheduled = 1300;
    bench->load.timeout = 300;
    for (int i = 0; i < LOAD_PARTS; i++) /* a falling rate is no fault then */
        bench->load.parts[i] = (uint64_t)(1900 - 100 * i);
    for (int i = 0; i < bench->load.bin_count; i++)
        bench->load.bins[i] += 10;
    bench->load.lag_free.count = 1300;
    assert_true(gate_overloaded(&bench->plan, &bench->trial));
    failing(bench, "");
    bench = good_open(); /* while the first waits last, none can have ended */
    bench->load.scheduled = 2300;
    bench->load.timeout = 300;
    bench->point.warmup_ns = 50 * MS;
    assert_false(gate_overloaded(&bench->plan, &bench->trial));
    free(bench);
    bench = good();
    bench->load.scheduled = 2300;
    assert_false(gate_overloaded(&bench->plan, &bench->trial));
    free(bench);
}

static void test_arrivals(void **state)
{
    struct bench *bench = good_open();

    (void)state;
    for (int i = 0; i < bench->load.bin_count; i++)
        bench->load.bins[i] = 20; /* as regular as a clock */
    failing(bench, "arrivals");
    bench = good_open();
    for (int i = 0; i < bench->load.bin_count; i++)
        bench->load.bins[i] = i % 5 ? 0 : 100; /* in bursts */
    failing(bench, "arrivals");
    bench = good_open();
    bench->point.arrivals = ARRIVALS_UNIFORM;
    for (int i = 0; i < bench->load.bin_count; i++)
        bench->load.bins[i] = 20;
    failing(bench, "");
    bench = good_open(); /* requests waited for a connection: not the
                            generator's fault */
    bench->load.lag_free.count = 1000;
    for (int i = 0; i < bench->load.bin_count; i++)
        bench->load.bins[i] = 20;
    failing(bench, "");
}

static void test_clock(void **state)
{
    struct bench *bench =
        good(); /* without real-time priority the server may have caused it */

    (void)state;
    bench->trial.platform.realtime = false;
    histogram_record(&bench->trial.platform.lateness, 60 * MS);
    failing(bench, "");
    bench = good();
    bench->trial.platform.cpus = 0;
    failing(bench, "");
}

static void test_speed(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.platform.speed_per_us = 480;
    failing(bench, "machine_speed");
    bench = good();
    bench->plan.usual_speed = 0;
    bench->trial.platform.speed_per_us = 100;
    failing(bench, "");
}

static void test_quota(void **state)
{
    static const struct {
        double quota;
        int64_t own_ns, around_ns; /* in the window; -1: not counted */
        const char *fails;
    } rows[] = {
        {0, 0, 0, ""},
        {0, 20 * MS, 0, "cpu_quota"},
        {1.5, 20 * MS, 0, ""}, /* asked for */
        {1.5, 20 * MS, 20 * MS, "cpu_quota"},
        {0, -1, -1, ""},
        {0, -1, 20 * MS, "cpu_quota"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *bench = good();
        struct meter_throttled *last = &bench->trial.throttled_last;

        bench->point.cpu_quota = rows[i].quota;
        last->own_ns = rows[i].own_ns;
        last->around_ns = rows[i].around_ns;
        bench->trial.throttled_first = (struct meter_throttled){
            rows[i].own_ns < 0 ? -1 : 0, rows[i].around_ns < 0 ? -1 : 0};
        failing(bench, rows[i].fails);
    }
}

static void test_cpu(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.machine_last.steal_ns = 80 * MS;
    failing(bench, "steal");
    bench = good(); /* 3 % and a tick */
    bench->trial.machine_last.steal_ns = 69 * MS;
    failing(bench, "");
    bench = good();
    bench->trial.machine_last.busy_ns += 100 * MS;
    failing(bench, "foreign_cpu");
    bench = good(); /* if sampled by a tick, 3.4 % are within chance */
    bench->trial.machine_first.busy_grain_ns = 4 * MS;
    bench->trial.machine_last.busy_ns += 60 * MS;
    failing(bench, "");
    bench = good(); /* the kernel's work for the load */
    bench->trial.machine_last.busy_ns += 400 * MS;
    bench->trial.machine_last.softirq_ns = 400 * MS;
    failing(bench, "");
    bench = good();
    bench->trial.machine_first.busy_ns = -1;
    failing(bench, "");
    bench = good(); /* a second load is part of the trial */
    fill(&bench->beside, 200, MS);
    bench->trial.beside = &bench->beside;
    bench->trial.machine_last.busy_ns += 100 * MS;
    failing(bench, "");
}

static void grow(enum machine_counter counter, const char *expected)
{
    struct bench *bench = good();

    bench->trial.machine_last.counters[counter] = 1;
    failing(bench, expected);
    bench = good();
    bench->trial.machine_first.counters[counter] = -1;
    failing(bench, "");
}

static void test_counters(void **state)
{
    struct bench *bench = good();

    (void)state;
    for (int i = MACHINE_SWAPPED_IN; i <= MACHINE_OOM_KILLS; i++)
        grow(i, "swap");
    for (int i = MACHINE_LISTEN_OVERFLOWS; i <= MACHINE_ABORTS_ON_MEMORY; i++)
        grow(i, "kernel_drops");
    grow(MACHINE_TCP_TIMEOUTS, "");
    grow(MACHINE_RETRANSMITS, "");
    grow(MACHINE_MAJOR_FAULTS, "");
    bench->trial.faults_first = -1;
    failing(bench, "");
}

static void test_place(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.inspection.in_group = -1;
    failing(bench, "");
    bench = good();
    exhaustion_judge(0, "127.0.0.1:80: cannot connect: Too many open files", "",
                     bench->trial.exhausted, sizeof bench->trial.exhausted);
    failing(bench, "limits");
    bench = good();
    exhaustion_judge(0, "", "accept: Too many open files\n",
                     bench->trial.exhausted, sizeof bench->trial.exhausted);
    failing(bench, "limits");
    bench = good(); /* only the server's message shows it */
    exhaustion_judge(0, "HTTP status 503",
                     "a request's task: Resource temporarily unavailable\n",
                     bench->trial.exhausted, sizeof bench->trial.exhausted);
    assert_non_null(strstr(bench->trial.exhausted, "kernel.threads-max "));
    failing(bench, "limits");
    bench = good();
    exhaustion_judge(3, "", "", bench->trial.exhausted,
                     sizeof bench->trial.exhausted);
    assert_non_null(
        strstr(bench->trial.exhausted, "3 tasks refused by pids.max"));
    failing(bench, "limits");
    bench = good();
    exhaustion_judge(0, "reset", "all is well", bench->trial.exhausted,
                     sizeof bench->trial.exhausted);
    failing(bench, "");
}

/* A gate that is switched off passes and still shows its value; the others stay
 * on. */
static void test_switched_off(void **state)
{
    struct bench *bench = good();
    char reason[2048];
    int failed = 0;

    (void)state;
    bench->load.wrong = 1;
    bench->load.ok--;
    bench->trial.inspection.misplaced = 1;
    bench->trial.machine_last.steal_ns = 900 * MS;
    setenv("TROIKA_DISABLE_GATE", "placement,steal", 1);
    bench->count = gate_judge(&bench->plan, &bench->trial, bench->gates);
    unsetenv("TROIKA_DISABLE_GATE");
    for (int i = 0; i < bench->count; i++) {
        failed += !bench->gates[i].ok;
        if (!strcmp(bench->gates[i].id, "placement")) {
            assert_non_null(strstr(bench->gates[i].words, "switched off"));
            assert_true(bench->gates[i].value > bench->gates[i].limit);
        }
    }
    assert_int_equal(1, failed);
    assert_false(
        gate_all_ok(bench->gates, bench->count, reason, sizeof reason));
    assert_string_equal(reason, "1 answers with a wrong body");
    free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),   cmocka_unit_test(test_overload),
        cmocka_unit_test(test_arrivals), cmocka_unit_test(test_clock),
        cmocka_unit_test(test_speed),    cmocka_unit_test(test_quota),
        cmocka_unit_test(test_cpu),      cmocka_unit_test(test_counters),
        cmocka_unit_test(test_place),    cmocka_unit_test(test_switched_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
