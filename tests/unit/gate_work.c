/* SPDX-License-Identifier: MIT
 *
 * The gates on the work itself: both sides of their limits, and cases in which
 * they must pass.
 */
#include "gate_bench.h"

/* One answer of 2,000 comes too early, or as early as a timer may end. */
static void test_service_floor(void **state)
{
    struct bench *bench = good_open();

    (void)state;
    histogram_record(&bench->load.service, 45 * MS);
    failing(bench, "service_floor");
    bench = good();
    histogram_record(&bench->load.service, 50 * MS - 500000);
    failing(bench, "");
    bench = good(); /* the work has no wait */
    bench->point.workload = &quick_entry;
    histogram_record(&bench->load.service, 30000);
    failing(bench, "");
}

static double cv_of_1(const struct arguments *arguments)
{
    (void)arguments;
    return 1;
}

/* Of varied waits the mean is judged: here within 10 % and 1 %. */
static void test_service_floor_of_varied_waits(void **state)
{
    static const struct workload varied = {.kind = WORKLOAD_IO,
                                           .wait_ns = wait_50ms,
                                           .wait_cv = cv_of_1,
                                           .backend_calls = one_call};
    static const struct workload_entry varied_entry = {"varied", &varied};
    struct bench *bench = good_open();

    (void)state;
    bench->point.workload = &varied_entry;
    histogram_record(&bench->load.service, 1 * MS);
    failing(bench, "");
    bench = good_open();
    bench->point.workload = &varied_entry;
    for (int i = 0; i < 1000; i++)
        histogram_record(&bench->load.service, 20 * MS);
    failing(bench, "service_floor");
    bench = good_open(); /* 25 different requests say nothing about a mean */
    bench->point.workload = &varied_entry;
    bench->trial.requests_made = 25;
    for (int i = 0; i < 1000; i++)
        histogram_record(&bench->load.service, 20 * MS);
    failing(bench, "");
}

static void test_offered_rate(void **state)
{
    struct bench *bench = good_open();

    (void)state;
    bench->point.arrivals = ARRIVALS_UNIFORM;
    bench->point.rate_per_s = 1900;
    failing(bench, "offered_rate");
    bench = good_open();
    bench->point.arrivals = ARRIVALS_UNIFORM;
    bench->point.rate_per_s = 1985; /* 0.75 % */
    failing(bench, "");
    bench =
        good_open(); /* random arrivals: 11 % is too much, 8 % may be chance */
    bench->point.rate_per_s = 1770;
    failing(bench, "offered_rate");
    bench = good_open();
    bench->point.rate_per_s = 1850;
    failing(bench, "");
    bench = good(); /* a closed loop has no rate to keep */
    bench->point.rate_per_s = 10;
    failing(bench, "");
}

static void test_server_restarted(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.listeners_last = 0;
    failing(bench, "server_restarted");
    bench = good(); /* the listening sockets were not found */
    bench->trial.listeners_first = 0;
    failing(bench, "");
}

static void test_sampler_cost(void **state)
{
    struct bench *bench = good();

    (void)state;
    bench->trial.sampler.cpu_ns = 19 * MS; /* 1 % and the cost of the edges */
    failing(bench, "");
    bench = good();
    bench->trial.sampler = (struct sampler){0};
    failing(bench, "");
}

/* A PostgreSQL that the harness started, and its CPU time in the window. */
static struct bench *with_store(int64_t cpu_ns)
{
    struct bench *bench = good();
    struct trial_store *store = &bench->trial.stores[STORE_POSTGRESQL];

    store->used = store->own = store->alive = true;
    store->first.at_ns = 1000 * MS;
    store->last.at_ns = 2000 * MS;
    store->last.cpu_user_ns = cpu_ns;
    bench->trial.machine_last.busy_ns += cpu_ns; /* not foreign */
    return bench;
}

static void test_store_alive(void **state)
{
    struct bench *bench = with_store(100 * MS);

    (void)state;
    failing(bench, "");
    bench = good(); /* a store that the experiment names is not judged */
    bench->trial.stores[STORE_REDIS].used = true;
    failing(bench, "");
}

/* Generator and backend use 300 ms of the clients' CPU. */
static void test_store_busy(void **state)
{
    (void)state;
    failing(with_store(550 * MS), "");
    failing(with_store(650 * MS), "clients_busy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service_floor),
        cmocka_unit_test(test_service_floor_of_varied_waits),
        cmocka_unit_test(test_offered_rate),
        cmocka_unit_test(test_server_restarted),
        cmocka_unit_test(test_sampler_cost),
        cmocka_unit_test(test_store_alive),
        cmocka_unit_test(test_store_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
