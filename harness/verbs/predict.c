/* SPDX-License-Identifier: MIT
 *
 * troika predict: what each model would do for a service. The flags say what
 * the service is; the constants of this machine come from machine.json, which
 * `troika calibrate` writes. Standard output holds the answer and nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/calibrate/machine_file.h"
#include "harness/figures/metric.h"
#include "harness/predict/forecast.h"
#include "harness/run/environment.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

/* Older constants are doubted. */
enum { MODELS_GIVEN_MAX = 64, DAYS_MAX = 30 };

struct options {
    struct service service;
    int64_t wait_ns, cpu_ns, think_ns, requests_per_connection, requests, seed;
    int workers;
    const char *machine, *models[MODELS_GIVEN_MAX];
    int model_count;
    bool json;
};

static void take_rate(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    char number[32];
    size_t length = strcspn(text, "/");

    snprintf(number, sizeof number, "%.*s", (int)length, text);
    if ((text[length] != '\0' && strcmp(text + length, "/s") != 0) ||
        units_parse_rate(number, &options->service.rate_per_s) < 0)
        argp_error(state, "--rate %s: give requests per second, 300 or 300/s",
                   text);
}

static void take_share(const char *flag, const char *text, double *value,
                       struct argp_state *state)
{
    char *end;

    *value = strtod(text, &end);
    if (*end != '\0' || end == text || !(*value >= 0) || *value > 10)
        argp_error(state,
                   "--%s %s: give a coefficient of variation, 0 (always the "
                   "same) to 10",
                   flag, text);
}

static void take_cv_wait(char *text, void *into, struct argp_state *state)
{
    take_share("cv-wait", text, &((struct options *)into)->service.cv_wait,
               state);
}

static void take_cv_cpu(char *text, void *into, struct argp_state *state)
{
    take_share("cv-cpu", text, &((struct options *)into)->service.cv_cpu,
               state);
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
    take_size("memory", text, &((struct options *)into)->service.memory_bytes,
              state);
}

static void take_payload(char *text, void *into, struct argp_state *state)
{
    take_size("payload", text, &((struct options *)into)->service.payload_bytes,
              state);
}

static void take_limit(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    int percent = 0, used = 0;
    int64_t ns = 0;

    if (sscanf(text, "p%d<%n", &percent, &used) != 1 || used == 0 ||
        (percent != 50 && percent != 90 && percent != 99) ||
        units_parse(UNIT_NS, text + used, &ns) < 0 || ns <= 0)
        argp_error(state,
                   "--limit %s: give a percentile (50, 90 or 99) and a time, "
                   "'p99<100ms'",
                   text);
    options->service.limit_percent = percent;
    options->service.limit_ns = (double)ns;
}

static error_t take_model(char *name, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (options->model_count == MODELS_GIVEN_MAX)
        argp_error(state, "more than %d models", MODELS_GIVEN_MAX);
    options->models[options->model_count++] = name;
    return 0;
}

static void note_given(const char *name, void *into)
{
    struct options *options = into;

    for (int i = 0; i < SERVICE_FIELDS; i++)
        options->service.given[i] |= !strcmp(service_field_name(i), name);
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"wait", 0, "TIME", "how long a request waits for others, in all",
     FLAG_TIME, MEMBER(wait_ns)},
    {"calls", 0, "N", "in how many calls, one after the other (1)", FLAG_INT,
     MEMBER(service.calls), .most = 16},
    {"cpu", 0, "TIME", "CPU time of the handler, on this machine", FLAG_TIME,
     MEMBER(cpu_ns)},
    {"rate", 0, "N/s", "requests per second", FLAG_CALL, .call = take_rate},
    {"connections", 'c', "N",
     "clients that ask, wait for the answer and ask "
     "again",
     FLAG_INT, MEMBER(service.connections), .least = 1, .most = 1000000},
    {"think", 0, "TIME",
     "their pause between an answer and the next request "
     "(0s)",
     FLAG_TIME, MEMBER(think_ns)},
    {"limit", 0, "LIMIT", "to be kept: 'p99<100ms'", FLAG_CALL,
     .call = take_limit},
    {"memory", 0, "SIZE", "that the server may use", FLAG_CALL,
     .call = take_memory},
    {"cores", 0, "N", "of the server (those that were calibrated)", FLAG_INT,
     MEMBER(service.cores), .least = 1, .most = SIMULATION_CORES},
    {"payload", 0, "SIZE", "bytes of an answer (1KiB)", FLAG_CALL,
     .call = take_payload},
    {"cv-wait", 0, "X", "variation of the wait: deviation / mean (1)",
     FLAG_CALL, .call = take_cv_wait},
    {"cv-cpu", 0, "X", "variation of the CPU time (1)", FLAG_CALL,
     .call = take_cv_cpu},
    {"burst", 0, "K", "requests that come together (1)", FLAG_INT,
     MEMBER(service.burst), .least = 1, .most = 10000},
    {"backend-workers", 0, "N", "calls that the backend serves at once (any)",
     FLAG_INT, MEMBER(service.backend_workers), .least = 1, .most = 100000},
    {"requests-per-connection", 0, "N", "then it is closed (never)", FLAG_COUNT,
     MEMBER(requests_per_connection), .least = 1, .most = INT64_MAX},
    {"workers", 0, "N", "of models that have some (those that are needed)",
     FLAG_INT, MEMBER(workers), .least = 1, .most = 100000},
    {"machine", 0, "FILE", "the constants (results/machine.json)", FLAG_TEXT,
     MEMBER(machine)},
    {"requests", 0, "N", "simulated for each figure (100k)", FLAG_COUNT,
     MEMBER(requests), .least = 1000, .most = 100000000},
    {"seed", 0, "N", "of the simulation (1)", FLAG_COUNT, MEMBER(seed),
     .most = INT64_MAX},
    {"format", 'f', "text|json", "of the answer (text)", FLAG_FORMAT,
     MEMBER(json)},
    {0},
};

