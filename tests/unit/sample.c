/* SPDX-License-Identifier: MIT
 *
 * What a cell says where trials have no figure, or a zero, of which there is
 * no mean of ratios: how many of them, and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/statistics/sample.h"

/* Valid trials of one cell; `part` is JSON with a %s for what each has. */
static json_t *trials_of(const char *part, const char *const *each)
{
    json_t *trials = json_array();
    char text[512], own[256];

    for (int block = 1; each[block - 1]; block++) {
        json_t *trial;

        snprintf(own, sizeof own, part, each[block - 1]);
        snprintf(text, sizeof text,
                 "{\"experiment\": \"e\", \"load_point\": \"p\", \"cell\": "
                 "{\"model\": \"m\"}, \"block\": %d, \"valid\": true, %s}",
                 block, own);
        trial = json_loads(text, 0, NULL);
        assert_non_null(trial);
        json_array_append_new(trials, trial);
    }
    return trials;
}

/* `words`: NULL where there is a figure. */
static void expect(const char *metric, const char *part,
                   const char *const *each, const char *words)
{
    struct sample sample = {0};
    json_t *trials = trials_of(part, each);
    char why[256] = "unset";

    assert_int_equal(sample_init(&sample, json_array_size(trials)), 0);
    sample.experiment = "e";
    sample.load_point = "p";
    sample.model = "m";
    sample_gather(trials, &sample);
    assert_int_equal(
        sample_values(&sample, metric_find(metric), why, sizeof why), !words);
    assert_string_equal(why, words ? words : "");
    sample_free(&sample);
    json_decref(trials);
}

static void zeros_are_told(void **state)
{
    static const char part[] = "\"goodput\": {\"per_s\": %s}";
    static const char *const good[] = {"3", "4", NULL},
                             *const mixed[] = {"3", "0", "0", NULL},
                             *const none[] = {"0", "0", NULL};

    (void)state;
    expect("goodput_per_s", part, good, NULL);
    expect("goodput_per_s", part, mixed,
           "0/s: no request was answered within the limit (in 2 of 3 trials)");
    expect("goodput_per_s", part, none,
           "0/s: no request was answered within the limit");
}

/* What is withheld is in no level; the others are, and it is counted. */
static void withheld_ones_are_left_out(void **state)
{
    static const char part[] =
        "\"memory\": {\"total_bytes\": 100}, \"goodput\": {\"per_s\": 7}, "
        "\"withheld\": [%s]";
    static const char late[] =
        "{\"figure\": \"latency\", \"effect\": \"withheld\", \"gate\": "
        "\"generator_lag\", \"words\": \"late\"}";
    const char *const some[] = {"", late, late, NULL}, *const all[] = {
                                                           late, late, NULL};
    json_t *trials = trials_of(part, some);
    struct sample sample = {.experiment = "e", .load_point = "p", .model = "m"};
    struct sample room = {0};
    char why[256];

    (void)state;
    assert_int_equal(sample_init(&room, 3), 0);
    sample.valid = room.valid;
    sample.trials = room.trials;
    sample.values = room.values;
    sample_gather(trials, &sample);
    assert_true(
        sample_values(&sample, metric_find("goodput_per_s"), why, sizeof why));
    assert_int_equal(sample.count, 1);
    assert_int_equal(sample.withheld, 2);
    assert_true(sample_left_out(&sample, metric_find("goodput_per_s")) > 0.6);
    assert_true(sample_values(&sample, metric_find("memory_total_bytes"), why,
                              sizeof why));
    assert_int_equal(sample.count, 3);
    assert_int_equal(sample.withheld, 0);
    sample_free(&room);
    json_decref(trials);
    expect("goodput_per_s", part, all, "withheld: late");
    expect("memory_total_bytes", part, all, NULL);
}

/* Pairs of a block whose machine ran at another speed than usual. */
static int pairs_at(const char *ratio_a, const char *ratio_b)
{
    static const char part[] =
        "\"memory\": {\"total_bytes\": 100}, \"goodput\": {\"per_s\": 7}, "
        "\"platform\": {\"speed_ratio\": %s}, \"withheld\": [{\"figure\": "
        "\"latency\", \"effect\": \"level\", \"gate\": \"machine_speed\", "
        "\"words\": \"slow\"}]";
    const char *const each_a[] = {ratio_a, NULL}, *const each_b[] = {ratio_b,
                                                                     NULL};
    json_t *trials[2] = {trials_of(part, each_a), trials_of(part, each_b)};
    struct sample sample[4] = {0};
    char why[256];
    int pairs;

    for (int i = 0; i < 4; i++) {
        assert_int_equal(sample_init(&sample[i], 1), 0);
        sample[i].experiment = "e";
        sample[i].load_point = "p";
        sample[i].model = "m";
    }
    sample_gather(trials[0], &sample[0]);
    sample_gather(trials[1], &sample[1]);
    pairs = sample_pair(&sample[0], &sample[1], metric_find("goodput_per_s"),
                        &sample[2], &sample[3]);
    assert_false(sample_values(&sample[0], metric_find("goodput_per_s"), why,
                               sizeof why));
    assert_string_equal(why, "withheld: slow");
    assert_true(sample_left_out(&sample[0], metric_find("goodput_per_s")) == 0);
    for (int i = 0; i < 4; i++)
        sample_free(&sample[i]);
    json_decref(trials[0]);
    json_decref(trials[1]);
    return pairs;
}

static void a_speed_that_all_had_cancels(void **state)
{
    (void)state;
    assert_int_equal(pairs_at("0.6", "0.65"), 1);
    assert_int_equal(pairs_at("0.6", "0.99"), 0);
    assert_int_equal(pairs_at("0.6", "null"), 0);
}

static void never_is_told_before_at_once(void **state)
{
    static const char part[] =
        "\"recovery\": {\"recovery_ns\": %s, \"limit_ns\": 30000000000}";
    static const char *const good[] = {"7", "8", NULL},
                             *const never[] = {"null", "null", NULL},
                             *const mixed[] = {"0", "7", "null", NULL};

    (void)state;
    expect("recovery_ns", part, good, NULL);
    expect("recovery_ns", part, never, "never recovered within 30.0 s");
    expect("recovery_ns", part, mixed,
           "never recovered within 30.0 s (in 1 of 3 trials); 0 s: as quick as "
           "before from the window's end on (in 1 of 3 trials)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_told),
        cmocka_unit_test(withheld_ones_are_left_out),
        cmocka_unit_test(a_speed_that_all_had_cancels),
        cmocka_unit_test(never_is_told_before_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
