/* SPDX-License-Identifier: MIT
 *
 * troika compare A B: compares two stored runs, their environments first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/calibrate/measured.h"
#include "harness/experiment/value.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/results/stored_run.h"
#include "harness/run/environment.h"
#include "harness/runs/compared.h"
#include "harness/statistics/threshold.h"
#include "python.h"
#include "verbs.h"

struct wanted {
    const char *runs[2];
    int count;
    bool force;
    int format;         /* text, json, markdown */
    const char *folder; /* NULL: nothing is stored */
    double regression;  /* 0: none */
    struct threshold thresholds[THRESHOLDS_MAX];
    int threshold_count;
};

static void take_threshold(char *value, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    char why[512];

    if (wanted->threshold_count == THRESHOLDS_MAX)
        argp_error(state, "--threshold: more than %d", THRESHOLDS_MAX);
    if (threshold_parse(value, &wanted->thresholds[wanted->threshold_count++],
                        why, sizeof why) < 0)
        argp_error(state, "%s", why);
}

static void take_regression(char *value, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    char why[512];

    if (value_share(value, &wanted->regression, why, sizeof why) < 0)
        argp_error(state, "--max-regression %s", why);
}

static error_t take_run(char *word, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;

    if (wanted->count == 2)
        argp_error(state, "more than two runs");
    wanted->runs[wanted->count++] = word;
    return 0;
}

static void check_whole(void *into, struct argp_state *state)
{
    const struct wanted *wanted = into;

    if (wanted->count < 2)
        argp_error(state, "name two runs, directories below results/");
}

static const struct flag rows[] = {
    {"force", 0, NULL, "compare across environments, too", FLAG_ON,
     .offset = offsetof(struct wanted, force)},
    {"threshold", 0, "LIMIT",
     "exit with 4 unless B keeps it everywhere: p99<50ms, p50, mean, rps>2000, "
     "err<0.1%, mem<512MiB, cpu_us<80; repeatable",
     FLAG_CALL, .call = take_threshold},
    {"max-regression", 0, "SHARE",
     "exit with 4 if B is worse than A by more than this (5%), beyond chance",
     FLAG_CALL, .call = take_regression},
    {"format", 'f', "text|json|markdown", "of what is printed (text)",
     FLAG_CHOICE, .offset = offsetof(struct wanted, format)},
    {"output", 'o', "FOLDER",
     "store the comparison there (comparison.json), and its page (index.html), "
     "with the latencies of both runs in one chart",
     FLAG_TEXT, .offset = offsetof(struct wanted, folder)},
    {0},
};

static json_t *load_run(const char *directory)
{
    char path[4096], why[4608], word[4096];
    json_t *run;

    snprintf(path, sizeof path, "%s/run.json", directory);
    run = stored_json(path, NULL, why, sizeof why);
    if (!run) {
        fprintf(stderr, "troika compare: %s; name a run's directory\n", why);
        return NULL;
    }
    if (!stored_run_check(run, why, sizeof why)) {
        fprintf(stderr, "troika compare: %s is no run of this version: %s\n",
                path, why);
    } else if (!stored_run_check_summary(run, why, sizeof why)) {
        fprintf(stderr,
                "troika compare: %s: the file is damaged: %s; make the summary "
                "anew from the stored trials: %s summarise %s\n",
                path, why, hint_program(),
                hint_word(directory, word, sizeof word));
    } else {
        return run;
    }
    json_decref(run);
    return NULL;
}

static void say_damaged(const char *why, void *context)
{
    (void)context;
    fprintf(stderr, "troika compare: %s\n", why);
}

/* Loads the trials behind a run's summary. Returns NULL if a file is damaged,
 * since the summary may come from other contents, or if there is no summary.
 * Sets *missing if a complete run lacks the file of a trial. */
static json_t *load_trials(const char *directory, const json_t *run,
                           bool *missing)
{
    json_t *trials = json_array();
    char word[4096];
    struct stored_problems problems =
        stored_all(directory, run, trials, say_damaged, NULL);
    int damaged = problems.damaged_trials + problems.damaged_attempts;

    if (problems.missing > 0 && json_true_of(run, "complete")) {
        *missing = true;
        fprintf(stderr,
                "troika compare: %s: %d trial%s of a complete run %s no file "
                "any more, first trials/%s.json\n",
                directory, problems.missing, problems.missing == 1 ? "" : "s",
                problems.missing == 1 ? "has" : "have", problems.first_missing);
    }
    if (damaged == 0 && (json_array_size(trials) == 0 ||
                         json_array_size(json_object_get(run, "summary")) > 0))
        return trials;
    if (damaged == 0)
        fprintf(
            stderr,
            "troika compare: %s/run.json: the summary is empty, but the run "
            "has %zu trials; make it from them: %s summarise %s\n",
            directory, json_array_size(trials), hint_program(),
            hint_word(directory, word, sizeof word));
    else
        fprintf(stderr,
                "troika compare: %s: %d stored file%s damaged, so nothing is "
                "compared; troika summarise says what to do\n",
                directory, damaged, damaged == 1 ? " is" : "s are");
    json_decref(trials);
    return NULL;
}

static void add_difference(const char *fact, const char *a, const char *b,
                           void *context)
{
    json_array_append_new(context,
                          json_pack("{s:s, s:o, s:o}", "fact", fact, "a",
                                    json_text(a), "b", json_text(b)));
}

static void say_line(const char *line, void *context)
{
    fprintf(context, "%s\n", line);
}

/* A comparison with what was asked of it. */
struct judged {
    struct compare compare;
    struct compared_regression regression;
    json_t *differences, *thresholds; /* arrays */
    char *limits;                     /* lines */
    size_t limits_size;
    int missed;
};