static bool chosen(const struct options *options, const char *name)
{
    for (int i = 0; i < options->model_count; i++)
        if (!strcmp(options->models[i], name))
            return true;
    return options->model_count == 0;
}

static const char *unknown_model(const struct options *options,
                                 const struct machine *machine)
{
    for (int i = 0; i < options->model_count; i++)
        if (!machine_model(machine, options->models[i]))
            return options->models[i];
    return NULL;
}

static void print_defaults(const struct service *service)
{
    const char *separator = "not given, so taken as: ";
    char text[64];

    for (int i = 0; i < SERVICE_FIELDS; i++) {
        const char *words =
            service->given[i]
                ? ""
                : service_field_text(service, i, text, sizeof text);
        if (*words) {
            printf("%s%s", separator, words);
            separator = ", ";
        }
    }
    puts("");
}

static void print_row(const struct forecast *f)
{
    char capacity[32], cpu[32], p50[32] = "-", p99[32] = "-", memory[32] = "-";

    metric_format("_per_s", f->capacity_per_s, capacity, sizeof capacity);
    metric_format("_ns", f->request_cpu_ns, cpu, sizeof cpu);
    if (f->simulated) {
        metric_format("_ns", f->p50_ns.value, p50, sizeof p50);
        metric_format("_ns", f->p99_ns.value, p99, sizeof p99);
    }
    if (isfinite(f->memory_bytes))
        metric_format("_bytes", f->memory_bytes, memory, sizeof memory);
    printf("%-22s %7d %10s %9s %9s %9s %9s  %s%s%s\n", f->model->name,
           f->workers, capacity, p50, p99, cpu, memory, law_name(f->law),
           f->simulated ? "" : ": overload",
           f->keeps_limit && f->keeps_memory ? ""
           : f->keeps_limit                  ? ", over the memory"
                                             : ", misses the limit");
}

static json_t *figure_json(const struct simulated *figure, bool known)
{
    return known ? json_pack("{s:f, s:f, s:f}", "value", figure->value, "lo",
                             figure->lo, "hi", figure->hi)
                 : json_null();
}

static json_t *row_json(const struct forecast *f)
{
    json_t *laws = json_object();

    for (int i = 0; i < LAWS; i++)
        json_object_set_new(laws, law_name(i), json_finite(f->law_per_s[i]));
    return json_pack(
        "{s:s, s:i, s:{s:f, s:f, s:f}, s:s, s:o, s:f, s:f, s:f, s:o, s:o, "
        "s:o, s:o, s:o, s:b, s:b}",
        "model", f->model->name, "workers", f->workers, "capacity_per_s",
        "value", f->capacity_per_s, "lo", f->capacity_lo_per_s, "hi",
        f->capacity_hi_per_s, "law", law_name(f->law), "laws_per_s", laws,
        "rate_per_s", f->rate_per_s, "load", f->load, "cpu_per_request_ns",
        f->request_cpu_ns, "latency_p50_ns",
        figure_json(&f->p50_ns, f->simulated), "latency_p99_ns",
        figure_json(&f->p99_ns, f->simulated), "busy_cores",
        json_finite_if(f->busy, f->simulated), "in_flight",
        json_finite(f->in_flight), "memory_bytes", json_finite(f->memory_bytes),
        "keeps_limit", f->keeps_limit, "keeps_memory", f->keeps_memory);
}

