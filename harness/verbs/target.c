/* SPDX-License-Identifier: MIT
 *
 * troika bench --url | --command, and troika target init: an own service as
 * flags, measured beside the models or written as a file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/own/own.h"
#include "harness/run/until.h"
#include "verbs.h"

struct wanted {
    struct own_asked asked; /* the first: own_flags set its members */
    struct own_how how;
    const char *path;
    bool init; /* "target init" */
    int words;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal)
{
    if (stop_signal != 0)
        _exit(128 + signal);
    stop_signal = signal;
}

#define MEMBER(name) .offset = offsetof(struct wanted, name)

#define HOW                                                                    \
    {"connections",    'c',         "N",                                       \
     "kept busy (32)", FLAG_INT,    MEMBER(how.connections),                   \
     .least = 1,       .most = 4096},                                          \
        {"wait",                                                               \
         0,                                                                    \
         "TIME",                                                               \
         "how long a request waits, if you know (found with one connection; "  \
         "with --model nothing is left to be found)",                          \
         FLAG_TIME,                                                            \
         MEMBER(how.wait_ns)},                                                 \
        {"cpu",                                                                \
         0,                                                                    \
         "TIME",                                                               \
         "CPU time of a request that is its work's own, which the models do "  \
         "as well (none)",                                                     \
         FLAG_TIME,                                                            \
         MEMBER(how.cpu_ns)},                                                  \
        {"model",                                                              \
         0,                                                                    \
         "MODEL",                                                              \
         "the model that it is built as (told from its processes and threads " \
         "under load)",                                                        \
         FLAG_TEXT,                                                            \
         MEMBER(how.model)},                                                   \
    {                                                                          \
        "quiet", 'q', NULL, "no progress, only the result", FLAG_ON,           \
            MEMBER(how.run.quiet)                                              \
    }

static void take_threshold(char *text, void *into, struct argp_state *state)
{
    struct run_options *run = &((struct wanted *)into)->how.run;
    char why[512];

    if (run_take_threshold(run, text, why, sizeof why) < 0)
        argp_error(state, "%s", why);
    run->thresholds[run->threshold_count - 1].model = OWN_NAME;
}

static void take_until(char *text, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    char why[512];

    if (run_take_until(&wanted->how.run, text, why, sizeof why) < 0)
        argp_error(state, "%s", why);
}

static void note_seed(const char *name, void *into)
{
    ((struct wanted *)into)->how.run.has_seed |= !strcmp(name, "seed");
}

static const struct flag bench_rows[] = {
    HOW,
    {"blocks", 0, "N", "repetitions (6)", FLAG_INT,
     MEMBER(how.run.overrides.blocks), .least = 1,
     .most = EXPERIMENT_BLOCKS_MAX},
    {"until", 0, "SHARE",
     "add blocks until every interval of a ratio between yours and a model, or "
     "two models, is as narrow as this to each side: 3%",
     FLAG_CALL, .call = take_until},
    {"max-blocks", 0, "N", "with --until: at most N blocks (24)", FLAG_INT,
     MEMBER(how.run.overrides.blocks_max), .least = 1,
     .most = EXPERIMENT_BLOCKS_MAX},
    {"threshold", 0, "LIMIT",
     "exit with 4 unless your service (not the models) keeps it: p99<50ms, "
     "p50, mean, rps>2000, err<0.1%, mem<512MiB, cpu_us<80; repeatable",
     FLAG_CALL, .call = take_threshold, .repeats = true},
    {"seed", 0, "N", "seed of order, arrivals and requests", FLAG_COUNT,
     MEMBER(how.run.seed), .most = INT64_C(1) << 53},
    {"duration", 'd', "TIME", "length of every window (1.1s, or 25 answers)",
     FLAG_TIME, MEMBER(how.run.overrides.window_ns), .least = 1000000},
    {"window", .alias = true},
    {"warmup", 0, "TIME", "length of every warm-up (510ms)", FLAG_TIME,
     MEMBER(how.run.overrides.warmup_ns)},
    {"output", 'o', "DIRECTORY", "where runs go (results)", FLAG_TEXT,
     MEMBER(how.run.root)},
    {"wait-for-quiet", 0, "TIME",
     "how long to wait for other processes to end before giving up (60s; "
     "0s: measure beside them)",
     FLAG_TIME, MEMBER(how.run.wait_ns)},
    {"allow-any-build", 0, NULL,
     "record results of a sanitizer build (for tests)", FLAG_ON,
     MEMBER(how.run.allow_any_build)},
    {0},
};

