/* SPDX-License-Identifier: MIT
 *
 * troika report, troika record: charts, pages and records, by the programs of
 * reports/. Nothing is computed there.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/results/results.h"
#include "python.h"
#include "verbs.h"

struct options {
    const char *word; /* the run, or the folder of the decision */
    int only;
    bool verify, summary;
};

static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;

    (void)state;
    if (options->word)
        return ARGP_ERR_UNKNOWN;
    options->word = word;
    return 0;
}

static const char *const parts[] = {"all", "charts", "report", "adr"};

#define MEMBER(name) .offset = offsetof(struct options, name)

/* What a folder that is no run holds, by its file, and the program that makes
 * its page. */
static const struct kind {
    const char *file, *script;
} kinds[] = {{"map.json", "reports/mapped.py"},
             {"validation.json", "reports/validation.py"},
             {"comparison.json", "reports/compared.py"}};

/* The program for the page of what is stored there; NULL: it is a run's. */
static const char *script_of(const char *folder)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, kinds[i].file);
        if (access(path, F_OK) == 0)
            return kinds[i].script;
    }
    return NULL;
}

/* The page of a map, a validation or a comparison. */
static int other_page(const char *verb, const char *script,
                      const struct options *options)
{
    struct python_words words = {0};

    if (options->only > 0 || options->verify || options->summary) {
        fprintf(stderr,
                "%s: %s is no run: --only, --verify and --summary have no "
                "effect; leave them out\n",
                verb, options->word);
        return EXIT_USAGE;
    }
    python_add(&words, "--");
    python_add(&words, options->word);
    return python_become(verb, script, &words);
}

int verb_report(int argc, char **argv)
{
    static const struct flag rows[] = {
        {"only", 0, "all|charts|report|adr", "make this part alone (all)",
         FLAG_CHOICE, MEMBER(only)},
        {"verify", 0, NULL,
         "check the decision record that there is, with --only adr", FLAG_ON,
         MEMBER(verify)},
        {"summary", 0, NULL,
         "exit with 3 if a decision depends on trials that are not valid",
         FLAG_ON, MEMBER(summary)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[RUN]\nMAP|VALIDATION|COMPARISON",
        .help =
            "Makes charts, report.md, index.html and the decision record "
            "of a stored run (results/latest), in RUN/report; or the page "
            "of a map (troika map -o MAP), of a validation or of a "
            "comparison (troika compare -o)."
            "\vExit codes: 0 done; 1 results that cannot be reported, or no "
            "record to verify; 2 usage; 3 trials are not valid; 4 the "
            "results contradict the record.",
        .word = take_word};
    char self[PATH_MAX], newest[PATH_MAX + 8];
    struct options options = {0};
    struct python_words words = {0};

    flags_parse(&flags, argc, argv, &options);
    const char *script = options.word ? script_of(options.word) : NULL;
    if (script)
        return other_page(argv[0], script, &options);
    int code = python_self(argv[0], self);
    if (code != EXIT_OK)
        return code;
    results_default_root(newest, PATH_MAX);
    strcat(newest, "/latest");
    python_add(&words, "--troika");
    python_add(&words, self);
    if (options.only > 0) {
        python_add(&words, "--only");
        python_add(&words, parts[options.only]);
    }
    if (options.verify)
        python_add(&words, "--verify");
    if (options.summary)
        python_add(&words, "--summary");
    python_add(&words, "--");
    python_add(&words, options.word ? options.word : newest);
    return python_become(argv[0], "reports/report.py", &words);
}

int verb_record(int argc, char **argv)
{
    static const struct flag rows[] = {
        {"verify", 0, NULL,
         "check the record and the page that there are, and decide again",
         FLAG_ON, MEMBER(verify)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .arguments = "FOLDER",
        .help = "Makes the record (record.md) and the page (index.html) of a "
                "decision that troika decide -o FOLDER stored."
                "\vExit codes: 0 done; 1 no decision, or one that cannot be "
                "used; 2 usage; 4 the record does not follow from the files.",
        .word = take_word};
    char self[PATH_MAX];
    struct options options = {0};
    struct python_words words = {0};

    flags_parse(&flags, argc, argv, &options);
    int code = python_self(argv[0], self);
    if (code != EXIT_OK)
        return code;
    if (!options.word) {
        fprintf(stderr, "%s: name the folder that troika decide -o made\n",
                argv[0]);
        return EXIT_USAGE;
    }
    if (options.verify) {
        python_add(&words, "--verify");
        python_add(&words, self);
    }
    python_add(&words, "--");
    python_add(&words, options.word);
    return python_become(argv[0], "reports/decided.py", &words);
}
