/* SPDX-License-Identifier: MIT
 *
 * troika predict: what each model would do for a service. The flags say what
 * the service is, or a profile does; the constants of this machine come from
 * machine.json, which `troika calibrate` writes, and bands from
 * validation.json, which `troika validate` writes. Standard output holds the
 * answer and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "harness/advice/advice.h"
#include "harness/advice/print.h"
#include "harness/advice/profile_file.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/experiment/value.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

struct options {
    struct question question;
    struct service *service; /* the question's */
    int64_t wait_ns, cpu_ns, think_ns, requests_per_connection, requests, seed;
    const char *machine, *validation, *profile;
    bool laws;
    int format;
};

static void take_rate(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    char why[256];

    if (value_rate(text, &options->service->rate_per_s, why, sizeof why) < 0)
        argp_error(state, "--rate %s", why);
}

static void take_cv(const char *flag, const char *text, double *cv,
                    struct argp_state *state)
{
    char why[256];

    if (profile_cv(text, cv, why, sizeof why) < 0)
        argp_error(state, "--%s %s", flag, why);
}

static void take_cv_wait(char *text, void *into, struct argp_state *state)
{
    take_cv("cv-wait", text, &((struct options *)into)->service->cv_wait,
            state);
}

static void take_cv_cpu(char *text, void *into, struct argp_state *state)
{
    take_cv("cv-cpu", text, &((struct options *)into)->service->cv_cpu, state);
}

static void take_size(const char *flag, const char *text, double *value,
                      struct argp_state *state)
{
    int64_t bytes = 0;

    if (units_parse(UNIT_BYTES, text, &bytes) < 0)
        argp_error(state, "--%s %s: give a size with its unit, 256MiB", flag,
                   text);
    *value = (double)bytes;
}

static void take_memory(char *text, void *into, struct argp_state *state)
{
    take_size("memory", text, &((struct options *)into)->service->memory_bytes,
              state);
}

static void take_payload(char *text, void *into, struct argp_state *state)
{
    take_size("payload", text,
              &((struct options *)into)->service->payload_bytes, state);
}

static void take_limit(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    char why[256];

    if (profile_limit(text, options->service, why, sizeof why) < 0)
        argp_error(state, "--limit %s", why);
}

static bool is_file(const char *word)
{
    size_t length = strlen(word);

    return strchr(word, '/') ||
           (length > 4 && !strcmp(word + length - 4, ".ini"));
}

/* A word is a profile, if it can be a file's name, or a model. */
static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;
    struct question *question = &options->question;

    if (is_file(word)) {
        if (options->profile)
            argp_error(state, "%s and %s: give one profile", options->profile,
                       word);
        options->profile = word;
        return 0;
    }
    if (question->model_count == ADVICE_MODELS_GIVEN_MAX)
        argp_error(state, "more than %d models", ADVICE_MODELS_GIVEN_MAX);
    question->models[question->model_count++] = word;
    return 0;
}

static void note_given(const char *name, void *into)
{
    struct options *options = into;

    for (int i = 0; i < SERVICE_FIELDS; i++)
        options->service->given[i] |= !strcmp(service_field_name(i), name);
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"wait", 0, "TIME", "how long a request waits for others, in all",
     FLAG_TIME, MEMBER(wait_ns)},
    {"calls", 0, "N", "in how many calls, one after the other (1)", FLAG_INT,
     MEMBER(question.service.calls), .most = 16},
    {"cpu", 0, "TIME", "CPU time of the handler, on this machine", FLAG_TIME,
     MEMBER(cpu_ns)},
    {"rate", 0, "N/s", "requests per second", FLAG_CALL, .call = take_rate},
    {"connections", 'c', "N",
     "clients that ask, wait for the answer and ask "
     "again",
     FLAG_INT, MEMBER(question.service.connections), .least = 1,
     .most = 1000000},
    {"think", 0, "TIME",
     "their pause between an answer and the next request "
     "(0s)",
     FLAG_TIME, MEMBER(think_ns)},
    {"limit", 0, "LIMIT", "to be kept: 'p99<100ms'", FLAG_CALL,
     .call = take_limit},
    {"memory", 0, "SIZE", "that the server may use", FLAG_CALL,
     .call = take_memory},
    {"cores", 0, "N", "of the server (those that were calibrated)", FLAG_INT,
     MEMBER(question.service.cores), .least = 1, .most = SIMULATION_CORES},
    {"payload", 0, "SIZE", "bytes of an answer (1KiB)", FLAG_CALL,
     .call = take_payload},
    {"cv-wait", 0, "X", "variation of the wait: deviation / mean (1)",
     FLAG_CALL, .call = take_cv_wait},
    {"cv-cpu", 0, "X", "variation of the CPU time (1)", FLAG_CALL,
     .call = take_cv_cpu},
    {"burst", 0, "K", "requests that come together (1)", FLAG_INT,
     MEMBER(question.service.burst), .least = 1, .most = 10000},
    {"backend-workers", 0, "N", "calls that the backend serves at once (any)",
     FLAG_INT, MEMBER(question.service.backend_workers), .least = 1,
     .most = 100000},
    {"requests-per-connection", 0, "N", "then it is closed (never)", FLAG_COUNT,
     MEMBER(requests_per_connection), .least = 1, .most = INT64_MAX},
    {"workers", 0, "N", "of models that have some (those that are needed)",
     FLAG_INT, MEMBER(question.workers), .least = 1, .most = 100000},
    {"profile", 0, "FILE", "the service as a file, as the word PROFILE.ini",
     FLAG_TEXT, MEMBER(profile)},
    {"machine", 0, "FILE",
     "the constants (results/machine.json; none: another machine's, which came "
     "with the program)",
     FLAG_TEXT, MEMBER(machine)},
    {"validation", 0, "FILE",
     "errors of earlier forecasts, for bands (results/validation.json; none)",
     FLAG_TEXT, MEMBER(validation)},
    {"laws", 0, NULL,
     "capacity, CPU and memory alone, without the simulator: at once", FLAG_ON,
     MEMBER(laws)},
    {"requests", 0, "N", "simulated for each figure (100k)", FLAG_COUNT,
     MEMBER(requests), .least = 1000, .most = 100000000},
    {"seed", 0, "N", "of the simulation (1)", FLAG_COUNT, MEMBER(seed),
     .most = INT64_MAX},
    {"format", 'f', "text|json|markdown", "of the answer (text)", FLAG_CHOICE,
     MEMBER(format)},
    {0},
};

