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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/run/run.h"
#include "harness/statistics/sample.h"
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
    int64_t services, seed;
    const char *machine;
    int64_t wait_ns;
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
    {"services", 'n', "N", "to draw (12)", FLAG_COUNT, MEMBER(services),
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

static int read_machine(const char *path, struct machine *machine)
{
    char root[512], file[PATH_SIZE], why[512];

    results_default_root(root, sizeof root);
    snprintf(file, sizeof file, "%s/machine.json", root);
    json_t *json = stored_json(path ? path : file, NULL, why, sizeof why);
    int status = json ? machine_read(json, machine, why, sizeof why) : -EINVAL;
    json_decref(json);
    if (status < 0)
        fprintf(stderr,
                "troika validate: no constants: %s; measure this machine with "
                "troika calibrate\n",
                why);
    return status;
}

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

/* Makes the folder with the experiment and the forecasts. */
static int write_before(struct validation *v, int64_t seed)
{
    char path[PATH_SIZE + 32], root[512], list[512] = "";

    results_default_root(root, sizeof root);
    snprintf(v->folder, sizeof v->folder, "%s/validation-%" PRId64, root, seed);
    if (mkdir(v->folder, 0777) < 0)
        return -errno;
    for (int m = 0; m < MODELS; m++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                 m ? ", " : "", models[m]);
    snprintf(path, sizeof path, "%s/held-out.ini", v->folder);
    FILE *file = fopen(path, "we");
    if (!file)
        return -errno;
    held_out_write(v->services, v->count, list, WORKERS, file);
    if (fclose(file) != 0)
        return -errno;
    snprintf(path, sizeof path, "%s/forecasts.json", v->folder);
    json_t *json = forecasts_json(v, seed);
    int status = json_dump_file(json, path, JSON_INDENT(1));
    json_decref(json);
    return status < 0 ? -EIO : 0;
}

/* Runs the experiment; the run's directory into `directory`. */
static int measure(const struct validation *v, const struct options *options,
                   char *directory, size_t size)
{
    char experiment[PATH_SIZE + 32], file[PATH_SIZE + 32];
    char *experiments[] = {experiment};
    struct run_options run = {.root = v->folder,
                              .command = "troika validate",
                              .file = file,
                              .overrides = {.warmup_ns = -1},
                              .wait_ns = options->wait_ns};

    snprintf(experiment, sizeof experiment, "%s/held-out.ini", v->folder);
    snprintf(file, sizeof file, "%s/run", v->folder);
    int code = run_bench(experiments, 1, &run);
    FILE *stream = fopen(file, "re");
    directory[0] = '\0';
    if (stream && !fgets(directory, (int)size, stream))
        directory[0] = '\0';
    if (stream)
        fclose(stream);
    directory[strcspn(directory, "\n")] = '\0';
    return code;
}

static void tell(const char *why, void *context)
{
    (void)context;
    fprintf(stderr, "troika validate: %s\n", why);
}

/* The geometric mean over blocks, or NAN. */
static double measured(const json_t *trials, int service, const char *model,
                       const char *metric)
{
    char place[32], why[256];
    double sum = 0;
    const json_t *trial;
    int n = 0;
    size_t i;

    snprintf(place, sizeof place, "p%d", service + 1);
    json_array_foreach (trials, i, trial) {
        if (!json_true_of(trial, "valid") ||
            !figures_are_of(trial, "held-out", place, model))
            continue;
        double value = metric_of(metric_find(metric), trial, why, sizeof why);
        if (isfinite(value) && value > 0) {
            sum += log(value);
            n++;
        }
    }
    return n > 0 ? exp(sum / n) : NAN;
}

static void print_errors(const char *name, const struct errors *e)
{
    printf("  %-22s %4d %9.1f %% %9.1f %% %+9.1f %%\n", name, e->n,
           100 * e->median, 100 * e->p90, 100 * e->bias);
}

/* A table for each of the compared figures: a row a model, and all. */
static void compare(const struct validation *v, const json_t *trials)
{
    static double all[HELD_OUT_MAX * MODELS], of_model[HELD_OUT_MAX];

    for (int c = 0; c < COMPARED; c++) {
        int total = 0;
        printf("\n%-24s %4s %11s %11s %11s\n", metrics_of[c], "n", "median",
               "p90", "bias");
        for (int m = 0; m < MODELS; m++) {
            int n = 0;
            for (int i = 0; i < v->count; i++) {
                double truth = measured(trials, i, models[m], metrics_of[c]);
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
    char directory[PATH_SIZE], file[PATH_SIZE + 16], why[512];

    flags_parse(&flags, argc, argv, &options);
    if (options.seed == 0)
        options.seed = (int64_t)time(NULL);
    if (read_machine(options.machine, &v.machine) < 0)
        return EXIT_FAILED;
    v.count = (int)options.services;
    held_out_draw((uint64_t)options.seed, v.count, v.services);
    for (int i = 0; i < v.count; i++)
        for (int m = 0; m < MODELS; m++)
            forecast_one(&v, i, m);
    int status = write_before(&v, options.seed);
    if (status < 0) {
        fprintf(stderr, "troika validate: %s: %s\n", v.folder,
                strerror(-status));
        return EXIT_FAILED;
    }
    int code = measure(&v, &options, directory, sizeof directory);
    if (directory[0] == '\0' || (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    snprintf(file, sizeof file, "%s/run.json", directory);
    json_t *run = stored_json(file, NULL, why, sizeof why);
    if (!run) {
        fprintf(stderr, "troika validate: %s\n", why);
        return EXIT_FAILED;
    }
    json_t *trials = json_array();
    stored_all(directory, run, trials, tell, NULL);
    compare(&v, trials);
    json_decref(trials);
    json_decref(run);
    return code;
}
