/* SPDX-License-Identifier: MIT
 *
 * What a stored run.json must have, and what is said of one that has it not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/results/stored_run.h"

static json_t *good(void)
{
    json_t *run = json_loads(
        "{\"schema_version\": 1, \"environment\": {},"
        " \"plan\": [{\"trial_id\": \"t\", \"experiment\": \"e\","
        "   \"load_point\": \"a\", \"model\": \"serial\"}],"
        " \"experiments\": [{\"name\": \"e\", \"load_points\":"
        "   [{\"id\": \"a\", \"models\": [\"serial\"]}]}],"
        " \"summary\": [{\"experiment\": \"e\", \"load_point\": \"a\","
        "   \"model\": \"serial\", \"metric\": \"throughput_per_s\"}]}",
        0, NULL);

    assert_non_null(run);
    return run;
}

static void refused(json_t *run, const char *reason)
{
    char why[256] = "";

    assert_false(stored_run_check(run, why, sizeof why));
    assert_string_equal(why, reason);
    json_decref(run);
}

static void a_run_passes(void **state)
{
    json_t *run = good();
    char why[256];

    (void)state;
    assert_true(stored_run_check(run, why, sizeof why));
    json_object_del(run, "summary"); /* before its first trial */
    assert_true(stored_run_check(run, why, sizeof why));
    json_decref(run);
}

/* The member of the first element of a list. */
static json_t *without(const char *list, const char *key, json_t *value)
{
    json_t *run = good();

    json_object_set_new(json_array_get(json_object_get(run, list), 0), key,
                        value);
    return run;
}

static void each_member_is_told(void **state)
{
    json_t *run = good();

    (void)state;
    refused(NULL, "schema_version is not 1");
    json_object_set_new(run, "environment", json_null());
    refused(run, "environment is not an object");
    refused(without("plan", "trial_id", json_integer(3)),
            "plan[0].trial_id is not a string");
    refused(without("experiments", "name", json_null()),
            "experiments[0].name is not a string");
    refused(without("experiments", "load_points", json_object()),
            "experiments[0].load_points is not a list");
    refused(without("experiments", "load_points", json_pack("[{}]")),
            "experiments[0].load_points[0].id is not a string");
    refused(without("experiments", "load_points",
                    json_pack("[{s:s, s:[n]}]", "id", "a", "models")),
            "experiments[0].load_points[0].models has a value that is not a "
            "string");
    refused(without("summary", "metric", json_null()),
            "summary[0].metric is not a string");
    run = good();
    json_array_set_new(json_object_get(run, "summary"), 0, json_null());
    refused(run, "summary[0] is not an object");
}

/* The first row of a list, once more. */
static json_t *twice(const char *list)
{
    json_t *run = good(), *rows = json_object_get(run, list);

    json_array_append_new(rows, json_deep_copy(json_array_get(rows, 0)));
    return run;
}

static void each_row_is_there_once(void **state)
{
    json_t *run = good(), *points;
    char why[256] = "";

    (void)state;
    refused(twice("plan"), "plan[1] appears twice");
    refused(twice("experiments"), "experiments[1] appears twice");
    points = json_object_get(
        json_array_get(json_object_get(run, "experiments"), 0), "load_points");
    json_array_append_new(points, json_deep_copy(json_array_get(points, 0)));
    refused(run, "experiments[0].load_points[1] appears twice");
    run = twice("summary");
    assert_false(stored_run_check_summary(run, why, sizeof why));
    assert_string_equal("summary[1] appears twice", why);
    json_decref(run);
}

static void levels_are_in_order(void **state)
{
    static const char *const rows[][2] = {
        {"{\"value\": 2, \"lo\": 1, \"hi\": 3, \"min\": 2, \"max\": 2}", ""},
        {"{\"value\": 2, \"lo\": null, \"hi\": null}", ""},
        {"{\"value\": 2, \"lo\": 2.0000000001, \"hi\": 2}", ""},
        {"{\"value\": 2, \"lo\": 3, \"hi\": 3}",
         "summary[0].lo is above its value"},
        {"{\"value\": 2, \"lo\": 1, \"hi\": 1}",
         "summary[0].value is above its hi"},
        {"{\"value\": null, \"lo\": 2, \"hi\": 1}",
         "summary[0].lo is above its hi"},
        {"{\"value\": 2, \"min\": 2, \"max\": 1}",
         "summary[0].min is above its max"},
        {"{\"value\": -2}", "summary[0].value is below zero"},
        {"{\"n\": -2}", "summary[0].n is below zero"},
        {"{\"log_sd\": \"2\"}", "summary[0].log_sd is not a number"},
        {"{\"error_share\": -0.5}", "summary[0].error_share is below zero"},
        {"{\"error_share\": []}", "summary[0].error_share is not a number"},
    };
    char why[256] = "";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *run = good();

        json_object_update_new(
            json_array_get(json_object_get(run, "summary"), 0),
            json_loads(rows[i][0], 0, NULL));
        assert_int_equal(stored_run_check_summary(run, why, sizeof why),
                         rows[i][1][0] == '\0');
        assert_string_equal(rows[i][1], why);
        why[0] = '\0';
        json_object_del(run, "summary");
        assert_false(stored_run_check_summary(run, why, sizeof why));
        assert_string_equal("summary is not a list", why);
        why[0] = '\0';
        json_decref(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_run_passes),
                                       cmocka_unit_test(each_row_is_there_once),
                                       cmocka_unit_test(levels_are_in_order),
                                       cmocka_unit_test(each_member_is_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