/* What speaks against the constants: they are old, or another machine's. */
static const char *doubt(const struct machine *machine, char *text, size_t size)
{
    json_t *environment = environment_capture();
    struct tm at = {0};
    bool foreign =
        !json_text_is(environment, "fingerprint", machine->fingerprint);
    double days = strptime(machine->at, "%Y-%m-%dT%H:%M:%SZ", &at)
                      ? difftime(time(NULL), timegm(&at)) / 86400
                      : 0;

    json_decref(environment);
    text[0] = '\0';
    if (foreign)
        snprintf(text, size,
                 "they are of another machine, kernel or build: take ratios "
                 "of models from them, no times; troika calibrate");
    else if (days > DAYS_MAX)
        snprintf(text, size, "they are %.0f days old: troika calibrate", days);
    return text;
}

static int answer(const struct options *options, const struct machine *machine)
{
    char against[160];
    struct precision precision = {
        .requests = options->requests,
        .seed = (uint64_t)options->seed,
    };
    json_t *list = json_array();
    bool any = false;

    if (!options->json)
        printf("%-22s %7s %10s %9s %9s %9s %9s  %s\n", "model", "workers",
               "capacity", "p50", "p99", "cpu", "memory", "bound by");
    for (int i = 0; i < machine->model_count; i++) {
        const struct model_constants *model = &machine->models[i];
        struct forecast forecast;
        char why[256];

        if (!chosen(options, model->name))
            continue;
        if (forecast_make(&options->service, machine, model, options->workers,
                          &precision, &forecast, why, sizeof why) < 0) {
            fprintf(stderr, "troika predict: %s: %s\n", model->name, why);
            continue;
        }
        any |= forecast.keeps_limit && forecast.keeps_memory;
        if (options->json)
            json_array_append_new(list, row_json(&forecast));
        else
            print_row(&forecast);
    }
    if (options->json) {
        json_t *all =
            json_pack("{s:i, s:s, s:s, s:b, s:s, s:o}", "schema_version", 1,
                      "machine", machine->run_id, "measured_at", machine->at,
                      "noisy", machine->noisy, "doubt",
                      doubt(machine, against, sizeof against), "models", list);
        json_dumpf(all, stdout, JSON_INDENT(1));
        puts("");
        json_decref(all);
    } else {
        print_defaults(&options->service);
        doubt(machine, against, sizeof against);
        printf("constants of %s%s%s%s; no forecast of this machine has been "
               "compared with a measurement yet\n",
               machine->at, machine->noisy ? ", a noisy machine" : "",
               against[0] ? "; " : "", against);
        json_decref(list);
    }
    return any ? EXIT_OK : EXIT_THRESHOLD;
}

int verb_predict(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[MODEL...]",
        .help = "What each model would do for a service: capacity, latency at "
                "the load, CPU, memory, and the workers that it needs."
                "\vExit codes: 0 done; 1 there are no constants; 2 usage, or a "
                "service that contradicts itself; 4 no model keeps the limits.",
        .word = take_model,
        .given = note_given,
    };
    static struct machine machine;
    struct options options = {.seed = 1, .requests = 100000};
    struct service *service = &options.service;
    char why[5000];

    flags_parse(&flags, argc, argv, &options);
    if (machine_file_read(options.machine, &machine, why, sizeof why) < 0) {
        fprintf(stderr, "troika predict: %s\n", why);
        return EXIT_FAILED;
    }
    service->wait_ns = (double)options.wait_ns;
    service->cpu_ns = (double)options.cpu_ns;
    service->think_ns = (double)options.think_ns;
    service->requests_per_connection = (double)options.requests_per_connection;
    service_defaults(service, machine.cores);
    const char *unknown = unknown_model(&options, &machine);
    if (unknown) {
        fprintf(stderr, "troika predict: there are no constants of \"%s\"\n",
                unknown);
        return EXIT_USAGE;
    }
    if (!service_check(service, why, sizeof why)) {
        fprintf(stderr, "troika predict: %s\n", why);
        return EXIT_USAGE;
    }
    return answer(&options, &machine);
}
