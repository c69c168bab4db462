/* SPDX-License-Identifier: MIT
 *
 * Time to recover against a queue of known speed: 200 requests a second for a
 * second, of which it serves 100, leave work for one second more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/load/answers.h"
#include "harness/selftest/reference.h"
#include "harness/trial/recovery.h"

enum { SEEDS = 64, TRIES = 4 };

static const int64_t SECOND_NS = 1000000000;

/* What remains of the backlog when the window closes. */
static const double BACKLOG_S = 1;

static struct reference reference;
static struct load_request *requests;
static struct recovery_probe probe;
static volatile sig_atomic_t stop;

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void start(const struct reference_script *script)
{
    cpu_set_t cpus;

    sched_getaffinity(0, sizeof cpus, &cpus);
    assert_int_equal(reference_start(script, &cpus, &reference), 0);
    requests = reference_requests(SEEDS);
    assert_non_null(requests);
    stop = 0;
    probe = (struct recovery_probe){.address = &reference.address,
                                    .requests = requests,
                                    .request_count = SEEDS,
                                    .stop = &stop};
}

static void end(void)
{
    reference_free(&reference);
    answers_free(requests, SEEDS);
}

/* Recovery from the overload, in seconds. */
static double overload(struct recovery *recovery)
{
    struct load_spec plan = {.address.v4 = reference.address,
                             .requests = requests,
                             .request_count = SEEDS,
                             .mode = LOAD_OPEN,
                             .arrivals = ARRIVALS_UNIFORM,
                             .rate_per_s = 200,
                             .connections = 256,
                             .processes = 1,
                             .seed = 1,
                             .window_ns = SECOND_NS,
                             .timeout_ns = 20 * SECOND_NS};
    struct timespec at;
    struct load *load;
    char why[256];
    int64_t end_ns;

    assert_int_equal(load_start(&plan, &load, why, sizeof why), 0);
    end_ns = load_begin(load);
    assert_true(end_ns > 0);
    end_ns += plan.window_ns;
    at = (struct timespec){end_ns / SECOND_NS, end_ns % SECOND_NS};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
        ;
    assert_int_equal(recovery_await(&probe, end_ns, recovery), 0);
    load_free(load);
    return (double)recovery->took_ns / 1e9;
}

/* The server's departures are computed, so that it is never done sooner; that
 * it looks later than it is, a busy machine can bring about, but hardly every
 * time. */
static void a_backlog_is_told(void **state)
{
    const struct reference_script script = {
        .queue = true, .delay = {DELAY_FIXED, 10000000, 0, 0}};
    double seen_s = 0;

    (void)state;
    for (int i = 0; i < TRIES; i++) {
        struct recovery recovery = {.limit_ns = 10 * SECOND_NS};

        start(&script);
        assert_int_equal(recovery_learn(&probe, &recovery), 0);
        assert_true(recovery.unloaded_ns >= 10000000);
        seen_s = overload(&recovery);
        end();
        assert_true(seen_s > 0.9 * BACKLOG_S);
        if (seen_s < 1.15 * BACKLOG_S)
            return;
    }
    fail_msg("recovered after %.3f s, not %.3f s", seen_s, BACKLOG_S);
}

static void what_stays_slow_has_not_recovered(void **state)
{
    const struct reference_script script = {
        .delay = {DELAY_FIXED, 20000000, 0, 0}};
    struct recovery recovery = {.limit_ns = SECOND_NS / 5,
                                .unloaded_ns = 1000000};
    int64_t begin_ns;
    json_t *json;

    (void)state;
    start(&script);
    begin_ns = now_ns();
    assert_int_equal(recovery_await(&probe, begin_ns, &recovery), 0);
    assert_true(now_ns() - begin_ns >= recovery.limit_ns);
    end();
    assert_int_equal(recovery.took_ns, -1);
    assert_true(recovery.probes >= 1);
    json = recovery_json(&recovery);
    assert_true(json_is_null(json_object_get(json, "recovery_ns")));
    assert_string_equal(json_string_value(json_object_get(json, "words")),
                        "not under 2.00 ms again within 200 ms");
    json_decref(json);
}

static void who_never_was_slow_needs_no_time(void **state)
{
    const struct reference_script script = {
        .delay = {DELAY_FIXED, 1000000, 0, 0}};
    struct recovery recovery = {.limit_ns = 5 * SECOND_NS,
                                .unloaded_ns = SECOND_NS};

    (void)state;
    start(&script);
    assert_int_equal(recovery_await(&probe, now_ns(), &recovery), 0);
    end();
    assert_int_equal(recovery.took_ns, 0);
    assert_int_equal(recovery.probes, 5);
}

static void a_dead_server_and_a_stop_end_it(void **state)
{
    const struct reference_script script = {
        .delay = {DELAY_FIXED, 1000000, 0, 0}};
    struct recovery recovery = {.limit_ns = SECOND_NS / 5,
                                .unloaded_ns = SECOND_NS};

    (void)state;
    start(&script);
    reference_stop(&reference);
    assert_true(recovery_learn(&probe, &recovery) < 0);
    recovery.unloaded_ns = SECOND_NS;
    assert_int_equal(recovery_await(&probe, now_ns(), &recovery), 0);
    assert_int_equal(recovery.took_ns, -1);
    stop = 1;
    assert_int_equal(recovery_await(&probe, now_ns(), &recovery), -EINTR);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backlog_is_told),
        cmocka_unit_test(what_stays_slow_has_not_recovered),
        cmocka_unit_test(who_never_was_slow_needs_no_time),
        cmocka_unit_test(a_dead_server_and_a_stop_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
