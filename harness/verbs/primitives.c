/* SPDX-License-Identifier: MIT
 *
 * troika primitives: what switches, tasks, hand-overs and timers cost on this
 * machine. Standard output holds the table (or the JSON).
 */
#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/options.h"
#include "harness/base/version.h"
#include "harness/primitives/primitives.h"
#include "harness/results/results.h"
#include "verbs.h"

enum { PRIMITIVES_MAX = 64 };

static const int64_t budget_ns = 10000000;

struct wish {
    bool chosen[PRIMITIVES_MAX];
    bool any, json, keep, placed;
    int repetitions;
    char root[512];
};

/* "coroutine-*,handover": names, patterns and groups. */
static void choose(struct wish *wish, char *words, struct argp_state *state)
{
    char *rest = words, *word;

    while ((word = strsep(&rest, ",")) != NULL) {
        bool found = false;

        for (int i = 0; primitives[i].name != NULL; i++)
            if (fnmatch(word, primitives[i].name, 0) == 0 ||
                !strcmp(word, primitives[i].group))
                found = wish->chosen[i] = true;
        if (!found)
            argp_error(state, "--only: no primitive or group is named \"%s\"",
                       word);
        wish->any = true;
    }
}

static int repetitions_of(const char *text, struct argp_state *state)
{
    char *end;
    long count = strtol(text, &end, 10);

    if (*end != '\0' || count < 3 || count > PRIMITIVES_REPETITIONS_MAX)
        argp_error(state,
                   "--repetitions is \"%s\"; a number from 3 to %d is "
                   "meant",
                   text, PRIMITIVES_REPETITIONS_MAX);
    return (int)count;
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
    case 'n':
        wish->keep = false;
        return 0;
    case 'o':
        snprintf(wish->root, sizeof(wish->root), "%s", value);
        wish->placed = true;
        return 0;
    case 'r':
        wish->repetitions = repetitions_of(value, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_text(const struct wish *wish,
                       const struct primitive_result *results)
{
    printf("%-26s %12s %23s  %s\n", "", "median, ns", "quartiles", "");
    for (int i = 0; primitives[i].name != NULL; i++) {
        const struct primitive_result *result = &results[i];

        if (!wish->chosen[i])
            continue;
        if (result->error < 0)
            printf("%-26s %12s %23s  %s\n", primitives[i].name, "-", "-",
                   primitives_why(result->error));
        else
            printf("%-26s %12.1f %11.1f %11.1f  %s\n", primitives[i].name,
                   result->median_ns, result->lower_ns, result->upper_ns,
                   primitives[i].what);
    }
}

/* Stores the JSON as ROOT/primitives-<UTC>.json: whole, or not at all. */
static int store(const struct wish *wish, const json_t *json, time_t started_at)
{
    struct results place = {.lock_fd = -1};
    char name[64], stamp[32], why[512];
    struct tm parts;

    if (mkdir(wish->root, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "troika primitives: %s: %s\n", wish->root,
                strerror(errno));
        return -errno;
    }
    snprintf(place.directory, sizeof(place.directory), "%s", wish->root);
    gmtime_r(&started_at, &parts);
    strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
    snprintf(name, sizeof(name), "primitives-%s.json", stamp);
    if (results_write_json(&place, name, json, why, sizeof(why)) < 0) {
        fprintf(stderr, "troika primitives: %s\n", why);
        return -EIO;
    }
    fprintf(stderr, "stored: %s/%s\n", wish->root, name);
    return 0;
}

/* Measures, prints, stores. Returns the exit code. */
static int carry_out(const struct wish *wish)
{
    static struct primitive_result results[PRIMITIVES_MAX];
    time_t started_at = time(NULL);
    int status =
        primitives_run(wish->chosen, wish->repetitions, budget_ns, results);
    json_t *json;

    if (status < 0) {
        fprintf(stderr, "troika primitives: %s\n", strerror(-status));
        return EXIT_FAILED;
    }
    json = primitives_json(results, wish->repetitions, started_at, time(NULL));
    if (json == NULL) {
        fputs("troika primitives: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    if (wish->json) {
        json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else {
        print_text(wish, results);
    }
    if (wish->keep)
        status = store(wish, json, started_at);
    json_decref(json);
    return status < 0 ? EXIT_FAILED : EXIT_OK;
}

int verb_primitives(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"only", 'O', "NAME,...", 0,
         "Primitives or groups to measure; * stands for anything (all)", 0},
        {"repetitions", 'r', "N", 0, "Repetitions, interleaved (15)", 0},
        {"format", 'f', "text|json", 0, "How to print the result (text)", 0},
        {"output", 'o', "DIR", 0,
         "Where to store the result (results; with --only or a sanitizer "
         "build: nowhere)",
         0},
        {"no-store", 'n', NULL, 0, "Print the result, store nothing", 0},
        {0}};
    static const struct argp argp = {
        options,
        parse,
        NULL,
        "Measures what concurrency models are made of on this machine: "
        "switches, new tasks, hand-overs, timers. Median and quartiles of "
        "interleaved repetitions; takes a few seconds.",
        NULL,
        NULL,
        NULL};
    struct wish wish = {.keep = true, .repetitions = 15};

    results_default_root(wish.root, sizeof(wish.root));
    options_parse(&argp, argc, argv, NULL, &wish);
    for (int i = 0; !wish.any && primitives[i].name != NULL; i++)
        wish.chosen[i] = true;
    /* The report explains with the newest stored one: it must be whole, and
     * of a build that is measured. */
    wish.keep &=
        wish.placed || (!wish.any && !strcmp(version_variant(), "release"));
    return carry_out(&wish);
}
