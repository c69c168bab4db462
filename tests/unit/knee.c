/* SPDX-License-Identifier: MIT
 *
 * The knee of made-up servers whose capacity is known: found where it is, not
 * found where there is none, and no answer where the load or too little of it
 * was the limit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/ramp/knee.h"

enum { COUNT = 20, RUNS = 500 };

static const double LOW = 50, HIGH = 400, LENGTH_S = 0.7, SERVICE_NS = 20e6;
static const struct knee_ramp ramp = {1000, 400, 50};

static uint64_t state = 7;

/* A number of [0, 1) that depends on nothing but the count (splitmix64). */
static double uniform(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double poisson(double mean)
{
    double n = 0;

    for (double at = -log(1 - uniform()); at < mean; n++)
        at -= log(1 - uniform());
    return n;
}

/* A server that answers `capacity` a second at most, at once or after waiting,
 * and beyond that `beyond` of it: 1 stays at its capacity, less breaks down. */
static void serve(double capacity, double beyond,
                  struct knee_interval intervals[COUNT])
{
    double waiting = 0;

    for (int i = 0; i < COUNT; i++) {
        double rate = LOW + (HIGH - LOW) * (i + 0.5) / COUNT;
        double due = poisson(rate * LENGTH_S);
        double most = capacity * LENGTH_S * (waiting > 0 ? beyond : 1);
        double ok = fmin(due + waiting, most);

        waiting += due - ok;
        intervals[i] = (struct knee_interval){
            .at_s = (i + 0.5) * LENGTH_S,
            .rate_per_s = rate,
            .due_per_s = due / LENGTH_S,
            .ok_per_s = ok / LENGTH_S,
            .tail_ns = SERVICE_NS + waiting / capacity * 1e9,
            .service_ns = SERVICE_NS + waiting / capacity * 1e9,
        };
    }
}

static void find(const struct knee_interval *intervals, struct knee *knee)
{
    knee_find(intervals, COUNT, &ramp, knee);
}

static void test_found(void **ignored)
{
    static const double capacities[] = {120, 200, 300};

    (void)ignored;
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        double most = 0;

        for (int i = 0; i < RUNS; i++) {
            struct knee_interval intervals[COUNT];
            struct knee knee;

            serve(capacities[c], 1, intervals);
            find(intervals, &knee);
            assert_int_equal(knee.verdict, KNEE_FOUND);
            assert_int_equal(knee.throughput.verdict, KNEE_FOUND);
            assert_int_equal(knee.latency.verdict, KNEE_FOUND);
            most = fmax(most, fabs(knee.rate_per_s / capacities[c] - 1));
            assert_true(knee.beyond_hi_per_s <= capacities[c] * 1.001);
        }
        print_message("%.0f/s: off by %.1f %% at most\n", capacities[c],
                      100 * most);
        assert_true(most < 0.01);
    }
}

/* A server that answers less and less once it is overloaded. */
static void test_breaks_down(void **ignored)
{
    struct knee_interval intervals[COUNT];
    struct knee knee;

    (void)ignored;
    for (int i = 0; i < RUNS; i++) {
        serve(200, 0.6, intervals);
        find(intervals, &knee);
        assert_int_equal(knee.verdict, KNEE_FOUND);
        assert_true(knee.rate_per_s > 100 && knee.rate_per_s < 220);
        assert_true(knee.beyond_lo_per_s < 125);
    }
}

static void test_none(void **ignored)
{
    struct knee_interval intervals[COUNT];
    struct knee knee;

    (void)ignored;
    for (int i = 0; i < RUNS; i++) {
        serve(2000, 1, intervals);
        find(intervals, &knee);
        assert_int_equal(knee.verdict, KNEE_NONE);
        assert_int_equal(knee.latency.verdict, KNEE_NONE);
        assert_true(knee.rate_per_s == 400);
    }
    assert_string_equal(knee.words, "no knee up to 400/s");
    /* One stall is none: behind in one interval, made good in the next. */
    intervals[10].ok_per_s *= 0.3;
    intervals[11].ok_per_s *= 1.7;
    intervals[10].tail_ns *= 20;
    find(intervals, &knee);
    assert_int_equal(knee.verdict, KNEE_NONE);
}

