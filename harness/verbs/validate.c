/* SPDX-License-Identifier: MIT
 *
 * troika validate: draws services, forecasts each under every model, writes the
 * forecasts to the disk, and only then measures the services. What it prints is
 * how far the forecasts were from that.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/calibrate/machine_file.h"
#include "harness/calibrate/measured.h"
#include "harness/results/results.h"
#include "harness/validate/held_out.h"
#include "verbs.h"

enum { PATH_SIZE = 640, MODELS = 7, WORKERS = 32, REQUESTS = 20000 };

static const char *const models[MODELS] = {
    "thread-per-request", "thread-per-connection", "thread-pool", "event-loop",
    "process-loops",      "process-per-request",   "process-pool"};

/* Figures that a forecast has and a trial measures. */
enum { THROUGHPUT, CPU, MEMORY, COMPARED };

static const char *const metrics_of[COMPARED] = {
    "throughput_per_s", "cpu_per_request_ns", "memory_total_bytes"};

struct options {
    int services;
    int64_t seed, wait_ns;
    const char *machine;
};

struct validation {
    struct machine machine;
    struct held_out services[HELD_OUT_MAX];
    int count;
    double forecast[HELD_OUT_MAX][MODELS][COMPARED]; /* NAN: none */
    char folder[PATH_SIZE];
};

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"services", 'n', "N", "to draw (12)", FLAG_INT, MEMBER(services),
     .least = 1, .most = HELD_OUT_MAX},
    {"seed", 0, "N", "of the draw (by the clock)", FLAG_COUNT, MEMBER(seed),
     .least = 1, .most = INT64_C(1) << 53},
    {"machine", 0, "FILE", "the constants (results/machine.json)", FLAG_TEXT,
     MEMBER(machine)},
    {"wait-for-quiet", 0, "TIME",
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     FLAG_TIME, MEMBER(wait_ns)},
    {0},
};

static void forecast_one(struct validation *v, int service, int model)
{
    static const struct precision precision = {.requests = REQUESTS, .seed = 1};
    const struct model_constants *constants =
        machine_model(&v->machine, models[model]);
    double *figures = v->forecast[service][model];
    struct service asked;
    struct forecast f;
    char why[256];

    figures[THROUGHPUT] = figures[CPU] = figures[MEMORY] = NAN;
    if (!constants)
        return;
    held_out_service(&v->services[service], &v->machine, &asked);
    if (forecast_make(&asked, &v->machine, constants,
                      constants->discipline == DISCIPLINE_LOOP ? 1 : WORKERS,
                      &precision, &f, why, sizeof why) < 0)
        return;
    figures[THROUGHPUT] = f.rate_per_s;
    figures[CPU] = f.request_cpu_ns;
    figures[MEMORY] = f.memory_bytes;
}

static json_t *forecasts_json(const struct validation *v, int64_t seed)
{
    json_t *list = json_array();

    for (int i = 0; i < v->count; i++)
        for (int m = 0; m < MODELS; m++) {
            json_t *row = json_pack("{s:i, s:s, s:I, s:I, s:i}", "service",
                                    i + 1, "model", models[m], "delay_ns",
                                    (json_int_t)v->services[i].delay_ns,
                                    "steps", (json_int_t)v->services[i].steps,
                                    "connections", v->services[i].connections);
            for (int c = 0; c < COMPARED; c++)
                json_object_set_new(row, metrics_of[c],
                                    json_finite(v->forecast[i][m][c]));
            json_array_append_new(list, row);
        }
    return json_pack("{s:i, s:I, s:s, s:o}", "schema_version", 1, "seed",
                     (json_int_t)seed, "machine", v->machine.run_id,
                     "forecasts", list);
}

/* Makes the folder with the experiment and the forecasts. Returns 0, or a
 * negative errno with the reason. */
