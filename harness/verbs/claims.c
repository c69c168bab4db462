/* SPDX-License-Identifier: MIT
 *
 * troika claims: what articles say of threads, event loops and processes,
 * measured and judged (docs/claims.md). reports/claims_run.py runs the
 * experiments by this program's own `bench`; reports/judge.py judges stored
 * runs.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/experiment/experiment.h"
#include "python.h"
#include "verbs.h"

enum { RUNS_MAX = 32, LIST_SIZE = 4096, WORD_SIZE = 64 };

static const int64_t MINUTE_NS = INT64_C(60000000000);

struct options {
    char claims[LIST_SIZE]; /* "C07,C14"; "": a set of them */
    bool full, dry_run, quiet, any_build;
    int blocks;      /* 0: the files' */
    int64_t seed;    /* -1: by the clock */
    int64_t wait_ns; /* -1: as troika bench waits */
    int64_t budget_ns;
    const char *output;
    const char *from[RUNS_MAX];
    int from_count;
    struct flags_given given;
};

static error_t take_claim(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;
    size_t used = strlen(options->claims);

    if (used + strlen(word) + 2 > sizeof options->claims)
        argp_error(state, "too many claims; --full judges all of them");
    sprintf(options->claims + used, "%s%s", used > 0 ? "," : "", word);
    return 0;
}

static void take_from(char *run, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (options->from_count == RUNS_MAX)
        argp_error(state, "--from: more than %d runs", RUNS_MAX);
    options->from[options->from_count++] = run;
}

static void note_given(const char *name, void *into)
{
    flags_given_add(&((struct options *)into)->given, name);
}

static void check_whole(void *into, struct argp_state *state)
{
    static const char *const with[] = {"full", NULL};
    struct options *options = into;
    char why[512];

    if (options->full && options->claims[0] != '\0')
        argp_error(state, "--full are all claims; name some, or leave it out");
    if (!flags_apply(&options->given, "from", NULL, with,
                     "nothing is measured; leave it out", why, sizeof why))
        argp_error(state, "%s", why);
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"full", 0, NULL,
     "all claims, with their longer examples: an hour and a half", FLAG_ON,
     MEMBER(full)},
    {"budget", 0, "TIME", "for all runs together (10m; with --full 100m)",
     FLAG_TIME, MEMBER(budget_ns), .least = INT64_C(1000000000)},
    {"from", 0, "RUN",
     "judge this stored run, and measure nothing; repeatable: of several runs "
     "with an experiment the first one counts",
     FLAG_CALL, .call = take_from, .repeats = true},
    {"blocks", 0, "N",
     "repetitions, instead of the files' and of what an "
     "undecided claim asks for",
     FLAG_INT, MEMBER(blocks), .least = 1, .most = EXPERIMENT_BLOCKS_MAX},
    {"dry-run", 0, NULL, "print order and duration, run nothing", FLAG_ON,
     MEMBER(dry_run)},
    {"output", 'o', "DIRECTORY", "where runs and verdicts go (results)",
     FLAG_TEXT, MEMBER(output)},
    {"runs", .alias = true},
    {"quiet", 'q', NULL, "no progress, only the result", FLAG_ON,
     MEMBER(quiet)},
    {"seed", 0, "N", "seed of order, arrivals and requests", FLAG_COUNT,
     MEMBER(seed), .most = INT64_C(1) << 53},
    {"wait-for-quiet", 0, "TIME",
     "how long to wait for other processes to end before giving up (60s; "
     "0s: measure beside them)",
     FLAG_TIME, MEMBER(wait_ns)},
    {"allow-any-build", 0, NULL,
     "record results of a sanitizer build (for tests)", FLAG_ON,
     MEMBER(any_build)},
    {0},
};

static const char *set_of(const struct options *options)
{
    return options->full                ? "full"
           : options->claims[0] != '\0' ? options->claims
           : options->from_count > 0    ? "full"
                                        : "quick";
}

/* The words of troika bench. */
static void add_bench(const struct options *options, struct python_words *words)
{
    static char blocks[WORD_SIZE], seed[WORD_SIZE], wait[WORD_SIZE];

    python_add(words, "bench");
    snprintf(blocks, sizeof blocks, "--blocks=%d", options->blocks);
    if (options->blocks > 0)
        python_add(words, blocks);
    snprintf(seed, sizeof seed, "--seed=%lld", (long long)options->seed);
    if (options->seed >= 0)
        python_add(words, seed);
    snprintf(wait, sizeof wait, "--wait-for-quiet=%lldns",
             (long long)options->wait_ns);
    if (options->wait_ns >= 0)
        python_add(words, wait);
    if (options->dry_run)
        python_add(words, "--dry-run");
    if (options->quiet)
        python_add(words, "--quiet");
    if (options->any_build)
        python_add(words, "--allow-any-build");
    if (options->output) {
        python_add(words, "--output");
        python_add(words, options->output);
    }
}

static int measure(const char *verb, const struct options *options)
{
    char self[PATH_MAX], minutes[WORD_SIZE];
    struct python_words words = {0};
    int64_t budget_ns = options->budget_ns > 0
                            ? options->budget_ns
                            : (options->full ? 100 : 10) * MINUTE_NS;
    int code = python_self(verb, self);

    if (code != EXIT_OK)
        return code;
    snprintf(minutes, sizeof minutes, "%.4f",
             (double)budget_ns / (double)MINUTE_NS);
    python_add(&words, "--troika");
    python_add(&words, self);
    python_add(&words, "--claims");
    python_add(&words, set_of(options));
    python_add(&words, "--minutes");
    python_add(&words, minutes);
    add_bench(options, &words);
    return python_become(verb, "reports/claims_run.py", &words);
}

static int judge(const char *verb, const struct options *options)
{
    struct python_words words = {0};

    python_add(&words, "--claims");
    python_add(&words, set_of(options));
    python_add(&words, "--");
    for (int i = 0; i < options->from_count; i++)
        python_add(&words, options->from[i]);
    return python_become(verb, "reports/judge.py", &words);
}

int verb_claims(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[CLAIM...]",
        .help = "Measures what articles claim of threads, event loops and "
                "processes, and ends in a page of verdicts: of the claims "
                "that are named (C07 C14), or of as many as fit into ten "
                "minutes."
                "\vThe page goes to claims-<time>/ beside the runs. Exit "
                "codes: those of troika bench.",
        .word = take_claim,
        .given = note_given,
        .whole = check_whole,
        .once = true,
    };
    struct options options = {.seed = -1, .wait_ns = -1};

    flags_parse(&flags, argc, argv, &options);
    return options.from_count > 0 ? judge(argv[0], &options)
                                  : measure(argv[0], &options);
}
