/* SPDX-License-Identifier: MIT
 *
 * Stored runs (harness/results/stored.h, harness/statistics): a run that was
 * valid and was then changed, a value, a member or an element at a time. A
 * trial is either read, or missing, or refused with a reason; and what is made
 * of those that were read are figures that are finite and counts that add up.
 *
 * The input is {"run": run.json, "trials": [the files of its plan, in order]}.
 * An element that is a text stands for the bytes of a file.
 */
#include "fuzz.h"

#include <jansson.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/results/stored.h"
#include "harness/results/stored_run.h"
#include "harness/runs/compared.h"
#include "harness/runs/trend.h"
#include "harness/statistics/activity.h"
#include "harness/statistics/conclusion.h"
#include "harness/statistics/memory_slopes.h"
#include "harness/statistics/summary.h"
#include "harness/statistics/threshold.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

enum { PATH = 1024, TRIALS_MAX = 64, DEPTH_MAX = 64 };

static char directory[64];

/* ---- mutation of JSON by type ---- */

static uint64_t draw(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static json_t *odd_number(uint64_t *random, const json_t *old)
{
    static const double reals[] = {0,     -1,     0.5,    1e-300, 1e300,
                                   -1e18, 9.2e18, 1.0e19, 1e-9,   3};
    static const json_int_t integers[] = {
        0,         1,         -1,
        2,         INT32_MAX, (json_int_t)INT32_MAX + 1,
        INT64_MAX, INT64_MIN, 1000000000};
    double value = json_number_value(old);

    switch (draw(random) % 5) {
    case 0:
        return json_real(reals[draw(random) % 10]);
    case 1:
        return json_integer(integers[draw(random) % 9]);
    case 2:
        return json_integer((json_int_t)(draw(random) % 1000));
    case 3:
        return fabs(value) < 1e18 ? json_integer((json_int_t)value * 2)
                                  : json_real(value / 2);
    default:
        return json_real(value * (double)(draw(random) % 2000) / 1000);
    }
}

static json_t *odd_text(uint64_t *random, const json_t *old)
{
    static const char *const words[] = {
        "",        "a",        "event-loop",
        "serial",  "../x",     "\xc3\xa4\xe2\x82\xac",
        "null",    "closed",   "open",
        "search",  "slice",    "soak",
        "idle",    "churn",    "workers",
        "service", "response", "throughput_per_s"};
    const char *text = json_string_value(old);
    char longer[600];

    if (text && draw(random) % 4 == 0) {
        snprintf(longer, sizeof longer, "%.250s%.250s", text, text);
        return json_string(longer);
    }
    return json_string(words[draw(random) % 18]);
}

/* Something of another type. */
static json_t *odd_value(uint64_t *random, const json_t *old)
{
    switch (draw(random) % 7) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(draw(random) & 1);
    case 2:
        return odd_text(random, old);
    case 3:
        return json_array();
    case 4:
        return json_object();
    default:
        return odd_number(random, old);
    }
}

/* Another value in place of `old`, most often of its type. */
static json_t *changed(uint64_t *random, const json_t *old)
{
    if (draw(random) % 4 == 0)
        return odd_value(random, old);
    if (json_is_number(old))
        return odd_number(random, old);
    if (json_is_string(old))
        return odd_text(random, old);
    if (json_is_boolean(old))
        return json_boolean(!json_is_true(old));
    return odd_value(random, old);
}

static void change_array(json_t *array, uint64_t *random, int depth);

static void change_object(json_t *object, uint64_t *random, int depth)
{
    size_t size = json_object_size(object), at;
    void *member = json_object_iter(object);
    char key[64];
    json_t *value;

    if (size == 0)
        return;
    for (at = draw(random) % size; at > 0; at--)
        member = json_object_iter_next(object, member);
    snprintf(key, sizeof key, "%s", json_object_iter_key(member));
    value = json_object_iter_value(member);
    if (depth > 0 && json_object_size(value) > 0 && draw(random) % 8)
        return change_object(value, random, depth - 1);
    if (depth > 0 && json_array_size(value) > 0 && draw(random) % 8)
        return change_array(value, random, depth - 1);
    if (draw(random) % 6 == 0)
        json_object_del(object, key);
    else
        json_object_set_new(object, key, changed(random, value));
}

