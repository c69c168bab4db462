/* SPDX-License-Identifier: MIT
 *
 * Goals of made-up scores and baselines, in which all are met; then one figure
 * is changed at a time, and only its goals change.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/json.h"
#include "harness/validate/goals.h"

static struct scores scores;
static struct baselines baselines;
static struct goals goals;

static struct errors *score(enum quantity quantity, const char *by,
                            const char *group)
{
    for (int i = 0; i < scores.score_count; i++) {
        struct score *s = &scores.scores[i];
        if (s->quantity == quantity && !strcmp(s->by, by) &&
            !strcmp(s->group, group))
            return &s->errors;
    }
    struct score *s = &scores.scores[scores.score_count++];
    *s = (struct score){.quantity = quantity, .by = by};
    snprintf(s->group, sizeof s->group, "%s", group);
    return &s->errors;
}

static struct baseline *rule(const char *name, const char *of)
{
    for (int i = 0; i < baselines.count; i++)
        if (!strcmp(baselines.rows[i].name, name) &&
            !strcmp(baselines.rows[i].of, of))
            return &baselines.rows[i];
    struct baseline *b = &baselines.rows[baselines.count++];
    *b = (struct baseline){name, of, 20, NAN, NAN, NAN};
    return b;
}

/* Every goal is met, with room. */
static void set_good(void)
{
    static const char *const others[][2] = {
        {"nearest cell", "throughput_per_s"},
        {"laws", "throughput_per_s"},
        {"nearest cell", "latency_p99_ns"},
        {"nearest cell", "choice"},
        {"laws", "choice"},
        {"always the loop", "choice"},
        {"goetz", "workers"},
        {"2c+1", "workers"},
    };
    static const char *const of[] = {"throughput_per_s", "latency_p99_ns",
                                     "choice", "workers"};

    scores.score_count = baselines.count = 0;
    for (int q = 0; q < QUANTITIES; q++) {
        *score(q, "all", "all") =
            (struct errors){40, 0.01, 0.05, 0, 0.95, 1, 0.9};
        *score(q, "discipline", "loop") =
            (struct errors){20, 0.01, 0.05, 0.01, 1, 1, 0.9};
        *score(q, "discipline", "thread") =
            (struct errors){20, 0.01, 0.05, -0.02, 1, 1, 0.9};
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct baseline *b = rule(others[i][0], others[i][1]);
        b->median = b->p90 = 0.5;
        b->right = i < 3 ? NAN : 0.5;
    }
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct baseline *b = rule("forecast", of[i]);
        b->median = b->p90 = 0.01;
        b->right = i < 2 ? NAN : 1;
    }
}

/* The goal whose words begin so. */
static const struct goal *goal(const char *words)
{
    for (int i = 0; i < goals.count; i++)
        if (!strncmp(goals.rows[i].words, words, strlen(words)))
            return &goals.rows[i];
    fail_msg("no goal begins with \"%s\"", words);
    return NULL;
}

static int with_state(enum goal_state state)
{
    int n = 0;

    for (int i = 0; i < goals.count; i++)
        n += goals.rows[i].state == state;
    return n;
}

/* Of all goals that one alone is in the state, and the others are met. */
static void only(const char *words, enum goal_state state)
{
    goals_make(&scores, &baselines, &goals);
    assert_int_equal(goal(words)->state, state);
    assert_int_equal(with_state(state), 1);
    assert_int_equal(with_state(GOAL_MET), goals.count - 1);
}

static void test_met(void **state)
{
    (void)state;
    set_good();
    goals_make(&scores, &baselines, &goals);
    assert_int_equal(goals.count, 19);
    assert_int_equal(with_state(GOAL_MET), goals.count);
}

