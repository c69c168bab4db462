/* SPDX-License-Identifier: MIT
 *
 * Ratios from pairs of neighbouring slices: exact for made-up slices, and
 * honest where neighbours are alike. For the latter, sittings are drawn whose
 * truth is known: slices whose noise follows the noise before it, a machine
 * that drifts under both models, servers that differ from start to start. The
 * 95 % intervals must cover the truth in 93 to 97 % of the sittings; taking
 * every pair for a value of its own would not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/arithmetic/statistics.h"
#include "harness/statistics/sample.h"

enum { SITTINGS = 4000, BLOCKS_MAX = 12, ROUNDS_MAX = 60 };

static json_t *trial_of(int block, int rounds)
{
    json_t *slices = json_array();

    for (int i = 0; i < rounds; i++)
        json_array_append_new(slices,
                              json_pack("{s:I, s:I, s:f, s:f}", "started_ns",
                                        (json_int_t)i, "counted_ns",
                                        (json_int_t)800000000, "completed",
                                        1000.0, "cpu_ns", 5e6));
    return json_pack("{s:i, s:b, s:o, s:f, s:{s:f}, s:{s:i}, s:s}", "block",
                     block, "valid", 1, "slices", slices, "throughput_per_s",
                     1250.0, "cpu", "per_request_ns", 5000.0, "requests",
                     "completed_in_window", 1000, "trial_id", "t");
}

static void set(json_t *trial, int round, const char *key, double value)
{
    json_t *slice =
        json_array_get(json_object_get(trial, "slices"), (size_t)round);

    json_real_set(json_object_get(slice, key), value);
}

/* Two models' trials, and room for their pairs. */
struct scene {
    int blocks, rounds;
    json_t *left[BLOCKS_MAX], *right[BLOCKS_MAX];
    struct sample a, b, pair_a, pair_b;
};

static void scene_init(struct scene *scene, int blocks, int rounds)
{
    struct sample *samples[] = {&scene->a, &scene->b, &scene->pair_a,
                                &scene->pair_b};

    *scene = (struct scene){.blocks = blocks, .rounds = rounds};
    for (int i = 0; i < 4; i++)
        assert_int_equal(0, sample_init(samples[i], (size_t)blocks));
    for (int i = 0; i < blocks; i++) {
        scene->a.valid[i] = scene->left[i] = trial_of(i + 1, rounds);
        scene->b.valid[i] = scene->right[i] = trial_of(i + 1, rounds);
    }
    scene->a.valid_count = scene->b.valid_count = blocks;
}

static void scene_free(struct scene *scene)
{
    for (int i = 0; i < scene->blocks; i++) {
        json_decref(scene->left[i]);
        json_decref(scene->right[i]);
    }
    sample_free(&scene->a);
    sample_free(&scene->b);
    sample_free(&scene->pair_a);
    sample_free(&scene->pair_b);
}

static int pair(struct scene *scene, const char *metric)
{
    return sample_pair(&scene->a, &scene->b, metric_find(metric),
                       &scene->pair_a, &scene->pair_b);
}

static void ratios_are_of_pairs(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 6, 2);
    for (int i = 0; i < 6; i++) {
        /* Twice and eight times as many, under a machine that halves. */
        set(scene.left[i], 0, "completed", 2000);
        set(scene.left[i], 1, "completed", 4000);
        set(scene.right[i], 1, "completed", 500);
        set(scene.left[i], 0, "cpu_ns", 30e6);
    }
    assert_int_equal(6, pair(&scene, "throughput_per_s"));
    assert_int_equal(12, scene.pair_a.pairs);
    for (int i = 0; i < 6; i++) {
        assert_true(fabs(scene.pair_a.values[i] - 4) < 1e-12);
        assert_true(scene.pair_b.values[i] == 1);
    }
    /* 30/2000 against 5/1000; 5/4000 against 5/500. */
    assert_int_equal(6, pair(&scene, "cpu_per_request_ns"));
    assert_true(fabs(scene.pair_a.values[0] - sqrt(3.0 / 8)) < 1e-12);
    scene_free(&scene);
}

static void few_blocks_are_cut_into_stretches(void **state)
{
    static const int blocks[] = {1, 2, 3, 5, 6, 12};
    static const int values[] = {6, 6, 6, 10, 6, 12};

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct scene scene;
        json_t *ids;

        scene_init(&scene, blocks[i], 60 / blocks[i]);
        assert_int_equal(values[i], pair(&scene, "throughput_per_s"));
        assert_int_equal(60, scene.pair_a.pairs);
        ids = sample_ids(&scene.pair_a);
        assert_int_equal(blocks[i], json_array_size(ids));
        json_decref(ids);
        scene_free(&scene);
    }
}

static void a_slice_without_a_figure_takes_the_comparison(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 6, 4);
    set(scene.left[3], 2, "completed", 0);
    assert_int_equal(0, pair(&scene, "throughput_per_s"));
    assert_int_equal(0, pair(&scene, "cpu_per_request_ns"));
    scene_free(&scene);
}

static void set_late(json_t *trial, int round)
{
    json_object_set_new(
        json_array_get(json_object_get(trial, "slices"), (size_t)round),
        "sampled", json_false());
}

/* What was read late takes its pair along, and no more: not the block, and not
 * the throughput, which was counted elsewhere. */
