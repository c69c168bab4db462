/* SPDX-License-Identifier: MIT
 *
 * The loads are open loops without a warm-up: every request is scheduled in the
 * window and belongs to the result, so the counts of server and generator must
 * agree exactly.
 */
#include "tests.h"

#include <string.h>

#include "fixture.h"

static const int64_t MS = 1000000;

static const struct {
    const char
        *gate; /* NULL: none, since a timeout in an open loop is a result */
} faults[REFERENCE_FAULTS] = {
    [REFERENCE_WRONG] = {"wrong_bodies"},
    [REFERENCE_OTHER] = {"wrong_bodies"},
    [REFERENCE_CACHED] = {"wrong_bodies"},
    [REFERENCE_STATUS] = {"errors"},
    [REFERENCE_TRUNCATE] = {"errors"},
    [REFERENCE_RESET] = {"errors"},
    [REFERENCE_HANG] = {NULL},
};

/* Checks that the generator counted what the server planted, class by class. */
static void check_counts(const struct fixture *fixture, struct outcome *outcome)
{
    const struct load_result *load = fixture->result;
    uint64_t planted[REFERENCE_FAULTS], bad = 0;

    for (int i = 0; i < REFERENCE_FAULTS; i++) {
        planted[i] = fixture->reference.account->faults[i];
        bad += planted[i];
    }
    fixture_identity(fixture, outcome);
    outcome_count(outcome, "requests at the server",
                  fixture->reference.account->requests, fixture->scheduled);
    outcome_count(outcome, "wrong bodies", load->wrong,
                  planted[REFERENCE_WRONG] + planted[REFERENCE_OTHER] +
                      planted[REFERENCE_CACHED]);
    outcome_count(outcome, "error statuses", load->http_error,
                  planted[REFERENCE_STATUS]);
    outcome_count(outcome, "broken connections", load->io_error,
                  planted[REFERENCE_TRUNCATE] + planted[REFERENCE_RESET]);
    outcome_count(outcome, "timeouts", load->timeout, planted[REFERENCE_HANG]);
    outcome_count(outcome, "right answers", load->ok, fixture->scheduled - bad);
    if (planted[REFERENCE_HANG] > 0)
        outcome_time(outcome, "max", (double)load->response.max_ns,
                     (double)fixture->spec.timeout_ns, 60e9);
}

static void fault_fixture(struct fixture *fixture, enum load_mutation mutation)
{
    *fixture = (struct fixture){
        .script = {.delay = {DELAY_FIXED, MS, 0, 0}},
        .spec = {.mode = LOAD_OPEN,
                 .arrivals = ARRIVALS_UNIFORM,
                 .rate_per_s = 400,
                 .connections = 128,
                 .processes = 1,
                 .window_ns = 1500 * MS,
                 .timeout_ns = 4000 * MS,
                 .mutation = mutation},
    };
}

void test_fault_with(struct outcome *outcome, enum reference_fault fault,
                     int every, enum load_mutation mutation)
{
    struct fixture fixture;

    fault_fixture(&fixture, mutation);
    fixture.script.every[fault] = every;
    if (fixture_run(&fixture, outcome) == 0) {
        check_counts(&fixture, outcome);
        if (faults[fault].gate)
            fixture_gate(&fixture, outcome, faults[fault].gate, true);
    }
    fixture_free(&fixture);
}

static void test_fault_none(struct outcome *outcome)
{
    struct fixture fixture;

    fault_fixture(&fixture, MUTATION_NONE);
    fixture.wait_ns = MS;
    if (fixture_run(&fixture, outcome) == 0) {
        check_counts(&fixture, outcome);
        fixture_gate(&fixture, outcome, "service_floor", false);
        fixture_gate(&fixture, outcome, "offered_rate", false);
        fixture_gate(&fixture, outcome, "wrong_bodies", false);
        fixture_gate(&fixture, outcome, "errors", false);
    }
    fixture_free(&fixture);
}

static void test_fault_wrong(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_WRONG, 200, MUTATION_NONE);
}

static void test_fault_other(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_OTHER, 50, MUTATION_NONE);
}

static void test_fault_cached(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_CACHED, 1, MUTATION_NONE);
}

