/* SPDX-License-Identifier: MIT
 *
 * troika primitives: measures what switches, tasks, hand-overs and timers cost
 * on this machine. Standard output holds the table (or the JSON).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/primitives/primitives.h"
#include "harness/results/results.h"
#include "verbs.h"

enum { PRIMITIVES_MAX = 64 };

static const int64_t budget_ns = 10000000;

struct options {
    bool chosen[PRIMITIVES_MAX];
    bool any, json, keep;
    const char *root; /* --output; NULL: not given */
    int repetitions;
};

static const char *name_of(int index, const char **group)
{
    *group = primitives[index].group;
    return primitives[index].name;
}

/* Takes names, patterns and groups, such as "coroutine-*,handover". */
static void take_only(char *words, void *into, struct argp_state *state)
{
    struct options *options = into;
    const char *bad = flags_choose(words, name_of, options->chosen);

    options->any = true;
    if (bad)
        argp_error(state, "--only: no primitive or group is named \"%s\"", bad);
}

static void print_text(const struct options *options,
                       const struct primitive_result *results)
{
    printf("%-26s %12s %23s  %s\n", "", "median", "quartiles", "");
    for (int i = 0; primitives[i].name; i++) {
        const struct primitive_result *result = &results[i];

        if (!options->chosen[i])
            continue;
        if (result->error < 0)
            printf("%-26s %12s %23s  %s\n", primitives[i].name, "-", "-",
                   primitives_why(result->error));
        else
            printf("%-26s %12s %11s %11s  %s\n", primitives[i].name,
                   digits_ns(result->median_ns).text,
                   digits_ns(result->lower_ns).text,
                   digits_ns(result->upper_ns).text, primitives[i].what);
    }
}

/* Measures, prints, stores. Returns the exit code. */
static int carry_out(const struct options *options)
{
    static struct primitive_result results[PRIMITIVES_MAX];
    time_t started_at = time(NULL);
    int status = primitives_run(options->chosen, options->repetitions,
                                budget_ns, results);

    if (status < 0) {
        fprintf(stderr, "troika primitives: %s\n", strerror(-status));
        return EXIT_FAILED;
    }
    json_t *json =
        primitives_json(results, options->repetitions, started_at, time(NULL));
    if (!json) {
        fputs("troika primitives: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    if (options->json) {
        json_print(json);
    } else {
        print_text(options, results);
    }
    if (options->keep)
        status =
            results_store_apart(options->root, "primitives", json, started_at);
    json_decref(json);
    return status < 0 ? EXIT_FAILED : EXIT_OK;
}

int verb_primitives(int argc, char **argv)
{
    static const struct flag rows[] = {
        {"only", 'O', "NAME,...",
         "Primitives or groups to measure; * stands for anything (all)",
         FLAG_CALL, .call = take_only},
        {"repetitions", 'r', "N", "Repetitions, interleaved (15)", FLAG_INT,
         .offset = offsetof(struct options, repetitions), .least = 3,
         .most = PRIMITIVES_REPETITIONS_MAX},
        {"format", 'f', "text|json", "How to print the result (text)",
         FLAG_FORMAT, .offset = offsetof(struct options, json)},
        {"output", 'o', "DIR",
         "Where to store the result (results; with --only or a sanitizer "
         "build: nowhere)",
         FLAG_TEXT, .offset = offsetof(struct options, root)},
        {"no-store", 'n', NULL, "Print the result, store nothing", FLAG_OFF,
         .offset = offsetof(struct options, keep)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .help =
            "Measures what concurrency models are made of on this machine: "
            "switches, new tasks, hand-overs, timers. Median and quartiles of "
            "interleaved repetitions; takes a few seconds."};
    struct options options = {.keep = true, .repetitions = 15};

    flags_parse(&flags, argc, argv, &options);
    for (int i = 0; !options.any && primitives[i].name; i++)
        options.chosen[i] = true;
    /* A report uses the newest stored result, which must be whole and from a
     * release build. */
    options.keep &=
        options.root || (!options.any && !strcmp(version_variant(), "release"));
    return carry_out(&options);
}
