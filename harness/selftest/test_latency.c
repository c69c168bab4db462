/* SPDX-License-Identifier: MIT
 *
 * A delay test compares the generator's figures with the server's own account,
 * and that account with the script.
 *
 * A stall test stops a server, which answers at once, for T of D seconds. A
 * request that arrives during the stall waits for the rest of it. So with
 * f = T / D, quantile q of the response times is T (q - 1 + f) / f, and the
 * mean is T f / 2. (The idea, with Ctrl-Z, is from Gil Tene's How NOT to
 * Measure Latency.)
 *
 * Queueing theory gives the response times of an endless queue. Twelve seconds
 * of one deviate by tens of per cent, because consecutive response times are
 * correlated. So seeds are tried until the exact response times of the sequence
 * (Lindley's recursion over arrival times and service times) are close to
 * theory. Then that sequence is run, and any further deviation is the
 * instrument's.
 *
 * M/M/1: R = S / (1 - rho), exponential, hence p99 = ln(100) R. M/D/1, after
 * Pollaczek and Khinchine: R = S (1 + rho / (2 (1 - rho))).
 */
#include "tests.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "harness/load/print.h"

static const int64_t S = 1000000000, MS = 1000000;

static void delay_fixture(struct fixture *fixture, struct delays delays,
                          double rate_per_s, int64_t window_ns)
{
    *fixture = (struct fixture){
        .script = {.delay = delays},
        .spec = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_POISSON,
                 .rate_per_s = rate_per_s,
                 .connections = 256,
                 .processes = 1,
                 .seed = 11,
                 .window_ns = window_ns,
                 .timeout_ns = 10 * S},
    };
}

static void check_percentiles(const struct fixture *fixture,
                              struct outcome *outcome)
{
    static const double percentiles[] = {50, 75, 95, 99, -1};
    const struct histogram *reference = &fixture->reference.account->delay;
    struct histogram *script = calloc(1, sizeof *script);

    if (!script)
        return;
    delays_histogram(&fixture->script.delay, fixture->scheduled, script);
    for (size_t i = 0; i < sizeof percentiles / sizeof *percentiles; i++) {
        double p = percentiles[i];
        char what[16], told[48];

        snprintf(what, sizeof what, p < 0 ? "mean" : "p%.0f", p);
        snprintf(told, sizeof told, "%s of the server", what);
        fixture_near(fixture, outcome, what, &fixture->result->response,
                     reference, p, 0.02);
        fixture_near(fixture, outcome, told, reference, script, p, 0.02);
    }
    free(script);
}

static void delay_test(struct outcome *outcome, struct delays delays,
                       double rate_per_s, enum load_mutation mutation)
{
    struct fixture fixture;

    delay_fixture(&fixture, delays, rate_per_s, 10 * S);
    fixture.spec.mutation = mutation;
    if (fixture_run(&fixture, outcome) == 0) {
        check_percentiles(&fixture, outcome);
        fixture_identity(&fixture, outcome);
        fixture_gate(&fixture, outcome, "little", false);
        fixture_gate(&fixture, outcome, "wrong_bodies", false);
    }
    fixture_free(&fixture);
}

static void test_latency_fixed(struct outcome *outcome)
{
    delay_test(outcome, (struct delays){DELAY_FIXED, 10 * MS, 0, 0}, 200,
               MUTATION_NONE);
}

static void test_latency_bimodal(struct outcome *outcome)
{
    delay_test(outcome, (struct delays){DELAY_BIMODAL, MS, 100 * MS, 0}, 300,
               MUTATION_NONE);
}

void test_latency_exponential_with(struct outcome *outcome,
                                   enum load_mutation mutation)
{
    delay_test(outcome, (struct delays){DELAY_EXPONENTIAL, 10 * MS, 0, 5}, 300,
               mutation);
}

static void test_latency_exponential(struct outcome *outcome)
{
    test_latency_exponential_with(outcome, MUTATION_NONE);
}

/* Stops the server from one quarter of the window to three quarters. */
static void stop_in_the_middle(struct fixture *fixture, int64_t window_start_ns)
{
    int64_t quarter_ns = fixture->spec.window_ns / 4;

    clock_sleep_until(window_start_ns + quarter_ns);
    kill(fixture->reference.pid, SIGSTOP);
    clock_sleep_until(window_start_ns + 3 * quarter_ns);
    kill(fixture->reference.pid, SIGCONT);
}

/* Checks a time of the stall. Allows the lateness of both sides, up to 20 ms,
 * and 3 %, since the server needs time to answer the requests that piled up,
 * one after another. */
