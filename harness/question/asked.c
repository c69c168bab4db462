/* SPDX-License-Identifier: MIT */
#include "asked.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/advice/profile_file.h"
#include "harness/base/exit.h"
#include "harness/base/names.h"
#include "harness/base/tree.h"
#include "harness/experiment/value.h"
#include "harness/server/models.h"
#include "models/runtime/base/units.h"

static void take_rate(char *text, void *into, struct argp_state *state)
{
    struct asked *asked = into;
    char why[256];

    if (value_rate(text, &asked->question.service.rate_per_s, why, sizeof why) <
        0)
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
    take_cv("cv-wait", text, &((struct asked *)into)->question.service.cv_wait,
            state);
}

static void take_cv_cpu(char *text, void *into, struct argp_state *state)
{
    take_cv("cv-cpu", text, &((struct asked *)into)->question.service.cv_cpu,
            state);
}

/* Sizes as answers print them: 20.7MiB, whose part of a byte is cut off. */
static bool parse_size(const char *text, double *bytes)
{
    int64_t whole, unit;
    size_t digits = strspn(text, "0123456789.");
    char number[64], one[32];

    if (units_parse(UNIT_BYTES, text, &whole) == 0) {
        *bytes = (double)whole;
        return true;
    }
    snprintf(number, sizeof number, "%.*s", (int)fmin(digits, 63), text);
    snprintf(one, sizeof one, "1%s", text + digits);
    if (text[digits] == '\0' || units_parse(UNIT_BYTES, one, &unit) < 0 ||
        units_parse_number(number, bytes) < 0)
        return false;
    *bytes = floor(*bytes * (double)unit);
    return true;
}

static void take_size(const char *flag, const char *text, int64_t least,
                      double *value, struct argp_state *state)
{
    double bytes = 0;

    if (!parse_size(text, &bytes))
        argp_error(state, "--%s %s: give a size with its unit, 256MiB", flag,
                   text);
    if (bytes < (double)least)
        argp_error(state,
                   "--%s %s: no server runs in that; give at least 1B, or "
                   "leave it out for no limit",
                   flag, text);
    *value = bytes;
}

static void take_memory(char *text, void *into, struct argp_state *state)
{
    take_size("memory", text, 1,
              &((struct asked *)into)->question.service.memory_bytes, state);
}

static void take_payload(char *text, void *into, struct argp_state *state)
{
    take_size("payload", text, 0,
              &((struct asked *)into)->question.service.payload_bytes, state);
}

static void take_limit(char *text, void *into, struct argp_state *state)
{
    struct asked *asked = into;
    char why[256];

    if (profile_limit(text, &asked->question.service, why, sizeof why) < 0)
        argp_error(state, "--limit %s", why);
}

static bool is_file(const char *word)
{
    size_t length = strlen(word);

    return strchr(word, '/') ||
           (length > 4 && !strcmp(word + length - 4, ".ini"));
}

/* Whether harness/profiles has a profile of that name; its file. */
static bool find_preset(const char *name, char *path, size_t size)
{
    char below[256];

    snprintf(below, sizeof below, "harness/profiles/%s.ini", name);
    return tree_source(below, path, size) == 0 && access(path, R_OK) == 0;
}

error_t asked_word(char *word, void *into, struct argp_state *state)
{
    struct asked *asked = into;
    struct question *question = &asked->question;
    char preset[sizeof asked->preset_path];
    bool is_preset = !is_file(word) && find_preset(word, preset, sizeof preset);

    if (is_preset || is_file(word)) {
        if (asked->profile)
            argp_error(state, "%s and %s: give one profile", asked->profile,
                       word);
        /* Words to come are looked for as presets too. */
        if (is_preset)
            strcpy(asked->preset_path, preset);
        asked->profile = is_preset ? asked->preset_path : word;
        return 0;
    }
    if (question->model_count == ADVICE_MODELS_GIVEN_MAX)
        argp_error(state, "more than %d models", ADVICE_MODELS_GIVEN_MAX);
    question->models[question->model_count++] = word;
    return 0;
}

void asked_given(const char *name, void *into)
{
    struct asked *asked = into;

    flags_given_add(&asked->given, name);
    for (int i = 0; i < SERVICE_FIELDS; i++)
        asked->question.service.given[i] |=
            !strcmp(service_field_name(i), name);
}

