/* SPDX-License-Identifier: MIT
 *
 * troika probe: a profile for troika predict from what a person has: three
 * numbers, an access log, or the service itself. Standard output holds the
 * arithmetic and the profile, and nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/experiment/value.h"
#include "harness/machine/placement.h"
#include "harness/probe/ladder.h"
#include "harness/probe/log_findings.h"
#include "harness/probe/numbers.h"
#include "harness/probe/outside.h"
#include "harness/server/guardian.h"
#include "harness/simulate/simulation.h"
#include "verbs.h"

struct options {
    struct subject_asked subject;
    struct ladder_asked ladder;
    double rate_per_s, busy;
    int64_t response_ns, cpu_time_ns;
    int cores;
    const char *log, *log_format, *output;
    bool json, quiet;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal)
{
    if (stop_signal != 0)
        _exit(128 + signal);
    stop_signal = signal;
}

static void take_rate(char *text, void *into, struct argp_state *state)
{
    char why[256];

    if (value_rate(text, &((struct options *)into)->rate_per_s, why,
                   sizeof why) < 0)
        argp_error(state, "--rate %s", why);
}

static void take_busy(char *text, void *into, struct argp_state *state)
{
    char why[256];

    if (value_share(text, &((struct options *)into)->busy, why, sizeof why) < 0)
        argp_error(state, "--busy %s (of all its cores)", why);
}

static void take_placement(char *text, void *into, struct argp_state *state)
{
    int placement = flags_alternative("split|shared", text);

    if (placement < 0)
        argp_error(state, "--placement is \"%s\"; there is split|shared", text);
    ((struct options *)into)->subject.placement = placement;
}

static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (!options->subject.url)
        options->subject.url = word;
    else
        argp_error(state, "%s and %s: give one URL or one target",
                   options->subject.url, word);
    return 0;
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"rate", 'R', "N/s", "requests per second", FLAG_CALL, .call = take_rate},
    {"response", 0, "TIME", "response time when quiet", FLAG_TIME,
     MEMBER(response_ns), .least = 1},
    {"busy", 0, "SHARE", "CPU load of the server, a share of all its cores",
     FLAG_CALL, .call = take_busy},
    {"cores", 0, "N", "of the server (1)", FLAG_INT, MEMBER(cores), .least = 1,
     .most = SIMULATION_CORES},
    {"log", 0, "FILE", "an access log; - is standard input", FLAG_TEXT,
     MEMBER(log)},
    {"log-format", 0, "FORMAT",
     "of the log: nginx, combined, common, a log_format string of nginx or a "
     "LogFormat string of Apache (found by its first lines)",
     FLAG_TEXT, MEMBER(log_format)},
    {"cpu-time", 0, "TIME", "that the server used over the log's span",
     FLAG_TIME, MEMBER(cpu_time_ns), .least = 1},
    {"command", 0, "COMMAND",
     "starts the service that answers the URL; {port} and {dir} are filled in",
     FLAG_TEXT, MEMBER(subject.command)},
    {"ready", 0, "/PATH",
     "answers 200 once the service can work (it is ready when it accepts a "
     "connection)",
     FLAG_TEXT, MEMBER(subject.ready)},
    {"target", 0, "FILE.ini",
     "starts the service of a [target NAME] section; of several, name one",
     FLAG_TEXT, MEMBER(subject.file)},
    {"connections", 'c', "N", "at most (1024)", FLAG_INT,
     MEMBER(ladder.most_connections), .least = 1, .most = 32768},
    {"duration", 'd', "TIME",
     "length of a measured turn (25 response times, 0.6s to 5s)", FLAG_TIME,
     MEMBER(ladder.window_ns), .least = 100000000},
    {"window", .alias = true},
    {"placement", 0, "split|shared",
     "whether the service has CPUs of its own (split from 4 CPUs on)",
     FLAG_CALL, .call = take_placement},
    {"output", 'o', "FILE", "also write the profile there", FLAG_TEXT,
     MEMBER(output)},
    {"format", 'f', "text|json", "of the result (text)", FLAG_FORMAT,
     MEMBER(json)},
    {"quiet", 'q', NULL, "no progress, only the result", FLAG_ON,
     MEMBER(quiet)},
    {0},
};

static int fail(enum exit_code code, const char *why)
{
    fprintf(stderr, "troika probe: %s\n", why);
    return code;
}

static int probe_numbers(const struct options *options,
                         struct findings *findings)
{
    struct numbers numbers = {
        .rate_per_s = options->rate_per_s,
        .response_ns = (double)options->response_ns,
        .busy = options->busy,
        .cores = options->cores > 0 ? options->cores : 1,
        .cores_given = options->cores > 0,
    };
    char why[1024];

    findings_open(findings, "three numbers");
    if (numbers_probe(&numbers, findings, why, sizeof why) < 0)
        return fail(EXIT_USAGE, why);
    return EXIT_OK;
}

static int probe_log(const struct options *options, struct findings *findings)
{
    static struct log_facts facts;
    struct log_asked asked = {.busy = options->busy,
                              .cores = options->cores,
                              .cpu_time_ns = (double)options->cpu_time_ns};
    bool is_input = !strcmp(options->log, "-");
    FILE *file = is_input ? stdin : fopen(options->log, "re");
    char why[2048], whole[4096];
    int code = EXIT_OK;

    findings_open(findings, "an access log");
    if (!file) {
        snprintf(whole, sizeof whole, "%s: %s", options->log, strerror(errno));
        return fail(EXIT_FAILED, whole);
    }
    if (log_read(file, options->log_format, &facts, why, sizeof why) < 0)
        code = EXIT_FAILED;
    else if (log_findings(&facts, &asked, findings, why, sizeof why) < 0)
        code = EXIT_USAGE;
    if (!is_input)
        fclose(file);
    log_close(&facts);
    if (code == EXIT_OK)
        return code;
    snprintf(whole, sizeof whole, "%s: %s",
             is_input ? "standard input" : options->log, why);
    return fail(code, whole);
}

static int probe_outside(struct options *options, struct findings *findings)
{
    static struct subject subject;
    static struct ladder ladder;
    struct sigaction action = {.sa_handler = on_signal};
    char why[4096] = "";
    int code = EXIT_OK, result;

    findings_open(findings, options->subject.command || options->subject.file
                                ? "outside, of a service that was started here"
                                : "outside, of a service that runs already");
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    result = guardian_start();
    if (result < 0)
        return fail(EXIT_FAILED, strerror(-result));
    options->subject.stop = options->ladder.stop = &stop_signal;
    options->ladder.quiet = options->quiet;
    if (options->ladder.most_connections == 0)
        options->ladder.most_connections = 1024;
    if (options->subject.file) {
        options->subject.target = options->subject.url;
        options->subject.url = NULL;
    }
    result = subject_open(&options->subject, &subject, why, sizeof why);
    if (result == 0)
        result =
            ladder_climb(&subject, &options->ladder, &ladder, why, sizeof why);
    subject_close(&subject);
    if (stop_signal != 0)
        return 128 + stop_signal;
    if (result < 0)
        code = fail(result == -EINVAL ? EXIT_USAGE : EXIT_FAILED, why);
    else
        outside_findings(&ladder, findings);
    return code;
}

static int write_profile(const char *path, const struct findings *findings)
{
    FILE *file = fopen(path, "we");
    char why[4096];

    if (file) {
        findings_profile(findings, file);
        if (fclose(file) == 0)
            return EXIT_OK;
    }
    snprintf(why, sizeof why, "%s: %s", path, strerror(errno));
    return fail(EXIT_FAILED, why);
}

static int present(const struct options *options,
                   const struct findings *findings)
{
    if (options->json) {
        json_t *json = findings_json(findings);
        json_print(json);
        json_decref(json);
    } else {
        findings_text(findings, stdout);
    }
    return options->output ? write_profile(options->output, findings) : EXIT_OK;
}

static void check_format(const char *text, struct argp_state *state)
{
    struct log_format format;
    char why[2048];

    if (text && log_format_compile(text, &format, why, sizeof why) < 0)
        argp_error(state, "--log-format: %s", why);
}

/* One way must be asked for. Flags of another way are refused, as they would be
 * left out without a word. */
