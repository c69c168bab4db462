/* SPDX-License-Identifier: MIT
 *
 * troika bench EXPERIMENT... and troika summarise [RUN]: flags to run_options.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/base/options.h"
#include "harness/experiment/experiment.h"
#include "harness/run/run.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

enum { MODELS_GIVEN_MAX = 64, EXPERIMENTS_GIVEN_MAX = 64 };

enum key {
    KEY_BLOCKS = 256,
    KEY_MODELS,
    KEY_WINDOW,
    KEY_WARMUP,
    KEY_SEED,
    KEY_RESUME,
    KEY_DRY_RUN,
    KEY_ANY_BUILD,
    KEY_THRESHOLD,
    KEY_RUN_FILE,
    KEY_WAIT,
};

struct flags {
    struct run_options options;
    char *experiments[EXPERIMENTS_GIVEN_MAX];
    int count;
    const char *models[MODELS_GIVEN_MAX + 1];
    bool resume;
    const char *run;
    const char *changed; /* a flag that would change a stored plan */
};

static const struct argp_option rows[] = {
    {"blocks", KEY_BLOCKS, "N", 0, "repetitions, instead of the file's", 0},
    {"models", KEY_MODELS, "A,B", 0, "only these models", 0},
    {"window", KEY_WINDOW, "TIME", 0, "measure so long (2s), everywhere", 0},
    {"warmup", KEY_WARMUP, "TIME", 0, "warm up so long (500ms), everywhere", 0},
    {"seed", KEY_SEED, "N", 0, "of order, arrivals and requests", 0},
    {"output", 'o', "DIRECTORY", 0, "where runs go (results)", 0},
    {"resume", KEY_RESUME, "RUN", OPTION_ARG_OPTIONAL,
     "finish an interrupted run (the newest)", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "print order and duration, run nothing",
     0},
    {"quiet", 'q', NULL, 0, "no progress, only the result", 0},
    {"threshold", KEY_THRESHOLD, "LIMIT", 0,
     "exit with 4 unless every model keeps it at every load point: p99<50ms, "
     "p50, mean, rps>2000, err<0.1%, mem<512MiB, cpu_us<80; repeatable",
     0},
    {"wait-for-quiet", KEY_WAIT, "TIME", 0,
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     0},
    {"run-file", KEY_RUN_FILE, "FILE", 0,
     "write the run's directory to FILE as soon as there is one", 0},
    {"allow-any-build", KEY_ANY_BUILD, NULL, 0,
     "record results of a sanitizer build (for tests)", 0},
    {0},
};

static void parse_time(const char *text, const char *flag, int64_t least,
                       int64_t *value, struct argp_state *state)
{
    int result = units_parse(UNIT_NS, text, value);

    if (result < 0 || *value < least || *value > INT64_C(86400000000000))
        argp_error(state, "%s %s: give a time with its unit, %s to 24h", flag,
                   text, least > 0 ? "1ms" : "0ms");
}

static void parse_models(char *list, struct flags *flags,
                         struct argp_state *state)
{
    int n = 0;

    for (char *name = strtok(list, ","); name != NULL;
         name = strtok(NULL, ",")) {
        if (n == MODELS_GIVEN_MAX)
            argp_error(state, "--models: more than %d names", n);
        flags->models[n++] = name;
    }
    if (n == 0)
        argp_error(state, "--models: no name is given");
    flags->options.overrides.models = flags->models;
}

static void parse_number(const char *text, const char *flag, int64_t least,
                         int64_t most, int64_t *value, struct argp_state *state)
{
    if (units_parse(UNIT_COUNT, text, value) < 0 || *value < least ||
        *value > most)
        argp_error(state, "%s %s: give a whole number from %lld to %lld", flag,
                   text, (long long)least, (long long)most);
}

static void parse_threshold(const char *text, struct run_options *options,
                            struct argp_state *state)
{
    char why[512];

    if (options->threshold_count == THRESHOLDS_MAX)
        argp_error(state, "--threshold: more than %d", THRESHOLDS_MAX);
    if (threshold_parse(text, &options->thresholds[options->threshold_count],
                        why, sizeof(why)) < 0)
        argp_error(state, "%s", why);
    options->threshold_count++;
}

