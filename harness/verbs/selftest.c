/* SPDX-License-Identifier: MIT
 *
 * troika selftest: the instrument against known truth. Standard output holds
 * the table (or the JSON), standard error one line a test as it is done.
 */
#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/base/options.h"
#include "harness/results/results.h"
#include "harness/selftest/selftest.h"
#include "harness/server/guardian.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { TESTS_MAX = 128 };

struct wish {
    bool chosen[TESTS_MAX];
    bool any, json, list, keep, placed;
    char root[512];
};

static bool choose_one(struct wish *wish, const char *word)
{
    bool found = false;

    for (int i = 0; selftest_tests[i].name != NULL; i++)
        if (fnmatch(word, selftest_tests[i].name, 0) == 0 ||
            !strcmp(word, selftest_tests[i].group))
            found = wish->chosen[i] = true;
    wish->any |= found;
    return found;
}

/* "fault,meter-cpu,mutant-*" */
static void choose(struct wish *wish, char *words, struct argp_state *state)
{
    char *rest = words, *word;

    while ((word = strsep(&rest, ",")) != NULL)
        if (!choose_one(wish, word))
            argp_error(state,
                       "--only: no test or group is named \"%s\" (--list)",
                       word);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct wish *wish = state->input;

    switch (key) {
    case 'f':
        if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
            argp_error(state, "--format is \"%s\"; there is text and json",
                       value);
        wish->json = !strcmp(value, "json");
        return 0;
    case 'O':
        choose(wish, value, state);
        return 0;
    case 'l':
        wish->list = true;
        return 0;
    case 'n':
        wish->keep = false;
        return 0;
    case 'o':
        snprintf(wish->root, sizeof(wish->root), "%s", value);
        wish->placed = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *verdict(const struct selftest_result *result)
{
    if (result->outcome->skipped[0])
        return "skipped";
    return result->pass ? "ok" : "FAILED";
}

static void told(const struct selftest_result *result)
{
    fprintf(stderr, "%-8s %s (%.1f s%s)\n", verdict(result), result->test->name,
            (double)result->duration_ns / 1e9,
            result->attempts > 2   ? ", third attempt"
            : result->attempts > 1 ? ", second attempt"
                                   : "");
}

static void print_text(const struct selftest_result *results)
{
    char text[1024];

    for (int i = 0; selftest_tests[i].name != NULL; i++) {
        const struct selftest_result *result = &results[i];
        const struct outcome *outcome = result->outcome;

        if (result->attempts == 0)
            continue;
        printf("%-8s %s\n", verdict(result), result->test->name);
        printf("         planted    %s\n", result->test->planted);
        printf("         caught by  %s\n", result->test->caught_by);
        if (outcome->skipped[0]) {
            printf("         skipped    %s\n", outcome->skipped);
            continue;
        }
        printf("         expected   %s\n",
               selftest_words(outcome, false, text, sizeof(text)));
        printf("         seen       %s\n",
               selftest_words(outcome, true, text, sizeof(text)));
        if (result->attempts > 1)
            printf("         attempts   %d; the machine's stalls meanwhile: "
                   "p99 %.2f ms, longest %.1f ms\n",
                   result->attempts, (double)outcome->stalls_p99_ns / 1e6,
                   (double)outcome->stalls_max_ns / 1e6);
    }
}

static void print_list(void)
{
    for (int i = 0; selftest_tests[i].name != NULL; i++)
        printf("%-22s %-11s %s\n", selftest_tests[i].name,
               selftest_tests[i].group, selftest_tests[i].planted);
}

/* Stores the JSON as ROOT/selftest-<UTC>.json: whole, or not at all. */
static int store(const struct wish *wish, const json_t *json, time_t started_at)
{
    struct results place = {.lock_fd = -1};
    char name[64], stamp[32], why[512];
    struct tm parts;

    if (mkdir(wish->root, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "troika selftest: %s: %s\n", wish->root,
                strerror(errno));
        return -errno;
    }
    snprintf(place.directory, sizeof(place.directory), "%s", wish->root);
    gmtime_r(&started_at, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
    snprintf(name, sizeof(name), "selftest-%s.json", stamp);
    if (results_write_json(&place, name, json, why, sizeof(why)) < 0) {
        fprintf(stderr, "troika selftest: %s\n", why);
        return -EIO;
    }
    fprintf(stderr, "stored: %s/%s\n", wish->root, name);
    return 0;
}

/* Runs, prints, stores. Returns the exit code. */
static int carry_out(const struct wish *wish)
{
    static struct selftest_result results[TESTS_MAX];
    time_t started_at = time(NULL);
    int status = guardian_start(), failed, skipped;
    json_t *json;

    models_all(); /* asked once, and not by every test */
    if (status >= 0)
        status = selftest_run(wish->chosen, results, told);
    if (status < 0) {
        fprintf(stderr, "troika selftest: %s\n", strerror(-status));
        return EXIT_FAILED;
    }
    json = selftest_json(results, started_at, time(NULL));
    if (json == NULL) {
        fputs("troika selftest: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    failed = (int)json_integer_of(json, "failed");
    skipped = (int)json_integer_of(json, "skipped");
    if (wish->json) {
        json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else {
        print_text(results);
        printf("%d passed, %d failed, %d skipped\n",
               (int)json_integer_of(json, "passed"), failed, skipped);
    }
    if (wish->keep && store(wish, json, started_at) < 0)
        status = -EIO;
    json_decref(json);
    if (status < 0)
        return EXIT_FAILED;
    if (failed > 0)
        return EXIT_THRESHOLD;
    return skipped > 0 ? EXIT_INVALID : EXIT_OK;
}

int verb_selftest(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"only", 'O', "NAME,...", 0,
         "Tests or groups to run; * stands for anything (all)", 0},
        {"list", 'l', NULL, 0, "List the tests and run none", 0},
        {"format", 'f', "text|json", 0, "How to print the result (text)", 0},
        {"output", 'o', "DIR", 0,
         "Where to store the result (results; with --only: "
         "nowhere)",
         0},
        {"no-store", 'n', NULL, 0, "Print the result, store nothing", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Plants faults and delays of known size and demands that the gate or "
        "figure that must catch each one does, and that a good server trips "
        "none. Takes about a minute. Exit code 4: a "
        "test failed; 3: none failed, but one could not tell.",
        NULL,
        NULL,
        NULL};
    struct wish wish = {.keep = true};

    results_default_root(wish.root, sizeof(wish.root));
    options_parse(&argp, argc, argv, NULL, &wish);
    if (wish.list) {
        print_list();
        return EXIT_OK;
    }
    for (int i = 0; !wish.any && selftest_tests[i].name != NULL; i++)
        wish.chosen[i] = true;
    /* A report shows the newest stored one: a part must not stand for all. */
    wish.keep &= !wish.any || wish.placed;
    return carry_out(&wish);
}
