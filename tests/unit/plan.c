/* SPDX-License-Identifier: MIT
 *
 * The order of trials: every model once per load point and block, blocks one
 * after the other, nothing mixed, the same for the same seed, another for
 * another, and not decided by what else is in the run.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/run/plan.h"

enum { POINTS = 4, MODELS = 5, BLOCKS = 6 };

static int64_t no_wait(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static const struct workload nothing = {.kind = WORKLOAD_IO,
                                        .wait_ns = no_wait};
static const struct workload_entry entry = {"nothing", &nothing};

static struct experiment *make(const char *name)
{
    static const char *const models[] = {"a", "b", "c", "d", "e"};
    struct experiment *experiment = calloc(1, sizeof *experiment);

    assert_non_null(experiment);
    snprintf(experiment->name, sizeof experiment->name, "%s", name);
    experiment->blocks = BLOCKS;
    experiment->load_point_count = POINTS;
    for (int i = 0; i < POINTS; i++) {
        struct load_point *point = &experiment->load_points[i];

        snprintf(point->id, sizeof point->id, "p%d", i);
        point->workload = &entry;
        point->window_ns = 1000000000;
        for (int m = 0; m < MODELS; m++) {
            point->models[m] = models[m];
            point->model_workers[m] = m;
        }
    }
    return experiment;
}

static void test_each_once(void **state)
{
    struct experiment *experiment = make("x");
    struct plan plan;
    int seen[BLOCKS + 1][POINTS][MODELS] = {0};

    (void)state;
    assert_int_equal(plan_make(&experiment, 1, 7, &plan), 0);
    assert_int_equal(plan.trial_count, POINTS * MODELS * BLOCKS);
    for (int i = 0; i < plan.trial_count; i++) {
        const struct planned_trial *t = &plan.trials[i];
        char id[PLAN_ID_MAX];

        assert_int_equal(t->order, i + 1);
        assert_int_equal(t->block, 1 + i / (POINTS * MODELS));
        if (i % MODELS != 0)
            assert_int_equal(t->load_point, plan.trials[i - 1].load_point);
        assert_int_equal(seen[t->block][t->load_point][t->model]++, 0);
        snprintf(id, sizeof id, "x-b%d-p%d-%c", t->block, t->load_point,
                 'a' + t->model);
        assert_string_equal(t->id, id);
    }
    plan_free(&plan);
    free(experiment);
}

static bool same(const struct plan *a, int from_a, const struct plan *b,
                 int from_b, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(a->trials[from_a + i].id, b->trials[from_b + i].id) != 0)
            return false;
    return true;
}

static void test_seed(void **state)
{
    struct experiment *both[2] = {make("y"), make("x")};
    struct plan one, again, other, pair;
    int n = POINTS * MODELS * BLOCKS;

    (void)state;
    assert_int_equal(plan_make(&both[1], 1, 7, &one), 0);
    assert_int_equal(plan_make(&both[1], 1, 7, &again), 0);
    assert_int_equal(plan_make(&both[1], 1, 8, &other), 0);
    assert_int_equal(plan_make(both, 2, 7, &pair), 0);
    assert_true(same(&one, 0, &again, 0, n));
    assert_false(same(&one, 0, &other, 0, n));
    assert_true(same(&one, 0, &pair, n, n));
    /* Blocks differ among each other. */
    assert_false(one.trials[0].load_point == one.trials[20].load_point &&
                 one.trials[0].model == one.trials[20].model &&
                 one.trials[1].model == one.trials[21].model &&
                 one.trials[2].model == one.trials[22].model &&
                 one.trials[7].model == one.trials[27].model);
    plan_free(&one);
    plan_free(&again);
    plan_free(&other);
    plan_free(&pair);
    free(both[0]);
    free(both[1]);
}

/* Over whole cycles (ten blocks for five models) each model is first, and
 * right behind each other one, equally often. */
static void test_balance(void **state)
{
    struct experiment *experiment = make("x");
    struct plan plan;
    int first[POINTS][MODELS] = {0}, behind[POINTS][MODELS][MODELS] = {0};

    (void)state;
    experiment->blocks = 30;
    assert_int_equal(plan_make(&experiment, 1, 42, &plan), 0);
    for (int i = 0; i < plan.trial_count; i++) {
        const struct planned_trial *t = &plan.trials[i];

        if (i % MODELS == 0)
            first[t->load_point][t->model]++;
        else
            behind[t->load_point][plan.trials[i - 1].model][t->model]++;
    }
    for (int p = 0; p < POINTS; p++)
        for (int m = 0; m < MODELS; m++) {
            assert_int_equal(first[p][m], 6);
            for (int k = 0; k < MODELS; k++)
                assert_int_equal(behind[p][m][k], m == k ? 0 : 6);
        }
    plan_free(&plan);
    free(experiment);
}

static void test_overrides(void **state)
{
    static const char *const models[] = {"d", "b", NULL};
    struct experiment *experiment = make("x");
    struct overrides overrides = {
        .blocks = 2, .window_ns = 5, .warmup_ns = -1, .models = models};
    struct plan plan;

    (void)state;
    experiment->load_points[0].warmup_ns = 77;
    plan_override(experiment, &overrides);
    assert_int_equal(experiment->blocks, 2);
    assert_int_equal(experiment->load_points[0].window_ns, 5);
    assert_int_equal(experiment->load_points[0].warmup_ns, 77);
    assert_string_equal(experiment->load_points[0].models[1], "d");
    assert_int_equal(experiment->load_points[0].model_workers[1], 3);
    assert_null(experiment->load_points[0].models[2]);
    assert_int_equal(plan_make(&experiment, 1, 7, &plan), 0);
    assert_int_equal(plan.trial_count, POINTS * 2 * 2);
    plan_free(&plan);
    for (int i = 0; i < POINTS; i++)
        experiment->load_points[i].models[0] = NULL;
    assert_int_equal(plan_make(&experiment, 1, 7, &plan), -EINVAL);
    free(experiment);
}

static void test_seeds_of_requests(void **state)
{
    uint64_t a = plan_seed(1, "x", "p", 1);

    (void)state;
    assert_true(a == plan_seed(1, "x", "p", 1));
    assert_true(a != plan_seed(2, "x", "p", 1));
    assert_true(a != plan_seed(1, "x", "p", 2));
    assert_true(a != plan_seed(1, "x", "q", 1));
    assert_true(plan_seed(1, "ab", "c", 1) != plan_seed(1, "a", "bc", 1));
}

static void test_duration(void **state)
{
    char text[64];

    (void)state;
    assert_string_equal(plan_duration(8400000000, text, sizeof text), "8 s");
    assert_string_equal(plan_duration(130000000000, text, sizeof text),
                        "2 min 10 s");
    assert_string_equal(plan_duration(3900000000000, text, sizeof text),
                        "1 h 5 min");
}

/* A backlog is worked off in a window at most, and no longer waited for than
 * for an answer, or than is asked. */
static void test_time_to_recover(void **state)
{
    struct experiment *experiment = make("x");
    struct load_point *point = &experiment->load_points[0];
    int64_t without_ns = plan_trial_ns(point);

    (void)state;
    point->timeout_ns = 5000000000;
    point->recovery_ns = 30000000000;
    assert_int_equal(plan_trial_ns(point) - without_ns, 1000000000);
    point->timeout_ns = 700000000;
    assert_int_equal(plan_trial_ns(point) - without_ns, 700000000);
    point->recovery_ns = 300000000;
    assert_int_equal(plan_trial_ns(point) - without_ns, 300000000);
    free(experiment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_seeds_of_requests),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_time_to_recover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
