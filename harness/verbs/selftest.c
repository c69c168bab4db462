/* SPDX-License-Identifier: MIT
 *
 * troika selftest: checks the instrument with faults and delays of known size.
 * Standard output holds the table (or the JSON), standard error one line for
 * each test when it ends.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/results/results.h"
#include "harness/selftest/selftest.h"
#include "harness/server/guardian.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { TESTS_MAX = 128 };

struct options {
    bool chosen[TESTS_MAX];
    bool any, json, list, keep;
    const char *root; /* --output; NULL: not given */
};

static const char *name_of(int index, const char **group)
{
    *group = selftest_tests()[index].group;
    return selftest_tests()[index].name;
}

/* Takes names, patterns and groups, such as "fault,meter-cpu,mutant-*". */
static void take_only(char *words, void *into, struct argp_state *state)
{
    struct options *options = into;
    const char *bad = flags_choose(words, name_of, options->chosen);

    options->any = true;
    if (bad)
        argp_error(state, "--only: no test or group is named \"%s\" (--list)",
                   bad);
}

static const char *verdict(const struct selftest_result *result)
{
    if (result->outcome->skipped[0])
        return "skipped";
    return result->pass ? "ok" : "FAILED";
}

static void told(const struct selftest_result *result)
{
    fprintf(stderr, "%-8s %s (%s%s)\n", verdict(result), result->test->name,
            digits_ns((double)result->duration_ns).text,
            result->attempts > 2   ? ", third attempt"
            : result->attempts > 1 ? ", second attempt"
                                   : "");
}

static void print_text(const struct selftest_result *results)
{
    char text[1024];

    for (int i = 0; selftest_tests()[i].name; i++) {
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
               selftest_words(outcome, false, text, sizeof text));
        printf("         seen       %s\n",
               selftest_words(outcome, true, text, sizeof text));
        if (result->attempts > 1)
            printf("         attempts   %d; the machine's stalls meanwhile: "
                   "p99 %s, longest %s\n",
                   result->attempts,
                   digits_ns((double)outcome->stalls_p99_ns).text,
                   digits_ns((double)outcome->stalls_max_ns).text);
    }
}

static void print_list(void)
{
    for (int i = 0; selftest_tests()[i].name; i++)
        printf("%-22s %-11s %s\n", selftest_tests()[i].name,
               selftest_tests()[i].group, selftest_tests()[i].planted);
}

/* Runs, prints, stores. Returns the exit code. */
static int carry_out(const struct options *options)
{
    static struct selftest_result results[TESTS_MAX];
    time_t started_at = time(NULL);
    int status = guardian_start(), failed, skipped;
    json_t *json;

    models_all(); /* asks the models once, not once for each test */
    if (status >= 0)
        status = selftest_run(options->chosen, results, told);
    if (status < 0) {
        fprintf(stderr, "troika selftest: %s\n", strerror(-status));
        return EXIT_FAILED;
    }
    json = selftest_json(results, started_at, time(NULL));
    if (!json) {
        fputs("troika selftest: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    failed = (int)json_integer_of(json, "failed");
    skipped = (int)json_integer_of(json, "skipped");
    if (options->json) {
        json_print(json);
    } else {
        print_text(results);
        printf("%d passed, %d failed, %d skipped\n",
               (int)json_integer_of(json, "passed"), failed, skipped);
    }
    if (options->keep &&
        results_store_apart(options->root, "selftest", json, started_at) < 0)
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
    static const struct flag rows[] = {
        {"only", 'O', "NAME,...",
         "Tests or groups to run; * stands for anything (all)", FLAG_CALL,
         .call = take_only},
        {"list", 'l', NULL, "List the tests and run none", FLAG_ON,
         .offset = offsetof(struct options, list)},
        {"format", 'f', "text|json", "How to print the result (text)",
         FLAG_FORMAT, .offset = offsetof(struct options, json)},
        {"output", 'o', "DIR",
         "Where to store the result (results; with --only: "
         "nowhere)",
         FLAG_TEXT, .offset = offsetof(struct options, root)},
        {"no-store", 'n', NULL, "Print the result, store nothing", FLAG_OFF,
         .offset = offsetof(struct options, keep)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .help = "Plants faults and delays of known size and checks that the "
                "right gate or figure catches each one, and that a good server "
                "trips no gate. Takes about a minute. Exit code 4: a test "
                "failed; 3: none failed, but one was skipped."};
    struct options options = {.keep = true};

    flags_parse(&flags, argc, argv, &options);
    if (options.list) {
        print_list();
        return EXIT_OK;
    }
    for (int i = 0; !options.any && selftest_tests()[i].name; i++)
        options.chosen[i] = true;
    /* A report shows the newest stored self-test, which must be a whole one. */
    options.keep &= !options.any || options.root;
    return carry_out(&options);
}