static const char *unknown_model(const struct question *question,
                                 const struct machine *machine)
{
    for (int i = 0; i < question->model_count; i++)
        if (!machine_model(machine, question->models[i]))
            return question->models[i];
    return NULL;
}

static int fail(enum exit_code code, const char *why)
{
    fprintf(stderr, "troika predict: %s\n", why);
    return code;
}

/* Makes the service whole: flags, then the profile, then defaults. */
static int complete(struct options *options, const struct machine *machine)
{
    struct service *service = &options->question.service;
    char why[1024];

    service->wait_ns = (double)options->wait_ns;
    service->cpu_ns = (double)options->cpu_ns;
    service->think_ns = (double)options->think_ns;
    service->requests_per_connection = (double)options->requests_per_connection;
    if (options->profile &&
        profile_file_read(options->profile, service, why, sizeof why) < 0)
        return fail(EXIT_USAGE, why);
    service_defaults(service, machine->cores);
    const char *unknown = unknown_model(&options->question, machine);
    if (unknown) {
        snprintf(why, sizeof why, "there are no constants of \"%s\"", unknown);
        return fail(EXIT_USAGE, why);
    }
    if (!service_check(service, why, sizeof why))
        return fail(EXIT_USAGE, why);
    return EXIT_OK;
}

static void print(const struct advice *advice, enum format format)
{
    json_t *json;

    switch (format) {
    case FORMAT_TEXT:
        print_text(advice);
        break;
    case FORMAT_MARKDOWN:
        print_markdown(advice);
        break;
    case FORMAT_JSON:
        json = advice_json(advice);
        json_dumpf(json, stdout, JSON_INDENT(1));
        puts("");
        json_decref(json);
        break;
    }
}

int verb_predict(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[PROFILE.ini] [MODEL...]",
        .help = "What each model would do for a service: capacity, latency at "
                "the load, CPU, memory, and the workers that it needs. The "
                "service is what the flags say, and for the rest what the "
                "profile says."
                "\vExit codes: 0 done; 1 there are no constants, or a stored "
                "file is damaged; 2 usage, or a service that contradicts "
                "itself; 4 no model keeps the limits.",
        .word = take_word,
        .given = note_given,
    };
    static struct machine machine;
    static struct advice advice;
    struct options options = {.seed = 1, .requests = 100000};
    struct question *question = &options.question;
    struct bands bands;
    bool shipped;
    char why[5000];

    options.service = &question->service;
    flags_parse(&flags, argc, argv, &options);
    if (advice_machine(options.machine, &machine, &shipped, why, sizeof why) <
        0)
        return fail(EXIT_FAILED, why);
    int code = complete(&options, &machine);
    if (code != EXIT_OK)
        return code;
    question->precision = (struct precision){
        .requests = options.laws ? 0 : options.requests,
        .seed = (uint64_t)options.seed,
    };
    if (advice_bands(options.validation, &bands, why, sizeof why) < 0)
        code = fail(EXIT_FAILED, why);
    else {
        advice_make(question, &machine, shipped, &bands, &advice);
        print(&advice, options.format);
        code = advice.keeps_limits ? EXIT_OK : EXIT_THRESHOLD;
    }
    bands_free(&bands);
    return code;
}