static void change_array(json_t *array, uint64_t *random, int depth)
{
    size_t size = json_array_size(array), at = draw(random) % size;
    json_t *value = json_array_get(array, at);

    if (depth > 0 && json_object_size(value) > 0 && draw(random) % 8)
        return change_object(value, random, depth - 1);
    if (depth > 0 && json_array_size(value) > 0 && draw(random) % 8)
        return change_array(value, random, depth - 1);
    switch (draw(random) % 4) {
    case 0:
        json_array_remove(array, at);
        break;
    case 1:
        if (size < TRIALS_MAX)
            json_array_insert_new(array, at, json_deep_copy(value));
        break;
    case 2:
        json_array_set_new(
            array, at,
            json_deep_copy(json_array_get(array, draw(random) % size)));
        break;
    default:
        json_array_set_new(array, at, changed(random, value));
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    size_t length;

    if (!json_is_object(root)) {
        json_decref(root);
        root = json_pack("{s:{}, s:[]}", "run", "trials");
    }
    draw(&random);
    for (uint64_t times = 1 + draw(&random) % 3; times > 0; times--)
        change_object(root, &random, DEPTH_MAX);
    length = json_dumpb(root, (char *)data, max_size, JSON_COMPACT);
    json_decref(root);
    return length <= max_size ? length : size;
}

/* ---- the run on the disk ---- */

static void clear_up(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", directory);
    (void)!system(command);
}

static void make_directory(void)
{
    char path[PATH];

    snprintf(directory, sizeof directory, "%s/troika-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(directory))
        abort();
    snprintf(path, sizeof path, "%s/trials", directory);
    if (mkdir(path, 0700) < 0 || atexit(clear_up) != 0 ||
        !freopen("/dev/null", "w", stdout))
        abort();
}

/* The path of the trial in that row of the plan; false: it can have no file. */
static bool path_of(const json_t *row, char path[PATH])
{
    const char *id = json_string_value(json_object_get(row, "trial_id"));

    if (!id || strchr(id, '/') || strlen(id) > 200)
        return false;
    snprintf(path, PATH, "%s/trials/%s.json", directory, id);
    return true;
}

static void store(const json_t *plan, const json_t *trials)
{
    char path[PATH];
    const json_t *trial;
    size_t i;

    json_array_foreach (trials, i, trial) {
        FILE *file;

        if (!path_of(json_array_get(plan, i), path) || json_is_null(trial) ||
            !(file = fopen(path, "w")))
            continue;
        if (json_is_string(trial))
            fputs(json_string_value(trial), file);
        else
            json_dumpf(trial, file, JSON_COMPACT | JSON_ENCODE_ANY);
        fclose(file);
    }
}

static void unstore(const json_t *plan)
{
    char path[PATH];
    const json_t *row;
    size_t i;

    json_array_foreach (plan, i, row)
        if (path_of(row, path))
            unlink(path);
}

static void count_told(const char *why, void *context)
{
    FUZZ_CHECK(strlen(why) > 10 && strstr(why, ".json"), "\"%s\"", why);
    ++*(int *)context;
}

/* ---- what is made of it ---- */

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void check_summary(const json_t *run)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "summary"), i, row) {
        const json_t *value = json_object_get(row, "value");
        const char *why = json_string_value(json_object_get(row, "why"));
        const char *metric = json_string_value(json_object_get(row, "metric"));

        FUZZ_CHECK(metric != NULL, "a row of no metric");
        FUZZ_CHECK(json_is_number(value) || (why && *why),
                   "%s: neither a figure nor a reason", metric);
        if (!json_is_number(value))
            continue;
        FUZZ_CHECK(isfinite(json_number_value(value)), "%s", metric);
        if (json_is_number(json_object_get(row, "lo")) &&
            json_is_number(json_object_get(row, "hi")))
            FUZZ_CHECK(
                number(row, "lo") <= json_number_value(value) * (1 + 1e-9) &&
                    number(row, "hi") >= json_number_value(value) * (1 - 1e-9),
                "%s: %g is not in %g to %g", metric, json_number_value(value),
                number(row, "lo"), number(row, "hi"));
    }
}

static void check_tally(const json_t *run, const json_t *trials)
{
    const json_t *tally = json_object_get(run, "tally");
    double valid = number(tally, "valid"), invalid = number(tally, "invalid");

    FUZZ_CHECK(valid + invalid == (double)json_array_size(trials),
               "%g valid and %g invalid of %zu", valid, invalid,
               json_array_size(trials));
}

