/* SPDX-License-Identifier: MIT
 *
 * troika bench EXPERIMENT... and troika summarise [RUN]: turns flags into
 * run_options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/hint.h"
#include "harness/experiment/experiment.h"
#include "harness/run/run.h"
#include "verbs.h"

enum { MODELS_GIVEN_MAX = 64, EXPERIMENTS_GIVEN_MAX = 64 };

struct wanted {
    struct run_options options;
    char *experiments[EXPERIMENTS_GIVEN_MAX];
    int count;
    const char *models[MODELS_GIVEN_MAX + 1];
    bool resume;
    const char *run;
    const char *changed; /* a flag that would change a stored plan */
};

static void take_models(char *list, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    int n = 0;

    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        if (n == MODELS_GIVEN_MAX)
            argp_error(state, "--models: more than %d names", n);
        wanted->models[n++] = name;
    }
    if (n == 0)
        argp_error(state, "--models: no name is given");
    wanted->options.overrides.models = wanted->models;
}

static void take_threshold(char *text, void *into, struct argp_state *state)
{
    struct run_options *options = &((struct wanted *)into)->options;
    char why[512];

    if (options->threshold_count == THRESHOLDS_MAX)
        argp_error(state, "--threshold: more than %d", THRESHOLDS_MAX);
    if (threshold_parse(text, &options->thresholds[options->threshold_count],
                        why, sizeof why) < 0)
        argp_error(state, "%s", why);
    options->threshold_count++;
}

static void take_resume(char *run, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;

    (void)state;
    wanted->resume = true;
    wanted->run = run;
}

static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;

    if (wanted->count == EXPERIMENTS_GIVEN_MAX)
        argp_error(state, "more than %d experiments", wanted->count);
    wanted->experiments[wanted->count++] = word;
    return 0;
}

/* Notes flags that --resume cannot take, because they are fixed when a run
 * begins. */
static void note_change(const char *name, void *into)
{
    static const char *const fixed[] = {"blocks", "models", "window",
                                        "warmup", "seed",   "dry-run"};
    struct wanted *wanted = into;

    wanted->options.has_seed |= !strcmp(name, "seed");
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (!strcmp(name, fixed[i]))
            wanted->changed = fixed[i];
}

#define MEMBER(name) .offset = offsetof(struct wanted, name)

static const struct flag rows[] = {
    {"blocks", 0, "N", "repetitions, instead of the file's", FLAG_INT,
     MEMBER(options.overrides.blocks), .least = 1,
     .most = EXPERIMENT_BLOCKS_MAX},
    {"models", 0, "A,B", "only these models", FLAG_CALL, .call = take_models},
    {"window", 0, "TIME", "length of every window (2s)", FLAG_TIME,
     MEMBER(options.overrides.window_ns), .least = 1000000},
    {"warmup", 0, "TIME", "length of every warm-up (500ms)", FLAG_TIME,
     MEMBER(options.overrides.warmup_ns)},
    {"seed", 0, "N", "seed of order, arrivals and requests", FLAG_COUNT,
     MEMBER(options.seed), .most = INT64_C(1) << 53},
    {"output", 'o', "DIRECTORY", "where runs go (results)", FLAG_TEXT,
     MEMBER(options.root)},
    {"resume", 0, "RUN", "finish an interrupted run (the newest)", FLAG_CALL,
     .call = take_resume, .optional = true},
    {"dry-run", 0, NULL, "print order and duration, run nothing", FLAG_ON,
     MEMBER(options.dry_run)},
    {"quiet", 'q', NULL, "no progress, only the result", FLAG_ON,
     MEMBER(options.quiet)},
    {"threshold", 0, "LIMIT",
     "exit with 4 unless every model keeps it at every load point: p99<50ms, "
     "p50, mean, rps>2000, err<0.1%, mem<512MiB, cpu_us<80; repeatable",
     FLAG_CALL, .call = take_threshold},
    {"wait-for-quiet", 0, "TIME",
     "how long to wait for other processes to end before giving up (60s; "
     "0s: measure beside them)",
     FLAG_TIME, MEMBER(options.wait_ns)},
    {"run-file", 0, "FILE",
     "write the run's directory to FILE as soon as there is one", FLAG_TEXT,
     MEMBER(options.file)},
    {"allow-any-build", 0, NULL,
     "record results of a sanitizer build (for tests)", FLAG_ON,
     MEMBER(options.allow_any_build)},
    {0},
};