/* `trials` are those of b. False: out of memory. */
static bool judge(const struct wanted *wanted, const json_t *trials,
                  struct judged *judged)
{
    FILE *file = open_memstream(&judged->limits, &judged->limits_size);

    if (!file)
        return false;
    compared_regression(&judged->compare, wanted->regression,
                        &judged->regression);
    if (wanted->regression > 0)
        compared_regression_print(&judged->compare, &judged->regression, file);
    judged->missed = wanted->regression > 0 && judged->regression.worse > 0;
    if (wanted->threshold_count > 0)
        judged->missed += threshold_judge(
            wanted->thresholds, wanted->threshold_count, judged->compare.b,
            trials, judged->thresholds, say_line, file);
    return fclose(file) == 0;
}

/* Stores the comparison and makes its page. Returns an exit code. */
static int store(const struct wanted *wanted, const json_t *json)
{
    struct python_words words = {0};
    char path[4096], why[4608];

    snprintf(path, sizeof path, "%s/comparison.json", wanted->folder);
    if (results_new_folder(wanted->folder, "a comparison", why, sizeof why) <
            0 ||
        results_store_at(path, json, why, sizeof why) < 0) {
        fprintf(stderr, "troika compare: %s\n", why);
        return EXIT_FAILED;
    }
    python_add(&words, "--");
    python_add(&words, wanted->folder);
    python_add(&words, wanted->runs[0]);
    python_add(&words, wanted->runs[1]);
    return python_run("troika compare", "reports/compared.py", &words);
}

/* Prints and stores. Returns an exit code. */
static int publish(const struct wanted *wanted, const struct judged *judged)
{
    const struct compared_about about = {
        .directories = {wanted->runs[0], wanted->runs[1]},
        .differences = judged->differences,
        .thresholds = judged->thresholds,
        .regression = &judged->regression,
        .limits = judged->limits};
    json_t *json = compared_json(&judged->compare, &about);
    int code = EXIT_OK;

    if (!json) {
        fprintf(stderr, "troika compare: out of memory\n");
        return EXIT_FAILED;
    }
    if (wanted->folder)
        code = store(wanted, json);
    if (wanted->format == 1)
        json_print(json);
    else if (wanted->format == 2)
        compared_markdown(&judged->compare, &about, stdout);
    else
        compared_print(&judged->compare, &about, stdout);
    json_decref(json);
    return code;
}

static int refuse(const struct wanted *wanted, const json_t *differences)
{
    fprintf(stderr,
            "troika compare: %s and %s were made in different "
            "environments, so a ratio would measure the machine:\n",
            wanted->runs[0], wanted->runs[1]);
    compared_differences_print(differences, stderr);
    fprintf(stderr, "--force compares them all the same\n");
    return EXIT_FAILED;
}

/* `trials` are those of b. */
static int compare_runs(const struct wanted *wanted, const json_t *a,
                        const json_t *b, const json_t *trials)
{
    const json_t *left = json_object_get(a, "environment");
    const json_t *right = json_object_get(b, "environment");
    struct judged judged = {.differences = json_array(),
                            .thresholds = json_array()};
    int code = EXIT_FAILED;

    if (environment_compare(left, right, add_difference, judged.differences) >
            0 &&
        !wanted->force) {
        code = refuse(wanted, judged.differences);
    } else if (compare_make(a, b, &judged.compare) < 0) {
        fprintf(stderr, "troika compare: out of memory\n");
    } else if (judged.compare.count == 0) {
        fprintf(stderr,
                "troika compare: %s and %s share no figure: compare two runs "
                "of the same experiment, with valid trials\n",
                wanted->runs[0], wanted->runs[1]);
    } else if (judge(wanted, trials, &judged)) {
        code = publish(wanted, &judged);
        if (code == EXIT_OK && judged.missed > 0)
            code = EXIT_THRESHOLD;
        if (code == EXIT_OK && (measured_untrusted(a) || measured_untrusted(b)))
            code = EXIT_INVALID;
    } else {
        fprintf(stderr, "troika compare: out of memory\n");
    }
    compare_free(&judged.compare);
    json_decref(judged.differences);
    json_decref(judged.thresholds);
    free(judged.limits);
    return code;
}

/* Loads and compares both runs. Returns an exit code. */
static int compare_stored(const struct wanted *wanted)
{
    json_t *runs[2] = {NULL}, *trials[2] = {NULL};
    bool missing = false, whole = true;
    int code = EXIT_FAILED;

    for (int i = 0; i < 2; i++) {
        runs[i] = load_run(wanted->runs[i]);
        if (runs[i])
            trials[i] = load_trials(wanted->runs[i], runs[i], &missing);
        whole &= trials[i] != NULL;
    }
    if (whole)
        code = compare_runs(wanted, runs[0], runs[1], trials[1]);
    for (int i = 0; i < 2; i++) {
        json_decref(runs[i]);
        json_decref(trials[i]);
    }
    return code == EXIT_OK && missing ? EXIT_INVALID : code;
}

int verb_compare(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "A B",
        .help = "Compares run B with run A, per load point, model and metric: "
                "B/A with its 95 % interval (Welch, on logarithms), beside "
                "it what the runs know of their own noise (A/A), and in words. "
                "The first line is the verdict."
                "\vRuns made in different environments are refused without "
                "--force. Exit codes: 0 done; 1 they cannot be compared; 2 "
                "usage; 3 a run is not to be trusted, or lacks a trial; 4 a "
                "threshold is not met.",
        .word = take_run,
        .whole = check_whole,
    };
    struct wanted wanted = {0};

    flags_parse(&flags, argc, argv, &wanted);
    return compare_stored(&wanted);
}