static void stall_time(const struct fixture *fixture, struct outcome *outcome,
                       const char *what, double seen_ns, double reference_ns)
{
    double allow_ns =
        fmin(stalls_allow_ns(&fixture->stalls, 99, UINT64_MAX), 20e6);

    outcome_time(outcome, what, seen_ns, reference_ns * 0.97 - allow_ns,
                 reference_ns * 1.03 + allow_ns);
}

static void stall_open(struct outcome *outcome, int64_t window_ns,
                       double rate_per_s, int connections,
                       enum load_mutation mutation)
{
    struct fixture fixture;
    double stall_ns = (double)window_ns / 2;
    const struct histogram *response;

    delay_fixture(&fixture, (struct delays){0}, rate_per_s, window_ns);
    fixture.spec.arrivals = ARRIVALS_UNIFORM;
    fixture.spec.connections = connections;
    fixture.spec.mutation = mutation;
    fixture.during = stop_in_the_middle;
    if (fixture_run(&fixture, outcome) == 0) {
        response = &fixture.result->response;
        stall_time(&fixture, outcome, "mean", histogram_mean_ns(response),
                   stall_ns / 4);
        stall_time(&fixture, outcome, "p75",
                   (double)histogram_percentile_ns(response, 75),
                   stall_ns * 0.5);
        stall_time(&fixture, outcome, "p90",
                   (double)histogram_percentile_ns(response, 90),
                   stall_ns * 0.8);
        stall_time(&fixture, outcome, "max", (double)response->max_ns,
                   stall_ns);
        fixture_identity(&fixture, outcome);
    }
    fixture_free(&fixture);
}

static void test_latency_stall_open(struct outcome *outcome)
{
    stall_open(outcome, 10 * S, 1000, 100, MUTATION_NONE);
}

void test_latency_stall_with(struct outcome *outcome,
                             enum load_mutation mutation)
{
    stall_open(outcome, 2 * S, 500, 20, mutation);
}

/* Checks that the text that `troika load` would print says "service time". */
static void check_label(const struct fixture *fixture, struct outcome *outcome)
{
    struct load_print print = {.spec = &fixture->spec,
                               .result = fixture->result,
                               .url = "http://127.0.0.1/reference",
                               .percentiles = {50, 99},
                               .percentile_count = 2,
                               .complete = true};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool said;

    if (!file)
        return;
    load_print_write(&print, FORMAT_TEXT, file);
    fclose(file);
    said = strstr(text, "service time") != NULL;
    outcome_words(outcome, "label", "service time",
                  said ? "service time" : "not there", said);
    free(text);
}

static void test_latency_stall_closed(struct outcome *outcome)
{
    enum { CONNECTIONS = 10 };
    struct fixture fixture;
    const struct histogram *service;
    uint64_t slow = 0;

    delay_fixture(&fixture, (struct delays){DELAY_FIXED, 10 * MS, 0, 0}, 0,
                  10 * S);
    fixture.spec.mode = LOAD_CLOSED;
    fixture.spec.connections = CONNECTIONS;
    fixture.during = stop_in_the_middle;
    if (fixture_run(&fixture, outcome) == 0) {
        service = &fixture.result->service;
        for (double p = 100; p > 90; p -= 0.01)
            if (histogram_percentile_ns(service, p) > S)
                slow =
                    (uint64_t)llround((100 - p) / 100 * (double)service->count);
        outcome_number(outcome, "requests over 1 s", (double)slow, 0,
                       CONNECTIONS + 1);
        stall_time(&fixture, outcome, "max", (double)service->max_ns,
                   5.0 * (double)S);
        outcome_time(outcome, "p90",
                     (double)histogram_percentile_ns(service, 90), 10e6, 1e9);
        check_label(&fixture, outcome);
        fixture_identity(&fixture, outcome);
    }
    fixture_free(&fixture);
}

static const int64_t WINDOW_NS = 12000000000;

enum { SEEDS_MAX = 20000 };

struct theory {
    enum delay_kind kind;
    double rate_per_s, rho;
    double mean_ns, p99_ns; /* p99_ns 0: there is no closed form */
};

static double off(double value, double from)
{
    return from > 0 ? fabs(value / from - 1) : 0;
}

/* Sets the fixture's seeds to a sequence near theory, whose response times are
 * put into `path`. */
static int find_path(struct fixture *fixture, const struct theory *theory,
                     struct histogram *path)
{
    for (uint64_t seed = 1; seed < SEEDS_MAX; seed++) {
        int result;

        fixture->spec.seed = seed;
        fixture->script.delay.seed = seed * 977;
        result = delays_queue(&fixture->script.delay, &fixture->spec, path);
        if (result < 0)
            return result;
        if (off(histogram_mean_ns(path), theory->mean_ns) < 0.02 &&
            off((double)histogram_percentile_ns(path, 99), theory->p99_ns) <
                0.04)
            return 0;
    }
    return -ENOENT;
}