/* The command line, for the record and for pasting, without --run-file, which
 * only make needs. */
static char *join(int argc, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    if (file)
        fprintf(file, "%s bench", hint_program());
    for (int i = 1; file && i < argc; i++) {
        char word[4096];

        if (!strcmp(argv[i], "--run-file") && i + 1 < argc)
            i++;
        else if (strcmp(argv[i], "--") != 0)
            fprintf(file, " %s", hint_word(argv[i], word, sizeof word));
    }
    return file && fclose(file) == 0 ? text : NULL;
}

/* Refuses flags and experiments that do not go with --resume. Returns an exit
 * code. */
static int refuse_resume(const struct wanted *wanted)
{
    char command[8192];

    if (wanted->changed) {
        fprintf(stderr,
                "troika bench: --%s is only for a new run, since --resume "
                "continues a run unchanged; leave it out\n",
                wanted->changed);
        return EXIT_USAGE;
    }
    if (wanted->count == 0)
        return EXIT_OK;
    hint_resume("results/latest", command, sizeof command);
    fprintf(stderr,
            "troika bench: --resume continues a stored run, which knows its "
            "experiments, so \"%s\" cannot be added; to continue the newest "
            "run: %s\n",
            wanted->experiments[0], command);
    return EXIT_USAGE;
}

/* People type --resume RUN with a blank, and argp takes RUN for an argument. So
 * a lone argument is the run if it is a folder, or names neither a file nor an
 * experiment of ours. */
static void take_run(struct wanted *wanted)
{
    struct stat status;
    const char *word = wanted->experiments[0];

    if (wanted->run || wanted->count != 1 ||
        (stat(word, &status) == 0 ? !S_ISDIR(status.st_mode)
                                  : experiment_is_shipped(word)))
        return;
    wanted->run = word;
    wanted->count = 0;
}

int verb_bench(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "EXPERIMENT...\n--resume[=RUN]",
        .help = "Runs experiments (names of troika list, or paths of .ini "
                "files): every model under the same work and load, in random "
                "order, block by block."
                "\vResults go to results/<time>-<id>/, one file per trial. "
                "Exit codes: 0 done; 1 failed, or stopped because other "
                "processes kept the CPUs busy; 2 usage; 3 some trials are "
                "invalid, or gates are switched off; 4 a threshold is not met; "
                "130, 143, 129 ended by "
                "Ctrl-C, SIGTERM or a hang-up "
                "(go on with --resume).",
        .word = take_word,
        .given = note_change,
    };
    struct wanted wanted = {.options = {.overrides = {.warmup_ns = -1},
                                        .wait_ns = INT64_C(60000000000)}};
    char *command = join(argc, argv);
    int code;

    wanted.options.command = command ? command : "troika bench";
    flags_parse(&flags, argc, argv, &wanted);
    if (wanted.resume) {
        take_run(&wanted);
        code = refuse_resume(&wanted);
        if (code == EXIT_OK)
            code = run_resume(wanted.run, &wanted.options);
    } else if (wanted.count == 0) {
        fprintf(stderr,
                "troika bench: name an experiment (troika list), for example: "
                "%s bench quick\n",
                hint_program());
        code = EXIT_USAGE;
    } else {
        code = run_bench(wanted.experiments, wanted.count, &wanted.options);
    }
    free(command);
    return code;
}

int verb_summarise(int argc, char **argv)
{
    static const struct flag summarise_rows[] = {
        {"output", 'o', "DIRECTORY", "where runs are (results)", FLAG_TEXT,
         MEMBER(options.root)},
        {0},
    };
    static const struct flags flags = {
        .rows = summarise_rows,
        .arguments = "[RUN]",
        .help = "Recomputes summary and comparisons of a run (the newest) from "
                "its stored trials.",
        .word = take_word,
    };
    struct wanted wanted = {.options = {.overrides = {.warmup_ns = -1}}};

    flags_parse(&flags, argc, argv, &wanted);
    if (wanted.count > 1) {
        fprintf(stderr,
                "troika summarise: %d runs are named, and it takes one: leave "
                "out %s\n",
                wanted.count, wanted.experiments[1]);
        return EXIT_USAGE;
    }
    return run_summarise(wanted.count > 0 ? wanted.experiments[0] : NULL,
                         &wanted.options);
}