/* All is answered, but from 250/s on it takes three times as long. */
static void test_latency_alone(void **ignored)
{
    struct knee_interval intervals[COUNT];
    struct knee knee;

    (void)ignored;
    serve(2000, 1, intervals);
    for (int i = 0; i < COUNT; i++)
        intervals[i].tail_ns *= intervals[i].rate_per_s > 250 ? 3 : 1;
    find(intervals, &knee);
    assert_int_equal(knee.verdict, KNEE_FOUND);
    assert_int_equal(knee.throughput.verdict, KNEE_NONE);
    assert_true(fabs(knee.rate_per_s - 250) < 20);
    assert_non_null(strstr(knee.words, "from there on p50 is over twice"));
}

static void told_apart(const struct knee_interval *intervals, int count,
                       const char *words)
{
    struct knee knee;

    knee_find(intervals, count, &ramp, &knee);
    if (knee.verdict != KNEE_CANNOT_TELL || !strstr(knee.words, words))
        fail_msg("%s: %s", knee_verdict_name(knee.verdict), knee.words);
}

static void test_cannot_tell(void **ignored)
{
    struct knee_interval intervals[COUNT];

    (void)ignored;
    serve(40, 1, intervals);
    told_apart(intervals, COUNT, "behind from the beginning; begin at a lower");
    serve(200, 1, intervals);
    told_apart(intervals, 7, "7 of 7 intervals can be judged; give a longer");
    told_apart(intervals, 0, "0 of 0 intervals");
    /* The knee is the load's: no connection is free, and yet each answer takes
     * as long as before. */
    for (int i = 0; i < COUNT; i++) {
        intervals[i].service_ns = SERVICE_NS;
        intervals[i].exhausted = intervals[i].rate_per_s > 200;
    }
    told_apart(intervals, COUNT, "all 1000 connections were busy");
    told_apart(intervals, COUNT, "give -c 16");
    serve(2000, 1, intervals);
    intervals[COUNT - 1].ok_per_s *= 0.5;
    told_apart(intervals, COUNT, "behind at the very end only");
    /* The corner of the best line lies where nothing was ever answered. */
    serve(2000, 1, intervals);
    for (int i = 0; i < COUNT; i++)
        intervals[i].ok_per_s = i < 16 ? fmin(intervals[i].due_per_s, 140) : 20;
    told_apart(intervals, COUNT, "varies too much");
}

/* Where the generator itself was the limit or busy, nothing is the server's. */
static void test_generator(void **ignored)
{
    struct knee_interval intervals[COUNT];
    struct knee knee;

    (void)ignored;
    serve(200, 1, intervals);
    for (int i = 0; i < COUNT; i++)
        intervals[i].unjudged = intervals[i].rate_per_s > 195;
    find(intervals, &knee);
    assert_int_equal(knee.verdict, KNEE_NONE);
    assert_true(knee.rate_per_s < 200);
    assert_int_equal(knee.judged, 8);
    assert_non_null(strstr(knee.words, "the generator itself was the limit"));
    for (int i = 0; i < COUNT; i++)
        intervals[i].unjudged = i >= 5;
    told_apart(intervals, COUNT, "5 of 20 intervals can be judged, since the");
}

static void test_few_requests(void **ignored)
{
    struct knee_interval intervals[COUNT];
    struct knee knee;

    (void)ignored;
    serve(2000, 1, intervals);
    for (int i = 0; i < COUNT; i++)
        intervals[i].tail_ns = NAN;
    find(intervals, &knee);
    assert_int_equal(knee.verdict, KNEE_NONE);
    assert_int_equal(knee.latency.verdict, KNEE_CANNOT_TELL);
    assert_string_equal(knee.words, "no knee up to 400/s by throughput");
    /* Times that the generator's own lateness is in are not looked at either,
     * but whether all is answered is. */
    serve(200, 1, intervals);
    for (int i = 0; i < COUNT; i++)
        intervals[i].tail_spoilt = true;
    find(intervals, &knee);
    assert_int_equal(knee.verdict, KNEE_FOUND);
    assert_int_equal(knee.latency.verdict, KNEE_CANNOT_TELL);
    assert_int_equal(knee.spoilt, COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_breaks_down),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_latency_alone),
        cmocka_unit_test(test_cannot_tell),
        cmocka_unit_test(test_generator),
        cmocka_unit_test(test_few_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