static void judge(const struct fixture *fixture, const struct theory *theory,
                  const struct histogram *path, struct outcome *outcome)
{
    const struct histogram *response = &fixture->result->response;
    double allow_ns = fmin(stalls_allow_ns(&fixture->stalls, -1, 0), 1e6);

    outcome_time(outcome, "mean, theory", histogram_mean_ns(response),
                 theory->mean_ns * 0.92, theory->mean_ns * 1.08 + allow_ns);
    if (theory->p99_ns > 0)
        outcome_time(outcome, "p99, theory",
                     (double)histogram_percentile_ns(response, 99),
                     theory->p99_ns * 0.85, theory->p99_ns * 1.15);
    fixture_near(fixture, outcome, "mean, path", response, path, -1, 0.04);
    fixture_near(fixture, outcome, "p50, path", response, path, 50, 0.04);
    fixture_near(fixture, outcome, "p99, path", response, path, 99, 0.04);
    fixture_gate(fixture, outcome, "little", false);
    fixture_identity(fixture, outcome);
}

static void queue(struct outcome *outcome, const struct theory *theory)
{
    struct fixture fixture = {
        .script = {.queue = true,
                   .delay = {theory->kind,
                             (int64_t)(theory->rho / theory->rate_per_s * 1e9),
                             0, 0}},
        .spec = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_POISSON,
                 .rate_per_s = theory->rate_per_s,
                 .connections = 256,
                 .processes = 1,
                 .window_ns = WINDOW_NS,
                 .timeout_ns = 10000000000},
    };
    struct histogram *path = calloc(1, sizeof *path);
    int result = path ? find_path(&fixture, theory, path) : -ENOMEM;

    if (result < 0)
        outcome_broken(outcome, "a path near theory", result);
    else if (fixture_run(&fixture, outcome) == 0)
        judge(&fixture, theory, path, outcome);
    fixture_free(&fixture);
    free(path);
}

static void mm1(struct outcome *outcome, double rate_per_s, double rho)
{
    double mean_ns = rho / rate_per_s * 1e9 / (1 - rho);

    queue(outcome, &(struct theory){DELAY_EXPONENTIAL, rate_per_s, rho, mean_ns,
                                    log(100) * mean_ns});
}

static void test_queue_mm1_half(struct outcome *outcome)
{
    mm1(outcome, 200, 0.5);
}

static void test_queue_mm1_high(struct outcome *outcome)
{
    mm1(outcome, 300, 0.8);
}

static void test_queue_md1(struct outcome *outcome)
{
    double service_ns = 0.8 / 300 * 1e9;

    queue(outcome, &(struct theory){DELAY_FIXED, 300, 0.8, 3 * service_ns, 0});
}

const struct selftest_test selftest_latency_tests[] = {
    {"queue-mm1-50", "queue", "an M/M/1 queue at half load",
     "response time: S / (1 - rho), p99 = 4.605 of it", test_queue_mm1_half,
     .noisy = true},
    {"queue-mm1-80", "queue", "an M/M/1 queue at 80 % load",
     "response time: S / (1 - rho), p99 = 4.605 of it", test_queue_mm1_high,
     .noisy = true},
    {"queue-md1-80", "queue", "an M/D/1 queue at 80 % load",
     "response time: Pollaczek and Khinchine's mean", test_queue_md1,
     .noisy = true},
    {"stall-open", "latency",
     "a server stopped for 5 s of 10 under 1,000 requests/s",
     "response time from the intended moment: mean 1.25 s, p75 2.5 s, p90 4 s, "
     "max 5 s",
     test_latency_stall_open, .noisy = true},
    {"stall-closed", "latency", "that stop in a closed loop of 10 connections",
     "the words \"service time\": at most 11 requests show it",
     test_latency_stall_closed, .noisy = true},
    {"delay-fixed", "latency", "each answer after 10 ms",
     "every percentile, within 2 % + 0.1 ms", test_latency_fixed,
     .noisy = true},
    {"delay-bimodal", "latency", "nine answers after 1 ms, the tenth after 100",
     "every percentile, within 2 % + 0.1 ms", test_latency_bimodal,
     .noisy = true},
    {"delay-exponential", "latency", "exponential delays of 10 ms in the mean",
     "every percentile, within 2 % + 0.1 ms", test_latency_exponential,
     .noisy = true},
    {0},
};