#define MEMBER(name) .offset = offsetof(struct asked, name)

const struct flag asked_flags[] = {
    {"wait", 0, "TIME", "how long a request waits for others, in all",
     FLAG_TIME, MEMBER(wait_ns), .heading = "The service:"},
    {"calls", 0, "N", "in how many calls, one after the other (1)", FLAG_INT,
     MEMBER(question.service.calls), .most = SERVICE_CALLS_MOST},
    {"cpu", 0, "TIME",
     "CPU time of the handler, on this machine; in the language of the models, "
     "or in C where C is among them",
     FLAG_TIME, MEMBER(cpu_ns)},
    {"rate", 'R', "N/s", "requests per second", FLAG_CALL, .call = take_rate},
    {"connections", 'c', "N",
     "clients that ask, wait for the answer and ask again; beside --rate: "
     "connections that are open",
     FLAG_INT, MEMBER(question.service.connections), .least = 1,
     .most = 1000000},
    {"think", 0, "TIME",
     "their mean pause between an answer and the next request, exponential "
     "(0s)",
     FLAG_TIME, MEMBER(think_ns)},
    {"limit", 0, "LIMIT", "to be kept: 'p99<100ms' (one at a time)", FLAG_CALL,
     .call = take_limit},
    {"memory", 0, "SIZE", "that the server may use", FLAG_CALL,
     .call = take_memory},
    {"cores", 0, "N", "of the server (those that were calibrated)", FLAG_INT,
     MEMBER(question.service.cores), .least = 1, .most = SIMULATION_CORES},
    {"payload", 0, "SIZE", "bytes of an answer (1KiB)", FLAG_CALL,
     .call = take_payload},
    {"cv-wait", 0, "X",
     "variation of the whole wait: deviation / mean (1 / root of the calls), "
     "lognormal",
     FLAG_CALL, .call = take_cv_wait},
    {"cv-cpu", 0, "X", "variation of the CPU time (1), lognormal", FLAG_CALL,
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
     FLAG_TEXT, MEMBER(machine_path), .heading = "What answers:"},
    {"validation", 0, "FILE",
     "errors of earlier forecasts, for bands (results/validation.json; none)",
     FLAG_TEXT, MEMBER(validation_path)},
    {"requests", 0, "N",
     "simulated for each figure (predict 100k, near full load 300k; decide "
     "30k; size 20k; map 4k)",
     FLAG_COUNT, MEMBER(requests), .least = 1000, .most = 100000000},
    {"seed", 0, "N", "of the simulation (1)", FLAG_COUNT, MEMBER(seed),
     .least = 1, .most = INT64_MAX},
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

static int fail(const char *verb, enum exit_code code, const char *why)
{
    fprintf(stderr, "troika %s: %s\n", verb, why);
    return code;
}

/* Writes the end of a message about a word that is no model and no preset. */
static void suggest(const struct machine *machine, const char *word, char *text,
                    size_t size)
{
    const char *names[2 * CONSTANTS_MODELS_MAX + 1] = {NULL};
    char path[4096], **presets = NULL;
    int count = 0;

    for (int i = 0; i < machine->model_count; i++)
        names[count++] = machine->models[i].name;
    if (tree_source("harness/profiles", path, sizeof path) == 0)
        presets = tree_names(path, ".ini");
    for (int i = 0; presets && presets[i] && i < CONSTANTS_MODELS_MAX; i++)
        names[count++] = presets[i];
    names_suggest(word, names, text, size);
    tree_names_free(presets);
}

/* A key of the profile that a flag has left without a part, `calls` by --wait
 * 0s, is as if it were not there. */
static void drop_moot(const struct asked *asked, struct service *service)
{
    for (int f = 0; f < SERVICE_FIELDS; f++) {
        if (!service_field_moot(service, f) ||
            flags_has(&asked->given, service_field_name(f)))
            continue;
        bool by_flag = f == SERVICE_CV_CPU ? flags_has(&asked->given, "cpu")
                       : f == SERVICE_BURST
                           ? flags_has(&asked->given, "connections")
                           : flags_has(&asked->given, "wait");
        if (!by_flag)
            continue;
        service->given[f] = service->profiled[f] = false;
        if (f == SERVICE_BACKEND_WORKERS)
            service->backend_workers = 0;
    }
}

/* Whether --workers is of a model that has some. */
static bool workers_apply(const struct question *question,
                          const struct machine *machine, char *why, size_t size)
{
    bool apply = question->workers == 0;

    for (int i = 0; i < machine->model_count && !apply; i++) {
        bool asked = question->model_count == 0;
        for (int m = 0; m < question->model_count; m++)
            asked |= !strcmp(question->models[m], machine->models[i].name);
        apply = asked && machine->models[i].has_workers;
    }
    if (!apply)
        snprintf(
            why, size,
            "--workers has no effect: %s%s no worker setting; name a model "
            "that has some, or leave it out",
            question->model_count == 1 ? question->models[0] : "these models",
            question->model_count == 1 ? " has" : " have");
    return apply;
}

static int complete(struct asked *asked, const char *verb,
                    const struct machine *machine, bool shipped)
{
    struct service *service = &asked->question.service;
    char why[1024], hint[512];

    service->wait_ns = (double)asked->wait_ns;
    service->cpu_ns = (double)asked->cpu_ns;
    service->think_ns = (double)asked->think_ns;
    service->requests_per_connection = (double)asked->requests_per_connection;
    if (asked->profile && profile_file_read(asked->profile, service,
                                            &asked->peak, why, sizeof why) < 0)
        return fail(verb, EXIT_USAGE, why);
    drop_moot(asked, service);
    service_defaults(service, machine->cores);
    const char *unknown = unknown_model(&asked->question, machine);
    if (unknown && models_find(models_all(), unknown)) {
        snprintf(why, sizeof why,
                 "there are no constants of %s yet: troika calibrate --models "
                 "%s%s",
                 unknown, unknown, shipped ? "" : " --add");
        return fail(verb, EXIT_USAGE, why);
    }
    if (unknown) {
        suggest(machine, unknown, hint, sizeof hint);
        snprintf(why, sizeof why,
                 "there are no constants of \"%s\", nor a preset of that "
                 "name%s",
                 unknown, hint);
        return fail(verb, EXIT_USAGE, why);
    }
    if (!service_check(service, why, sizeof why) ||
        !workers_apply(&asked->question, machine, why, sizeof why))
        return fail(verb, EXIT_USAGE, why);
    return EXIT_OK;
}

bool asked_language_applies(const struct asked *asked, char *why, size_t size)
{
    if (!flags_has(&asked->given, "language") ||
        asked->question.model_count == 0)
        return true;
    snprintf(why, size,
             "--language has no effect where models are named; leave it or the "
             "names out");
    return false;
}

int asked_open(struct asked *asked, const char *verb, struct asked_from *from)
{
    char why[5000];

    from->bands = (struct bands){0};
    if (advice_machine(asked->machine_path, &from->machine, &from->shipped, why,
                       sizeof why) < 0)
        return fail(verb, EXIT_FAILED, why);
    if (from->machine.own_time > 0)
        return fail(verb, EXIT_FAILED,
                    "these constants are those of a decision about models of "
                    "one language, whose work they count in its own time: name "
                    "the machine's own with --machine");
    int code = complete(asked, verb, &from->machine, from->shipped);
    if (code != EXIT_OK)
        return code;
    asked->question.precision = (struct precision){
        .requests = asked->requests > 0 ? asked->requests : FORECAST_REQUESTS,
        .seed = asked->seed > 0 ? (uint64_t)asked->seed : 1,
    };
    if (advice_bands(asked->validation_path, &from->machine, &from->bands, why,
                     sizeof why) < 0)
        return fail(verb, EXIT_FAILED, why);
    return EXIT_OK;
}

void asked_in_own_time(const struct question *question, enum language language,
                       struct asked_from *from)
{
    bool asked[CONSTANTS_MODELS_MAX];

    for (int i = 0; i < from->machine.model_count; i++)
        asked[i] = question_asks(question, language, &from->machine.models[i]);
    machine_in_own_time(&from->machine, asked);
}

void asked_close(struct asked_from *from)
{
    bands_free(&from->bands);
}