static void ignore(const char *line, void *context)
{
    (void)line, (void)context;
}

static void judge(const json_t *run, const json_t *trials)
{
    static const char *const texts[] = {"p99<50ms", "rps>100", "err<0.1%",
                                        "mem<512MiB", "cpu_us<80"};
    struct threshold thresholds[5];
    json_t *outcomes = json_array();
    char why[512];

    for (int i = 0; i < 5; i++)
        if (threshold_parse(texts[i], &thresholds[i], why, sizeof why) < 0)
            abort();
    (void)threshold_judge(thresholds, 5, run, trials, outcomes, ignore, NULL);
    FUZZ_CHECK(json_array_size(outcomes) == 5, "thresholds");
    json_decref(outcomes);
}

static void compare_with(const json_t *run, const json_t *other)
{
    struct compare compare;

    if (compare_make(run, other, &compare) == 0) {
        struct compared_regression regression;
        json_t *none = json_array();
        const struct compared_about about = {.directories = {"A", "B"},
                                             .differences = none,
                                             .thresholds = none,
                                             .regression = &regression,
                                             .limits = ""};
        compared_regression(&compare, 0.05, &regression);
        compared_regression_print(&compare, &regression, stdout);
        compared_print(&compare, &about, stdout);
        compared_markdown(&compare, &about, stdout);
        json_t *json = compared_json(&compare, &about);
        FUZZ_CHECK(json, "comparison");
        json_decref(json);
        json_decref(none);
    }
    compare_free(&compare);
}

/* Lines over two runs, of which the second is the fuzzed one. */
static void tell_history(const json_t *run, const json_t *other)
{
    const struct trend_wanted wanted = {.metric = "all"};
    struct trends trends;

    FUZZ_CHECK(trends_init(&trends, &wanted) == 0, "history");
    trends_add(&trends, other);
    trends_add(&trends, run);
    trends_finish(&trends);
    trends_print(&trends, true, stdout);
    json_t *json = trends_json(&trends);
    FUZZ_CHECK(json, "history as JSON");
    json_decref(json);
    trends_free(&trends);
}

static void summarise(json_t *run, const json_t *trials)
{
    struct results results = {.lock_fd = -1};
    json_t *before = json_deep_copy(run);
    char *text, *csv;

    FUZZ_CHECK(summary_make(run, trials) == 0 &&
                   memory_slopes_make(run, trials) == 0 &&
                   compare_across(run, trials) == 0 &&
                   activity_make(run, trials) == 0,
               "out of memory");
    check_summary(run);
    check_tally(run, trials);
    text = json_dumps(run, JSON_COMPACT);
    FUZZ_CHECK(text != NULL, "it cannot be written");
    free(text);
    csv = summary_csv(trials);
    FUZZ_CHECK(csv != NULL, "no table");
    free(csv);
    judge(run, trials);
    compare_with(run, before);
    compare_with(before, run);
    tell_history(run, before);
    conclusion_print(&results, run, trials, CONCLUSION_FULL);
    conclusion_print(&results, run, trials, CONCLUSION_BRIEF);
    json_decref(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root = json_loadb((const char *)data, size, 0, NULL);
    json_t *run = json_object_get(root, "run");
    json_t *plan = json_object_get(run, "plan"), *trials = json_array();
    char why[256] = "";
    int told = 0;

    if (directory[0] == '\0')
        make_directory();
    if (!stored_run_check(run, why, sizeof why)) {
        FUZZ_CHECK(why[0], "refused without a reason");
    } else if (json_array_size(plan) <= TRIALS_MAX) {
        store(plan, json_object_get(root, "trials"));
        struct stored_problems problems =
            stored_all(directory, run, trials, count_told, &told);
        int damaged = problems.damaged_trials;
        FUZZ_CHECK(told == damaged + problems.damaged_attempts,
                   "%d told, %d damaged", told, damaged);
        FUZZ_CHECK(json_array_size(trials) + (size_t)damaged +
                           (size_t)problems.missing ==
                       json_array_size(plan),
                   "%zu read, %d damaged, %d missing of %zu",
                   json_array_size(trials), damaged, problems.missing,
                   json_array_size(plan));
        if (damaged == 0)
            summarise(run, trials);
        unstore(plan);
    }
    json_decref(trials);
    json_decref(root);
    return 0;
}
