/* SPDX-License-Identifier: MIT
 *
 * Slopes of memory from made-up trials whose truth is known: what a
 * connection, a request and a task cost, by kind; what is refused, and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/statistics/memory_slopes.h"

enum { BASE = 1000000, SLAB = 3000, USER = 4000, STACK = 16384 };

/* A moment with that many connections open, of which so many are asked. Each
 * request has a task of its own. */
static json_t *moment(int connections, int requests)
{
    json_int_t slab = (json_int_t)connections * SLAB;
    json_int_t user = (json_int_t)requests * USER;
    json_int_t stack = (json_int_t)requests * STACK;

    return json_pack("{s:I, s:I, s:I, s:I, s:n, s:I, s:I, s:i}", "total_bytes",
                     BASE + slab + user + stack, "user_bytes", user,
                     "kernel_stack_bytes", stack, "slab_bytes", slab,
                     "page_table_bytes", "socket_bytes", (json_int_t)0,
                     "rss_sum_bytes", user + 500000, "threads", 1 + requests);
}

static void add_trial(json_t *trials, int connections, int block)
{
    char point[32];
    json_t *memory = moment(connections, connections);
    int off = block % 2 ? 1000 : -1000;

    /* Scatter that cancels between the blocks, in the total alone. */
    json_object_set_new(
        memory, "total_bytes",
        json_integer(
            json_integer_value(json_object_get(memory, "total_bytes")) + off));
    json_object_set_new(memory, "idle", moment(0, 0));
    json_object_set_new(memory, "open", moment(connections, 0));
    snprintf(point, sizeof point, "wait-c%d", connections);
    json_array_append_new(
        trials,
        json_pack("{s:s, s:s, s:b, s:i, s:{s:s}, s:{s:i}, s:{s:i}, s:o}",
                  "experiment", "e", "load_point", point, "valid", 1, "block",
                  block, "cell", "model", "m", "connections", "open",
                  connections, "tasks", "threads", 1 + connections, "memory",
                  memory));
}

static json_t *load_point(int connections, const char *mode)
{
    char id[32];

    snprintf(id, sizeof id, "wait-c%d", connections);
    return json_pack("{s:s, s:s, s:{s:s, s:i, s:i}, s:n, s:[s, s]}", "id", id,
                     "section", "wait", "load", "mode", mode, "connections",
                     connections, "think_ns", 0, "beside", "models", "m",
                     "absent");
}

static json_t *make_run(const char *mode)
{
    return json_pack("{s:[{s:s, s:[o, o]}]}", "experiments", "name", "e",
                     "load_points", load_point(10, mode),
                     load_point(100, mode));
}

static json_t *make_trials(void)
{
    json_t *trials = json_array();

    for (int block = 1; block <= 6; block++) {
        add_trial(trials, 10, block);
        add_trial(trials, 100, block);
    }
    return trials;
}

static const json_t *find(const json_t *run, const char *model, const char *per)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "slopes"), i, row)
        if (!strcmp(json_string_value(json_object_get(row, "model")), model) &&
            !strcmp(json_string_value(json_object_get(row, "per")), per))
            return row;
    return NULL;
}

static void expect(const json_t *row, const char *kind, double value,
                   double tolerance)
{
    const json_t *slope = json_object_get(json_object_get(row, "bytes"), kind);
    double got = json_number_value(json_object_get(slope, "value"));
    double lo = json_number_value(json_object_get(slope, "lo"));
    double hi = json_number_value(json_object_get(slope, "hi"));

    if (!slope || got < value - tolerance || got > value + tolerance)
        fail_msg("%s: got %g, expected %g", kind, got, value);
    if (lo > value + tolerance || hi < value - tolerance || lo > hi)
        fail_msg("%s: %g is not in [%g, %g]", kind, value, lo, hi);
}

static void test_truth(void **state)
{
    json_t *run = make_run("closed"), *trials = make_trials();
    const json_t *row;

    (void)state;
    assert_int_equal(memory_slopes_make(run, trials), 0);
    row = find(run, "m", "idle_connection");
    expect(row, "total_bytes", SLAB, 1e-3);
    expect(row, "slab_bytes", SLAB, 1e-3);
    expect(row, "user_bytes", 0, 1e-3);
    assert_true(json_is_null(
        json_object_get(json_object_get(row, "bytes"), "page_table_bytes")));
    assert_int_equal(json_integer_value(json_object_get(row, "n")), 12);
    assert_int_equal(json_integer_value(json_object_get(row, "places")), 3);
    row = find(run, "m", "busy_connection");
    expect(row, "total_bytes", SLAB + USER + STACK, 30);
    expect(row, "rss_sum_bytes", USER, 1e-3);
    assert_true(json_number_value(json_object_get(row, "base_bytes")) >
                BASE * 0.99);
    json_decref(run);
    json_decref(trials);
}

