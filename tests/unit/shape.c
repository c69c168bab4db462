/* SPDX-License-Identifier: MIT
 *
 * The model of a service is told where its figures have one explanation, and
 * only there.
 */
#include "harness/own/shape.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A loop: 5 ms of wait and 0.5 ms of CPU, all of it one thread's. */
static const struct shape_facts loop = {
    .connections = 32,
    .processes_one = 1,
    .processes_many = 1,
    .threads_one = 11,
    .threads_many = 11,
    .per_s_one = 180,
    .per_s_many = 1900,
    .response_ns = 5.5e6,
    .cpu_ns = 0.5e6,
    .hot_share = 0.98,
};

static void expect(const struct shape_facts *facts, const char *model,
                   int workers)
{
    struct shape shape;

    shape_tell(facts, &shape);
    assert_true(shape.why[0]);
    assert_int_equal(!model, !shape.model);
    if (model)
        assert_string_equal(model, shape.model);
    assert_int_equal(workers, shape.workers);
}

static void what_grows_tells_the_model(void **state)
{
    struct shape_facts facts = loop;
    (void)state;

    expect(&facts, "event-loop", 0);
    facts.threads_many = 43;
    expect(&facts, "thread-per-connection", 0);
    facts.processes_many = 33;
    expect(&facts, "process-per-request", 0);
    facts = loop;
    facts.threads_one = 2;
    facts.threads_many = 10;
    expect(&facts, "thread-pool", 8);
}

static void processes_that_share_the_work_are_a_pool_or_loops(void **state)
{
    struct shape_facts facts = loop;
    (void)state;

    facts.processes_one = facts.processes_many = 5;
    facts.hot_share = 0.3;
    expect(&facts, "process-loops", 4);
    facts.per_s_many = 4 * facts.per_s_one;
    expect(&facts, "process-pool", 4);
    /* A shell and a package manager, and one process that works. */
    facts.per_s_many = 1900;
    facts.hot_share = 0.98;
    expect(&facts, "event-loop", 0);
}

static void one_request_at_a_time_is_serial(void **state)
{
    struct shape_facts facts = loop;
    (void)state;

    facts.per_s_many = 1.02 * facts.per_s_one;
    expect(&facts, "serial", 0);
    /* Without waits, one loop has one rate as well. */
    facts.cpu_ns = 5.4e6;
    expect(&facts, NULL, 0);
}

static void what_is_not_seen_is_not_told(void **state)
{
    struct shape_facts facts = loop;
    (void)state;

    facts.processes_one = facts.threads_one = -1;
    expect(&facts, NULL, 0);
    facts = loop;
    facts.connections = 4;
    expect(&facts, NULL, 0);
    facts = loop;
    facts.hot_share = 0.5; /* several threads, none of which grew */
    expect(&facts, NULL, 0);
    facts.hot_share = NAN;
    expect(&facts, NULL, 0);
    /* More requests at once than threads, whichever of them does the work. */
    facts.per_s_many = 20 * facts.per_s_one;
    expect(&facts, "event-loop", 0);
    facts = loop;
    facts.threads_many = 13;
    facts.closes = true;
    expect(&facts, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_grows_tells_the_model),
        cmocka_unit_test(processes_that_share_the_work_are_a_pool_or_loops),
        cmocka_unit_test(one_request_at_a_time_is_serial),
        cmocka_unit_test(what_is_not_seen_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