/* Flags that a run to be resumed has from its beginning. */
static void note_change(int key, struct flags *flags)
{
    static const struct {
        int key;
        const char *flag;
    } fixed[] = {{KEY_BLOCKS, "--blocks"}, {KEY_MODELS, "--models"},
                 {KEY_WINDOW, "--window"}, {KEY_WARMUP, "--warmup"},
                 {KEY_SEED, "--seed"},     {KEY_DRY_RUN, "--dry-run"}};

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (key == fixed[i].key)
            flags->changed = fixed[i].flag;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct flags *flags = state->input;
    struct plan_overrides *overrides = &flags->options.overrides;
    int64_t number = 0;

    note_change(key, flags);
    switch (key) {
    case KEY_BLOCKS:
        parse_number(value, "--blocks", 1, EXPERIMENT_BLOCKS_MAX, &number,
                     state);
        overrides->blocks = (int)number;
        return 0;
    case KEY_MODELS:
        parse_models(value, flags, state);
        return 0;
    case KEY_WINDOW:
        parse_time(value, "--window", 1000000, &overrides->window_ns, state);
        return 0;
    case KEY_WARMUP:
        parse_time(value, "--warmup", 0, &overrides->warmup_ns, state);
        return 0;
    case KEY_SEED:
        parse_number(value, "--seed", 0, INT64_C(1) << 53, &number, state);
        flags->options.seed = (uint64_t)number;
        flags->options.has_seed = true;
        return 0;
    case 'o':
        flags->options.root = value;
        return 0;
    case KEY_RESUME:
        flags->resume = true;
        flags->run = value;
        return 0;
    case KEY_DRY_RUN:
        flags->options.dry_run = true;
        return 0;
    case 'q':
        flags->options.quiet = true;
        return 0;
    case KEY_THRESHOLD:
        parse_threshold(value, &flags->options, state);
        return 0;
    case KEY_WAIT:
        parse_time(value, "--wait-for-quiet", 0, &flags->options.wait_ns,
                   state);
        return 0;
    case KEY_RUN_FILE:
        flags->options.file = value;
        return 0;
    case KEY_ANY_BUILD:
        flags->options.allow_any_build = true;
        return 0;
    case ARGP_KEY_ARG:
        if (flags->count == EXPERIMENTS_GIVEN_MAX)
            argp_error(state, "more than %d experiments", flags->count);
        flags->experiments[flags->count++] = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The command, for the record and to be pasted; where make wants to be told of
 * the run is no part of it. */
static char *join(int argc, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file != NULL)
        fprintf(file, "%s bench", hint_program());
    for (int i = 1; file != NULL && i < argc; i++) {
        char word[4096];

        if (!strcmp(argv[i], "--run-file") && i + 1 < argc)
            i++;
        else if (strcmp(argv[i], "--") != 0)
            fprintf(file, " %s", hint_word(argv[i], word, sizeof(word)));
    }
    return file != NULL && fclose(file) == 0 ? text : NULL;
}

/* What --resume was given and cannot use. */
static int refuse_resume(const struct flags *flags)
{
    char command[8192];

    if (flags->changed != NULL) {
        fprintf(stderr,
                "troika bench: %s is for a new run: --resume goes on with a "
                "run as it was begun; leave it out\n",
                flags->changed);
        return EXIT_USAGE;
    }
    if (flags->count == 0)
        return EXIT_OK;
    hint_resume("results/latest", command, sizeof(command));
    fprintf(stderr,
            "troika bench: --resume goes on with a run, which knows its "
            "experiments, and \"%s\" would begin a new one; to go on with "
            "the newest run: %s\n",
            flags->experiments[0], command);
    return EXIT_USAGE;
}

/* --resume RUN, as people type it, is an argument to argp. */
static void take_run(struct flags *flags)
{
    struct stat status;

    const char *word = flags->experiments[0];

    if (flags->run != NULL || flags->count != 1 ||
        (stat(word, &status) == 0 ? !S_ISDIR(status.st_mode)
                                  : experiment_is_shipped(word)))
        return;
    flags->run = word;
    flags->count = 0;
}

int verb_bench(int argc, char **argv)
{
    static const struct argp argp = {
        .options = rows,
        .parser = parse,
        .args_doc = "EXPERIMENT...\n--resume[=RUN]",
        .doc = "Runs experiments (names of troika list, or paths of .ini "
               "files): every model under the same work and load, in random "
               "order, block by block."
               "\vResults go to results/<time>-<id>/, one file per trial. "
               "Exit codes: 0 done; 1 failed, or stopped because other "
               "processes kept the CPUs busy; 2 usage; 3 some trials are "
               "invalid, or gates are switched off; 4 a threshold is not met; "
               "130, 143, 129 ended by "
               "Ctrl-C, SIGTERM or a hang-up "
               "(go on with --resume).",
    };
    struct flags flags = {.options = {.overrides = {.warmup_ns = -1},
                                      .wait_ns = INT64_C(60000000000)}};
    char *command = join(argc, argv);
    int code;

    flags.options.command = command != NULL ? command : "troika bench";
    if (options_parse(&argp, argc, argv, NULL, &flags) != 0)
        return EXIT_USAGE;
    if (flags.resume) {
        take_run(&flags);
        code = refuse_resume(&flags);
        if (code == EXIT_OK)
            code = run_resume(flags.run, &flags.options);
    } else if (flags.count == 0) {
        fprintf(stderr,
                "troika bench: name an experiment (troika list), for example: "
                "%s bench quick\n",
                hint_program());
        code = EXIT_USAGE;
    } else {
        code = run_bench(flags.experiments, flags.count, &flags.options);
    }
    free(command);
    return code;
}

int verb_summarise(int argc, char **argv)
{
    static const struct argp_option summarise_rows[] = {
        {"output", 'o', "DIRECTORY", 0, "where runs are (results)", 0},
        {0},
    };
    static const struct argp argp = {
        .options = summarise_rows,
        .parser = parse,
        .args_doc = "[RUN]",
        .doc = "Makes summary and comparisons of a run (the newest) anew from "
               "its stored trials.",
    };
    struct flags flags = {.options = {.overrides = {.warmup_ns = -1}}};

    if (options_parse(&argp, argc, argv, NULL, &flags) != 0)
        return EXIT_USAGE;
    if (flags.count > 1) {
        fprintf(stderr,
                "troika summarise: %d runs are named, and it takes one: leave "
                "out %s\n",
                flags.count, flags.experiments[1]);
        return EXIT_USAGE;
    }
    return run_summarise(flags.count > 0 ? flags.experiments[0] : NULL,
                         &flags.options);
}
