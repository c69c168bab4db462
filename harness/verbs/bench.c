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
#include "harness/own/asked.h"
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
    struct wanted *wanted = into;
    char why[512];

    if (run_take_threshold(&wanted->options, text, why, sizeof why) < 0)
        argp_error(state, "%s", why);
}

static void take_until(char *text, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    char why[512];

    if (run_take_until(&wanted->options, text, why, sizeof why) < 0)
        argp_error(state, "%s", why);
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
    static const char *const fixed[] = {"blocks", "until",    "max-blocks",
                                        "models", "duration", "warmup",
                                        "seed",   "dry-run"};
    struct wanted *wanted = into;

    wanted->options.has_seed |= !strcmp(name, "seed");
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (!strcmp(name, fixed[i]))
            wanted->changed = fixed[i];
}

static void check_whole(void *into, struct argp_state *state)
{
    const struct overrides *overrides =
        &((struct wanted *)into)->options.overrides;

    if (overrides->blocks_max > 0 && overrides->until == 0)
        argp_error(state, "--max-blocks has no effect without --until, such as "
                          "--until 3%%");
}

#define MEMBER(name) .offset = offsetof(struct wanted, name)

static const struct flag rows[] = {
    {"blocks", 0, "N", "repetitions, instead of the file's", FLAG_INT,
     MEMBER(options.overrides.blocks), .least = 1,
     .most = EXPERIMENT_BLOCKS_MAX},
    {"until", 0, "SHARE",
     "add blocks until every interval that the conclusion rests on is as "
     "narrow as this to each side: 3%",
     FLAG_CALL, .call = take_until},
    {"max-blocks", 0, "N",
     "with --until: at most N blocks (four times the planned, 12 at least)",
     FLAG_INT, MEMBER(options.overrides.blocks_max), .least = 1,
     .most = EXPERIMENT_BLOCKS_MAX},
    {"models", 0, "A,B", "only these models", FLAG_CALL, .call = take_models},
    {"duration", 'd', "TIME", "length of every window (2s)", FLAG_TIME,
     MEMBER(options.overrides.window_ns), .least = 1000000},
    {"window", .alias = true},
    {"warmup", 0, "TIME", "length of every warm-up (500ms)", FLAG_TIME,
     MEMBER(options.overrides.warmup_ns)},
    {"seed", 0, "N", "seed of order, arrivals and requests", FLAG_COUNT,
     MEMBER(options.seed), .most = INT64_C(1) << 53},
    {"output", 'o', "DIRECTORY", "where runs go (results)", FLAG_TEXT,
     MEMBER(options.root)},
    {"runs", .alias = true},
    {"resume", 0, "RUN", "finish an interrupted run (the newest)", FLAG_CALL,
     .call = take_resume, .optional = true},
    {"dry-run", 0, NULL, "print order and duration, run nothing", FLAG_ON,
     MEMBER(options.dry_run)},
    {"quiet", 'q', NULL, "no progress, only the result", FLAG_ON,
     MEMBER(options.quiet)},
    {"verbose", 'v', NULL,
     "print every comparison, not ten lines; later: troika summarise", FLAG_ON,
     MEMBER(options.verbose)},
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

static const struct flag_habit habits[] = {
    {"format", 'f', true, BENCH_NO_FORMAT},
    {"json", 0, false, BENCH_NO_FORMAT},
    {"csv", 0, false, BENCH_NO_FORMAT},
    {"connections", 'c', true,
     "an experiment's file says how many (connections = N); of a service of "
     "your own: troika bench --url URL -c N, or troika load"},
    {"rate", 'R', true,
     "an experiment's file says which (mode = open, rate = N); of a service "
     "of your own: troika load -R N URL"},
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
        .arguments = "EXPERIMENT...\n--resume[=RUN]\n--url URL\n--command "
                     "COMMAND [--path /PATH]",
        .help =
            "Runs experiments (names of troika list, or paths of .ini "
            "files): every model under the same work and load, in random "
            "order, block by block. A service of your own: --url URL or "
            "--command COMMAND (troika bench --url X --help lists its flags)."
            "\vWords: a cell is one workload with its parameters and load; "
            "a load point is a cell with one value of each; a trial is one "
            "model measured once, in a fresh server; a block is one trial "
            "of every model; a gate is a check that a trial must pass "
            "before its figures count; a yardstick shows what client and "
            "kernel can do, and does not compete.\n\n"
            "Results go to results/<time>-<id>/, one file per trial. "
            "Exit codes: 0 done; 1 failed, or stopped because other "
            "processes kept the CPUs busy; 2 usage; 3 some trials are "
            "invalid, or gates are switched off; 4 a threshold is not met; "
            "130, 143, 129 ended by "
            "Ctrl-C, SIGTERM or a hang-up "
            "(go on with --resume).",
        .word = take_word,
        .whole = check_whole,
        .given = note_change,
        .habits = habits,
    };
    struct wanted wanted = {.options = {.overrides = {.warmup_ns = -1},
                                        .wait_ns = INT64_C(60000000000)}};
    if (own_is_asked(argc, argv))
        return verb_bench_own(argc, argv);
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
        {"runs", .alias = true},
        {0},
    };
    static const struct flags flags = {
        .rows = summarise_rows,
        .arguments = "[RUN]",
        .help = "Recomputes summary and comparisons of a run (the newest) from "
                "its stored trials, and prints all of them.",
        .word = take_word,
    };
    struct wanted wanted = {
        .options = {.overrides = {.warmup_ns = -1}, .verbose = true}};

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
