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

    for (int block = 1; each[block - 1] != NULL; block++) {
        json_t *trial;

        snprintf(own, sizeof(own), part, each[block - 1]);
        snprintf(text, sizeof(text),
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
        sample_values(&sample, metric_find(metric), why, sizeof(why)),
        words == NULL);
    assert_string_equal(why, words != NULL ? words : "");
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

static void never_is_told_before_at_once(void **state)
{
    static const char part[] =
        "\"recovery\": {\"recovery_ns\": %s, \"limit_ns\": 30000000000}";
    static const char *const good[] = {"7", "8", NULL},
                             *const never[] = {"null", "null", NULL},
                             *const mixed[] = {"0", "7", "null", NULL};

    (void)state;
    expect("recovery_ns", part, good, NULL);
    expect("recovery_ns", part, never, "never recovered within 30 s");
    expect("recovery_ns", part, mixed,
           "never recovered within 30 s (in 1 of 3 trials); 0 s: as quick as "
           "before from the window's end on (in 1 of 3 trials)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_are_told),
        cmocka_unit_test(never_is_told_before_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