static void a_late_reading_takes_its_pair(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 6, 4);
    set(scene.left[3], 2, "cpu_ns", 5e9);
    set_late(scene.left[3], 2);
    set_late(scene.right[3], 1);
    set(scene.right[3], 1, "cpu_ns", 5e9);
    assert_int_equal(6, pair(&scene, "throughput_per_s"));
    assert_int_equal(24, scene.pair_a.pairs);
    assert_int_equal(6, pair(&scene, "cpu_per_request_ns"));
    assert_int_equal(22, scene.pair_a.pairs);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(scene.pair_a.values[i] - 1) < 1e-12);
    set_late(scene.left[3], 0); /* over half: nothing rests on the rest */
    assert_int_equal(0, pair(&scene, "cpu_per_request_ns"));
    scene_free(&scene);
}

static void blocks_that_one_lacks_are_left_out(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 7, 4);
    scene.b.valid_count = 6;
    assert_int_equal(6, pair(&scene, "throughput_per_s"));
    assert_int_equal(24, scene.pair_a.pairs);
    scene_free(&scene);
}

/* Above 0, at most 1. */
static double uniform(uint64_t *state)
{
    return (double)((order_random(state) >> 11) + 1) * 0x1p-53;
}

/* A standard normal variable. */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));

    return radius * cos(2 * M_PI * uniform(state));
}

/* What sittings are drawn from: the noise of a model's slices with the
 * correlation of neighbours, and the servers' own difference from start to
 * start, both as standard deviations of logarithms. */
struct truth {
    double noise, neighbours, servers;
};

static const double TRUE_RATIO = 1.1;

static void draw_model(uint64_t *random, const struct truth *truth,
                       const double *machine, double level, int rounds,
                       json_t *trial)
{
    double server = truth->servers * normal(random), noise = normal(random);

    for (int i = 0; i < rounds; i++) {
        if (i > 0)
            noise = truth->neighbours * noise +
                    sqrt(1 - truth->neighbours * truth->neighbours) *
                        normal(random);
        set(trial, i, "completed",
            1000 * level * exp(machine[i] + server + truth->noise * noise));
    }
}

static void draw_sitting(uint64_t *random, const struct truth *truth,
                         struct scene *scene)
{
    for (int i = 0; i < scene->blocks; i++) {
        double machine[ROUNDS_MAX], level = 0.1 * normal(random);

        for (int round = 0; round < scene->rounds; round++)
            machine[round] = level += 0.02 * normal(random);
        draw_model(random, truth, machine, TRUE_RATIO, scene->rounds,
                   scene->left[i]);
        draw_model(random, truth, machine, 1, scene->rounds, scene->right[i]);
    }
}

/* The share of sittings whose interval covers the truth; `naive`: with every
 * pair as a value. */
static double coverage(int blocks, int rounds, const struct truth *truth,
                       bool naive)
{
    uint64_t random = 20261121;
    struct scene scene;
    int covered = 0;

    scene_init(&scene, blocks, rounds);
    for (int i = 0; i < SITTINGS; i++) {
        struct estimate ratio;
        double ratios[ROUNDS_MAX];
        int pairs = 0;

        draw_sitting(&random, truth, &scene);
        if (naive)
            sample_slice_ratios(scene.left[0], scene.right[0],
                                metric_find("throughput_per_s"), rounds, ratios,
                                &pairs);
        else
            pair(&scene, "throughput_per_s");
        if (naive)
            statistics_ratio(ratios, NULL, rounds, &ratio);
        else
            statistics_ratio(scene.pair_a.values, scene.pair_b.values,
                             scene.pair_a.count, &ratio);
        covered += ratio.lo <= TRUE_RATIO && TRUE_RATIO <= ratio.hi;
    }
    scene_free(&scene);
    return (double)covered / SITTINGS;
}

static void assert_covers(int blocks, int rounds, struct truth truth)
{
    double share = coverage(blocks, rounds, &truth, false);

    print_message("%d blocks of %d rounds, neighbours %.1f, servers %.2f: "
                  "%.2f %% covered\n",
                  blocks, rounds, truth.neighbours, truth.servers, 100 * share);
    assert_true(share >= 0.93 && share <= 0.97);
}

static void intervals_cover_the_truth(void **state)
{
    (void)state;
    assert_covers(6, 10, (struct truth){0.05, 0, 0});
    assert_covers(6, 10, (struct truth){0.05, 0.8, 0.02});
    assert_covers(12, 5, (struct truth){0.05, 0.8, 0.02});
    assert_covers(1, 60, (struct truth){0.05, 0, 0});
    assert_covers(1, 60, (struct truth){0.05, 0.3, 0});
    assert_covers(1, 60, (struct truth){0.05, 0.5, 0});
}

static void pairs_as_values_would_not_cover(void **state)
{
    struct truth truth = {0.05, 0.5, 0};

    (void)state;
    assert_true(coverage(1, 60, &truth, true) < 0.85);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratios_are_of_pairs),
        cmocka_unit_test(few_blocks_are_cut_into_stretches),
        cmocka_unit_test(a_slice_without_a_figure_takes_the_comparison),
        cmocka_unit_test(a_late_reading_takes_its_pair),
        cmocka_unit_test(blocks_that_one_lacks_are_left_out),
        cmocka_unit_test(intervals_cover_the_truth),
        cmocka_unit_test(pairs_as_values_would_not_cover),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