static void check_whole(void *into, struct argp_state *state)
{
    const struct options *options = into;
    const struct subject_asked *subject = &options->subject;
    bool outside = subject->url || subject->command || subject->file;
    bool numbers = options->rate_per_s > 0 || options->response_ns > 0;

    if (outside + numbers + (options->log != NULL) > 1)
        argp_error(state, "a log (--log), a service (--command, --target, a "
                          "URL) and three numbers (--rate, --response, --busy) "
                          "are three ways: give one");
    if (outside && (options->busy > 0 || options->cpu_time_ns > 0))
        argp_error(state, "--busy and --cpu-time are for a log or three "
                          "numbers: from outside, CPU time is metered");
    if (numbers && (options->rate_per_s <= 0 || options->response_ns <= 0 ||
                    options->busy <= 0))
        argp_error(state, "three numbers are needed: --rate 300 (a second), "
                          "--response 42ms (when quiet), --busy 35%% (CPU load "
                          "of all its --cores)");
    if (numbers && options->cpu_time_ns > 0)
        argp_error(state, "--cpu-time is over the span of a log: give --log");
    if (options->log && options->busy > 0 && options->cpu_time_ns > 0)
        argp_error(state, "--busy and --cpu-time say one thing twice: give one "
                          "of them");
    if (options->log_format && !options->log)
        argp_error(state, "--log-format is of a log: give --log FILE");
    check_format(options->log_format, state);
    if (subject->command && subject->file)
        argp_error(state, "--command and --target start a service each: give "
                          "one of them");
    if (!outside && !numbers && !options->log)
        argp_error(state,
                   "give three numbers (--rate 300 --response 42ms --busy 35%% "
                   "--cores 2), an access log (--log FILE), or a service "
                   "(--command './server --port {port}' "
                   "'http://127.0.0.1:{port}/', or a URL)");
}

int verb_probe(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "--rate N/s --response TIME --busy SHARE\n--log FILE\n"
                     "[--command COMMAND] URL\n--target FILE.ini [NAME]",
        .help = "A profile of your service, for troika predict: from three "
                "numbers, from an access log, or from outside, by one "
                "connection and then more. Prints its arithmetic, what it "
                "cannot tell, and the profile (docs/probe.md)."
                "\vExit codes: 0 done; 1 the service or the log cannot be "
                "used; 2 usage, or figures that contradict each other; 130, "
                "143 ended by Ctrl-C or SIGTERM.",
        .word = take_word,
        .whole = check_whole,
    };
    static struct options options = {.subject = {.placement = -1}};
    static struct findings findings;
    int code;

    flags_parse(&flags, argc, argv, &options);
    if (options.log)
        code = probe_log(&options, &findings);
    else if (options.rate_per_s > 0)
        code = probe_numbers(&options, &findings);
    else
        code = probe_outside(&options, &findings);
    if (code == EXIT_OK)
        code = present(&options, &findings);
    findings_close(&findings);
    return code;
}