/* A figure at its limit is met, and just beyond it is missed. */
static void test_missed(void **state)
{
    (void)state;
    set_good();
    score(QUANTITY_MEMORY, "all", "all")->median = 0.08;
    goals_make(&scores, &baselines, &goals);
    assert_int_equal(with_state(GOAL_MET), goals.count);
    score(QUANTITY_MEMORY, "all", "all")->median = 0.0801;
    only("memory: median", GOAL_MISSED);
    set_good();
    score(QUANTITY_CPU, "all", "all")->p90 = 0.13;
    only("CPU per request: nine in ten", GOAL_MISSED);
    set_good();
    score(QUANTITY_P99, "all", "all")->within = 0.89;
    only("p99: 90 %", GOAL_MISSED);
    set_good();
    score(QUANTITY_THROUGHPUT, "discipline", "thread")->bias = -0.04;
    only("throughput: no discipline's bias", GOAL_MISSED);
    assert_non_null(strstr(goal("throughput: no")->words, "largest: thread"));
    /* Bands that cover everything are too wide. */
    set_good();
    for (int q = 0; q < QUANTITIES; q++)
        score(q, "all", "all")->covered = 1;
    only("bands cover", GOAL_MISSED);
    set_good();
    rule("forecast", "workers")->right = 0.94;
    only("workers: p99", GOAL_MISSED);
    set_good();
    rule("nearest cell", "latency_p99_ns")->median = 0.005;
    only("beats \"nearest cell\" in p99", GOAL_MISSED);
}

static void test_not_judged(void **state)
{
    (void)state;
    set_good();
    score(QUANTITY_MEMORY, "all", "all")->n = 19;
    only("memory: median", GOAL_NOT_JUDGED);
    assert_string_equal(goal("memory: median")->why,
                        "19 could be judged, 20 are needed");
    set_good();
    rule("goetz", "workers")->n = 4;
    only("beats \"goetz\"", GOAL_NOT_JUDGED);
    /* A bias of few rows is none of a discipline. */
    set_good();
    score(QUANTITY_CPU, "discipline", "thread")->bias = 0.5;
    score(QUANTITY_CPU, "discipline", "thread")->n = 9;
    score(QUANTITY_CPU, "discipline", "loop")->n = 31;
    goals_make(&scores, &baselines, &goals);
    assert_int_equal(with_state(GOAL_MET), goals.count);
    json_t *json = goals_json(&goals);
    assert_int_equal(json_array_size(json), goals.count);
    json_decref(json);
}

/* Who chooses as often right is the better one by its regret; and nobody is, if
 * that is the same. */
static void test_ties(void **state)
{
    (void)state;
    set_good();
    rule("laws", "choice")->right = 1;
    goals_make(&scores, &baselines, &goals);
    assert_int_equal(goal("beats \"laws\" in the choice")->state, GOAL_MET);
    rule("laws", "choice")->p90 = 0.001;
    only("beats \"laws\" in the choice", GOAL_MISSED);
    rule("laws", "choice")->p90 = rule("forecast", "choice")->p90;
    only("beats \"laws\" in the choice", GOAL_NOT_JUDGED);
    assert_string_equal(goal("beats \"laws\" in the choice")->why,
                        "neither was better");
}

static void test_json(void **state)
{
    json_t *json;

    (void)state;
    set_good();
    score(QUANTITY_MEMORY, "all", "all")->n = 0;
    score(QUANTITY_MEMORY, "all", "all")->median = NAN;
    score(QUANTITY_CPU, "all", "all")->p90 = 0.13;
    goals_make(&scores, &baselines, &goals);
    json = goals_json(&goals);
    for (int i = 0; i < goals.count; i++) {
        const json_t *row = json_array_get(json, (size_t)i);
        const json_t *met = json_object_get(row, "met");
        enum goal_state s = goals.rows[i].state;
        assert_true(json_is_null(met) == (s == GOAL_NOT_JUDGED));
        assert_true(json_is_true(met) == (s == GOAL_MET));
        assert_string_equal(json_text_of(row, "goal"), goals.rows[i].words);
    }
    assert_int_equal(with_state(GOAL_NOT_JUDGED), 1);
    assert_int_equal(with_state(GOAL_MISSED), 1);
    json_decref(json);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_met),        cmocka_unit_test(test_missed),
        cmocka_unit_test(test_not_judged), cmocka_unit_test(test_ties),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