static int write_before(struct validation *v, int64_t seed, char *why,
                        size_t why_size)
{
    char path[PATH_SIZE + 32], root[512], list[512] = "";

    results_default_root(root, sizeof root);
    snprintf(v->folder, sizeof v->folder, "%s/validation-%" PRId64, root, seed);
    snprintf(path, sizeof path, "%s/held-out.ini", v->folder);
    for (int m = 0; m < MODELS; m++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                 m ? ", " : "", models[m]);
    FILE *file = mkdir(v->folder, 0777) == 0 ? fopen(path, "we") : NULL;
    if (file)
        held_out_write(v->services, v->count, list, WORKERS, file);
    if (!file || fclose(file) != 0) {
        int error = errno;
        snprintf(why, why_size, "%s: %s%s", v->folder, strerror(error),
                 error == EEXIST ? "; give another --seed" : "");
        return -error;
    }
    snprintf(path, sizeof path, "%s/forecasts.json", v->folder);
    json_t *json = forecasts_json(v, seed);
    int status = results_store_at(path, json, why, why_size);
    json_decref(json);
    return status;
}

/* The level of the run's summary, or NAN. */
static double measured(const json_t *run, int service, const char *model,
                       const char *metric)
{
    char place[32];
    const json_t *row;
    size_t i;

    snprintf(place, sizeof place, "p%d", service + 1);
    json_array_foreach (json_object_get(run, "summary"), i, row)
        if (json_text_is(row, "load_point", place) &&
            json_text_is(row, "model", model) &&
            json_text_is(row, "metric", metric))
            return json_figure_of(row, "value");
    return NAN;
}

static void print_errors(const char *name, const struct errors *e)
{
    if (e->n == 0)
        printf("  %-22s %4d\n", name, 0);
    else
        printf("  %-22s %4d %9.1f %% %9.1f %% %+9.1f %%\n", name, e->n,
               100 * e->median, 100 * e->p90, 100 * e->bias);
}

/* A table for each of the compared figures: a row a model, and all. */
static void compare(const struct validation *v, const json_t *run)
{
    static double all[HELD_OUT_MAX * MODELS], of_model[HELD_OUT_MAX];

    for (int c = 0; c < COMPARED; c++) {
        int total = 0;
        printf("\n%-24s %4s %11s %11s %11s\n", metrics_of[c], "n", "median",
               "p90", "bias");
        for (int m = 0; m < MODELS; m++) {
            int n = 0;
            for (int i = 0; i < v->count; i++) {
                double truth = measured(run, i, models[m], metrics_of[c]);
                double error = v->forecast[i][m][c] / truth - 1;
                if (isfinite(error))
                    of_model[n++] = all[total++] = error;
            }
            struct errors errors = held_out_errors(of_model, n);
            print_errors(models[m], &errors);
        }
        struct errors errors = held_out_errors(all, total);
        print_errors("all", &errors);
    }
}

int verb_validate(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .help = "Draws services, forecasts each under every model, stores the "
                "forecasts, measures the services and says how far the "
                "forecasts were from that."
                "\vExit codes: 0 done; 1 failed, or stopped because other "
                "processes kept the CPUs busy; 2 usage; 3 some trials are "
                "invalid.",
    };
    static struct validation v;
    struct options options = {.services = 12, .wait_ns = INT64_C(60000000000)};
    struct run_options run_options = {.overrides = {.warmup_ns = -1}};
    char directory[PATH_SIZE], experiment[PATH_SIZE + 32], why[5000];

    flags_parse(&flags, argc, argv, &options);
    if (options.seed == 0)
        options.seed = (int64_t)time(NULL);
    if (machine_file_read(options.machine, &v.machine, why, sizeof why) < 0) {
        fprintf(stderr, "troika validate: %s\n", why);
        return EXIT_FAILED;
    }
    v.count = options.services;
    held_out_draw((uint64_t)options.seed, v.count, v.services);
    for (int i = 0; i < v.count; i++)
        for (int m = 0; m < MODELS; m++)
            forecast_one(&v, i, m);
    if (write_before(&v, options.seed, why, sizeof why) < 0) {
        fprintf(stderr, "troika validate: %s\n", why);
        return EXIT_FAILED;
    }
    run_options.root = v.folder;
    run_options.wait_ns = options.wait_ns;
    snprintf(experiment, sizeof experiment, "%s/held-out.ini", v.folder);
    int code = measured_run("validate", experiment, &run_options, directory,
                            sizeof directory);
    if (directory[0] == '\0' || (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    json_t *run = measured_open("validate", directory);
    if (!run)
        return EXIT_FAILED;
    compare(&v, run);
    json_decref(run);
    return code;
}