/* Flags of bench without an own service. */
static const struct flag_habit bench_habits[] = {
    {"models", 0, true,
     "your service runs beside its model, event-loop and "
     "thread-per-connection; "
     "--model says which is its own; for others, write a file (troika target "
     "init) and change its models"},
    {"resume", 0, false,
     "a stored run knows its service: troika bench --resume=RUN, without --url "
     "and --command"},
    {"dry-run", 0, false,
     "what is measured depends on a look at the service: troika target init "
     "-o FILE looks and writes it, then troika bench --dry-run FILE"},
    {"verbose", 'v', false,
     "all comparisons of the run: troika summarise, afterwards"},
    {"format", 'f', true, BENCH_NO_FORMAT},
    {"json", 0, false, BENCH_NO_FORMAT},
    {"csv", 0, false, BENCH_NO_FORMAT},
    {"run-file", 0, true, "the run's directory is printed as files:"},
    {0},
};

static const struct flag init_rows[] = {
    HOW,
    {"output", 'o', "FILE", "write the file there (standard output)", FLAG_TEXT,
     MEMBER(path)},
    {0},
};

static void check_whole(void *into, struct argp_state *state)
{
    struct wanted *wanted = into;
    const struct own_asked *asked = &wanted->asked;

    if (wanted->words > 0 && !wanted->init)
        argp_error(state, "an experiment or a service of your own (--url, "
                          "--command), not both");
    const struct overrides *overrides = &wanted->how.run.overrides;
    char why[256];

    if (overrides->blocks_max > 0 && overrides->until == 0)
        argp_error(state, "--max-blocks has no effect without --until, such as "
                          "--until 3%%");
    if (until_max_fault(overrides->blocks_max, why, sizeof why))
        argp_error(state, "%s", why);
    if (asked->url_count == 0 && !asked->command)
        argp_error(state, "name the service: --url http://127.0.0.1:8000/x, or "
                          "--command './server --port {port}' --path /x");
    if (asked->ready && !asked->command)
        argp_error(state, "--ready is of a service that --command starts");
    if (asked->body && asked->body_file)
        argp_error(state, "--body or --body-file, not both");
    if ((asked->login_body || asked->token) && !asked->login)
        argp_error(state, "--login-body and --token belong to a --login");
}

static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct wanted *wanted = into;

    (void)state;
    if (wanted->init && (wanted->words > 0 || strcmp(word, "init") != 0))
        return ARGP_ERR_UNKNOWN;
    wanted->words++;
    return 0;
}

static void prepare(struct wanted *wanted)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    wanted->how.stop = &stop_signal;
}

static struct wanted defaults(bool init)
{
    return (struct wanted){
        .init = init,
        .how = {.connections = 32,
                .wait_ns = -1,
                .run = {.overrides = {.warmup_ns = -1},
                        .wait_ns = INT64_C(60000000000)}},
    };
}

int verb_bench_own(int argc, char **argv)
{
    static const struct flags flags = {
        .first = own_flags,
        .rows = bench_rows,
        .arguments = "--url URL\n--command COMMAND [--path /PATH]",
        .help = "Your own service beside the models that wait as long as its "
                "requests do: looks at a few of its answers, finds wait, CPU "
                "time and model, measures, and ends in one sentence "
                "(docs/own-service.md)."
                "\vExit codes: 0 done; 1 the service cannot be used; 2 usage; "
                "3 figures are missing, or gates are switched off; 4 a "
                "threshold is not met; 130, 143 ended by Ctrl-C or SIGTERM.",
        .word = take_word,
        .whole = check_whole,
        .given = note_seed,
        .once = true,
        .habits = bench_habits,
    };
    struct wanted wanted = defaults(false);

    flags_parse(&flags, argc, argv, &wanted);
    prepare(&wanted);
    return own_bench(&wanted.asked, &wanted.how);
}

int verb_target(int argc, char **argv)
{
    static const struct flags flags = {
        .first = own_flags,
        .rows = init_rows,
        .arguments = "init --url URL\ninit --command COMMAND [--path /PATH]",
        .help = "Writes an experiment file for a service of your own: what the "
                "flags say, the check that its answers allow, and the models "
                "beside it. troika bench FILE then runs it."
                "\vExit codes: 0 done; 1 the service cannot be used, or the "
                "file is there already; 2 usage.",
        .word = take_word,
        .whole = check_whole,
        .once = true,
    };
    struct wanted wanted = defaults(true);

    flags_parse(&flags, argc, argv, &wanted);
    if (wanted.words == 0) {
        fprintf(stderr,
                "troika target: say what to do: %s target init --url "
                "http://127.0.0.1:8000/x -o my-service.ini\n",
                hint_program());
        return EXIT_USAGE;
    }
    prepare(&wanted);
    return own_init(&wanted.asked, &wanted.how, wanted.path);
}