static void test_fault_status(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_STATUS, 33, MUTATION_NONE);
}

static void test_fault_truncate(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_TRUNCATE, 100, MUTATION_NONE);
}

static void test_fault_reset(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_RESET, 50, MUTATION_NONE);
}

static void test_fault_hang(struct outcome *outcome)
{
    test_fault_with(outcome, REFERENCE_HANG, 60, MUTATION_NONE);
}

static void test_fault_mixture(struct outcome *outcome)
{
    struct fixture fixture;

    fault_fixture(&fixture, MUTATION_NONE);
    fixture.script.every[REFERENCE_STATUS] = 33;
    fixture.script.every[REFERENCE_RESET] = 50;
    fixture.script.every[REFERENCE_TRUNCATE] = 101;
    fixture.script.every[REFERENCE_WRONG] = 199;
    fixture.script.every[REFERENCE_HANG] = 151;
    if (fixture_run(&fixture, outcome) == 0) {
        check_counts(&fixture, outcome);
        fixture_gate(&fixture, outcome, "wrong_bodies", true);
        fixture_gate(&fixture, outcome, "errors", true);
    }
    fixture_free(&fixture);
}

/* The bodies are right, but the server leaves out the wait of 5 ms. */
static void test_fault_skip(struct outcome *outcome)
{
    struct fixture fixture;

    fault_fixture(&fixture, MUTATION_NONE);
    fixture.script.delay = (struct delays){DELAY_FIXED, 0, 0, 0};
    fixture.wait_ns = 5 * MS;
    if (fixture_run(&fixture, outcome) == 0) {
        check_counts(&fixture, outcome);
        fixture_gate(&fixture, outcome, "wrong_bodies", false);
        fixture_gate(&fixture, outcome, "service_floor", true);
    }
    fixture_free(&fixture);
}

/* The server never answers the 100th request of a closed loop, and answers all
 * others. */
static void test_fault_hung_one(struct outcome *outcome)
{
    struct fixture fixture;

    fault_fixture(&fixture, MUTATION_NONE);
    fixture.script.delay = (struct delays){DELAY_FIXED, 10 * MS, 0, 0};
    fixture.script.every[REFERENCE_HANG] = 100;
    fixture.script.once = true;
    fixture.spec.mode = LOAD_CLOSED;
    fixture.spec.connections = 32;
    if (fixture_run(&fixture, outcome) == 0) {
        fixture_gate(&fixture, outcome, "errors", false);
        fixture_gate(&fixture, outcome, "oldest_unanswered", true);
    }
    fixture_free(&fixture);
}

const struct selftest_test selftest_fault_tests[] = {
    {"fault-none", "fault", "a server without a fault", "no count and no gate",
     test_fault_none, .noisy = false},
    {"fault-wrong", "fault", "one body in 200 differs in one byte",
     "gate wrong_bodies, exact count", test_fault_wrong, .noisy = false},
    {"fault-other", "fault", "one answer in 50 is another request's",
     "gate wrong_bodies, exact count", test_fault_other, .noisy = false},
    {"fault-cached", "fault", "the first answer again, whatever the seed",
     "gate wrong_bodies, exact count", test_fault_cached, .noisy = false},
    {"fault-500", "fault", "one answer in 33 is an error 500",
     "gate errors, exact count", test_fault_status, .noisy = false},
    {"fault-truncated", "fault", "one answer in 100 breaks off",
     "gate errors, exact count", test_fault_truncate, .noisy = false},
    {"fault-reset", "fault", "one connection in 50 is reset",
     "gate errors, exact count", test_fault_reset, .noisy = false},
    {"fault-hang", "fault", "one request in 60 is never answered",
     "timeouts, exact count, at their age", test_fault_hang, .noisy = false},
    {"fault-skip", "fault", "right answers at once, the wait of 5 ms left out",
     "gate service_floor", test_fault_skip, .noisy = false},
    {"fault-hung-one", "fault", "one connection of 32 that is forgotten",
     "gate oldest_unanswered", test_fault_hung_one, .noisy = true},
    {"fault-mixture", "fault", "five faults at known shares at once",
     "exact counts, class by class", test_fault_mixture, .noisy = false},
    {0},
};
