/* SPDX-License-Identifier: MIT
 *
 * troika compare A B: compares two stored runs, their environments first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/experiment/value.h"
#include "harness/results/stored.h"
#include "harness/results/stored_run.h"
#include "harness/run/environment.h"
#include "harness/statistics/compare.h"
#include "harness/statistics/threshold.h"
#include "verbs.h"

struct wanted {
    const char *runs[2];
    int count;
    bool force;
    double regression; /* 0: none */
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

static void say_difference(const char *fact, const char *a, const char *b,
                           void *context)
{
    fprintf(context, "  %s: %s against %s\n", fact, a, b);
}

static void ignore_difference(const char *fact, const char *a, const char *b,
                              void *context)
{
    (void)fact, (void)a, (void)b, (void)context;
}

static void say_line(const char *line, void *context)
{
    fprintf(context, "%s\n", line);
}

/* Whether gates were switched off during the run. */
static bool is_untrusted(const json_t *run)
{
    return json_is_string(json_object_get(run, "untrusted"));
}

static void print_run(const char *name, const char *directory,
                      const json_t *run)
{
    const char *version = json_string_of(run, "tool_version");
    const char *started = json_string_of(run, "started_at");

    printf("%s  %s (%s, %s)%s\n", name, directory,
           version ? version : "unknown version", started ? started : "?",
           json_true_of(run, "complete") ? "" : " INCOMPLETE RUN");
    if (is_untrusted(run))
        printf("   %s\n", json_string_of(run, "untrusted"));
}

static int judge(const struct wanted *wanted, const struct compare *compare,
                 const json_t *trials)
{
    int missed = 0;

    if (wanted->regression > 0)
        missed += compare_regressions(compare, wanted->regression, stdout);
    if (wanted->threshold_count > 0)
        missed += threshold_judge(wanted->thresholds, wanted->threshold_count,
                                  compare->b, trials, NULL, say_line, stdout);
    return missed > 0 ? EXIT_THRESHOLD : EXIT_OK;
}

/* `trials` are those of b. */
static int compare_runs(const struct wanted *wanted, const json_t *a,
                        const json_t *b, const json_t *trials)
{
    const json_t *left = json_object_get(a, "environment");
    const json_t *right = json_object_get(b, "environment");
    int differ = environment_compare(left, right, ignore_difference, NULL);
    struct compare compare;
    int code = EXIT_FAILED;

    if (differ > 0 && !wanted->force) {
        fprintf(stderr,
                "troika compare: %s and %s were made in different "
                "environments, so a ratio would measure the machine:\n",
                wanted->runs[0], wanted->runs[1]);
        environment_compare(left, right, say_difference, stderr);
        fprintf(stderr, "--force compares them all the same\n");
        return EXIT_FAILED;
    }
    if (compare_make(a, b, &compare) < 0) {
        fprintf(stderr, "troika compare: out of memory\n");
    } else if (compare.count == 0) {
        fprintf(stderr,
                "troika compare: %s and %s share no figure: compare two runs "
                "of the same experiment\n",
                wanted->runs[0], wanted->runs[1]);
    } else {
        print_run("A", wanted->runs[0], a);
        print_run("B", wanted->runs[1], b);
        if (differ > 0)
            printf(
                "THE ENVIRONMENTS DIFFER: a ratio may measure the machine\n");
        environment_compare(left, right, say_difference, stdout);
        compare_print(&compare, stdout);
        code = judge(wanted, &compare, trials);
        if (code == EXIT_OK && (is_untrusted(a) || is_untrusted(b)))
            code = EXIT_INVALID;
    }
    compare_free(&compare);
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
                "B/A with its 95 % interval (Welch, on logarithms), and in "
                "words."
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