/* Two counts and no moment at rest are no line. */
static void test_differences_need_three_counts(void **state)
{
    json_t *run = make_run("closed"), *trials = make_trials();
    const json_t *row;

    (void)state;
    memory_slopes_make(run, trials);
    row = find(run, "m", "request_in_flight");
    assert_true(json_is_null(json_object_get(row, "bytes")));
    assert_non_null(
        strstr(json_string_value(json_object_get(row, "why")), "three"));
    assert_null(find(run, "m", "task"));

    json_array_append_new(
        json_object_get(json_array_get(json_object_get(run, "experiments"), 0),
                        "load_points"),
        load_point(1000, "closed"));
    for (int block = 1; block <= 6; block++)
        add_trial(trials, 1000, block);
    memory_slopes_make(run, trials);
    row = find(run, "m", "request_in_flight");
    expect(row, "total_bytes", USER + STACK, 30);
    expect(row, "kernel_stack_bytes", STACK, 1e-3);
    assert_true(json_is_null(json_object_get(row, "base_bytes")));
    row = find(run, "m", "task");
    expect(row, "kernel_stack_bytes", STACK, 1e-3);
    assert_string_equal(json_string_value(json_object_get(row, "with")),
                        "request");
    json_decref(run);
    json_decref(trials);
}

static void test_refused(void **state)
{
    json_t *run = make_run("open"), *trials = make_trials();
    const json_t *row;

    (void)state;
    memory_slopes_make(run, trials);
    assert_true(json_is_object(
        json_object_get(find(run, "m", "idle_connection"), "bytes")));
    row = find(run, "m", "busy_connection");
    assert_non_null(
        strstr(json_string_value(json_object_get(row, "why")), "open loop"));
    row = find(run, "absent", "idle_connection");
    assert_string_equal(json_string_value(json_object_get(row, "why")),
                        "no valid trial");
    json_decref(run);
    json_decref(trials);
}

/* One connection, whose request starts tasks: threads that come and go, of
 * which some are there at the window's end, or (-1) coroutines that nobody
 * counts. What the checked requests left is there at rest. */
static void add_sleepers(json_t *trials, int asked, int threads)
{
    json_t *memory = moment(1, asked);
    char point[32];

    json_object_set_new(memory, "idle", moment(0, asked / 2));
    json_object_set_new(memory, "open", moment(1, asked / 2));
    json_object_set_new(json_object_get(memory, "open"), "threads",
                        json_integer(1));
    snprintf(point, sizeof point, "sleep-tasks%d", asked);
    json_array_append_new(
        trials,
        json_pack("{s:s, s:s, s:b, s:{s:s, s:{s:i}}, s:{s:i}, s:{s:i}, s:o}",
                  "experiment", "e", "load_point", point, "valid", 1, "cell",
                  "model", "m", "parameters", "tasks", asked, "connections",
                  "open", 1, "tasks", "threads", threads < 0 ? 1 : 1 + threads,
                  "memory", memory));
}

static json_t *sleepers_point(int asked)
{
    char id[32];

    snprintf(id, sizeof id, "sleep-tasks%d", asked);
    return json_pack("{s:s, s:s, s:{s:i}, s:{s:s, s:i, s:i}, s:n, s:[s]}", "id",
                     id, "section", "sleep", "parameters", "tasks", asked,
                     "load", "mode", "closed", "connections", 1, "think_ns", 0,
                     "beside", "models", "m");
}

static void test_sleepers(void **state)
{
    (void)state;
    for (int counted = 0; counted <= 1; counted++) {
        json_t *trials = json_array(), *run;

        run = json_pack("{s:[{s:s, s:[o, o, o]}]}", "experiments", "name", "e",
                        "load_points", sleepers_point(100),
                        sleepers_point(1000), sleepers_point(10000));
        for (int asked = 100; asked <= 10000; asked *= 10)
            add_sleepers(trials, asked, counted ? asked : -1);
        if (counted) { /* caught while they ended */
            add_sleepers(trials, 10000, 5000);
            json_object_set_new(
                json_object_get(json_array_get(trials, 3), "memory"),
                "total_bytes", json_integer(BASE));
        }
        memory_slopes_make(run, trials);
        expect(find(run, "m", "sleeper"), "kernel_stack_bytes", STACK, 1e-3);
        expect(find(run, "m", "sleeper"), "total_bytes", STACK + USER, 30);
        assert_null(find(run, "m", "idle_connection"));
        assert_null(find(run, "m", "task"));
        json_decref(run);
        json_decref(trials);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_differences_need_three_counts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sleepers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
