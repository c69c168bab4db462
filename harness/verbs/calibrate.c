/* SPDX-License-Identifier: MIT
 *
 * troika calibrate: measures the constants of this machine, the experiment
 * `calibrate`, and stores them as machine.json, from which troika predict
 * answers. The run is a run like any other: with gates, to be resumed, to be
 * looked at by make report.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/calibrate/fit.h"
#include "harness/calibrate/turns.h"
#include "harness/figures/metric.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/run/run.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { PATH_SIZE = 640 };

/* Above this relative scatter of repeated trials constants are not stored. */
static const double NOISY = 0.10;

struct options {
    struct run_options run;
    const char *from, *output;
    bool noisy;
};

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"from", 0, "RUN", "take a run that is there instead of measuring",
     FLAG_TEXT, MEMBER(from)},
    {"output", 'o', "FILE", "write the constants there (results/machine.json)",
     FLAG_TEXT, MEMBER(output)},
    {"noisy", 0, NULL,
     "store them even if the machine is too noisy; forecasts say so", FLAG_ON,
     MEMBER(noisy)},
    {"dry-run", 0, NULL, "print what would be measured and how long it takes",
     FLAG_ON, MEMBER(run.dry_run)},
    {"wait-for-quiet", 0, "TIME",
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     FLAG_TIME, MEMBER(run.wait_ns)},
    {0},
};

/* Measures, and the run's directory into `directory`. Returns an exit code. */
static int measure(struct options *options, char *directory, size_t size)
{
    char *experiments[] = {(char *)"calibrate"};
    char file[] = "/tmp/troika-run-XXXXXX";
    int fd = mkstemp(file);

    if (fd < 0) {
        fprintf(stderr, "troika calibrate: no file in /tmp: %s\n",
                strerror(errno));
        return EXIT_FAILED;
    }
    options->run.file = file;
    options->run.command = "troika calibrate";
    int code = run_bench(experiments, 1, &options->run);
    ssize_t got = read(fd, directory, size - 1);
    close(fd);
    unlink(file);
    directory[got > 0 ? got : 0] = '\0';
    directory[strcspn(directory, "\n")] = '\0';
    return code;
}

static void tell(const char *why, void *context)
{
    (void)context;
    fprintf(stderr, "troika calibrate: %s\n", why);
}

/* The models of the run, with what is known of each. */
static void take_models(const json_t *trials, struct machine *machine)
{
    const struct model_info *models = models_all();
    const json_t *trial;
    size_t i;

    json_array_foreach (trials, i, trial) {
        const char *name =
            json_text_of(json_object_get(trial, "cell"), "model");
        const struct model_info *model = models_find(models, name);
        if (!model || machine_model(machine, name) ||
            machine->model_count == CONSTANTS_MODELS_MAX)
            continue;
        struct model_constants *row = &machine->models[machine->model_count++];
        *row = (struct model_constants){
            .discipline = model->discipline,
            .has_workers = model->has_workers,
            .parallel = strstr(model->flags, "parallel"),
            .offloads = strstr(model->flags, "offloads"),
            .foreign = model->foreign,
        };
        snprintf(row->name, sizeof row->name, "%s", name);
    }
}

static int cpu_count(const json_t *trials)
{
    const json_t *trial = json_array_get(trials, 0);
    const json_t *cpus =
        json_object_get(json_object_get(trial, "machine"), "server_cpus");
    return json_array_size(cpus) > 0 ? (int)json_array_size(cpus) : 1;
}

/* Fits and stores. Returns an exit code. */
static int fit(const struct options *options, const json_t *run,
               const json_t *trials)
{
    static struct machine machine;
    const json_t *environment = json_object_get(run, "environment");
    double noise = json_figure_of(run, "noise");
    struct turns turns;
    char path[PATH_SIZE], root[512], why[256];

    take_models(trials, &machine);
    snprintf(machine.run_id, sizeof machine.run_id, "%s",
             json_text_of(run, "run_id"));
    snprintf(machine.at, sizeof machine.at, "%s",
             json_text_of(run, "started_at"));
    snprintf(machine.version, sizeof machine.version, "%s", version());
    snprintf(machine.fingerprint, sizeof machine.fingerprint, "%s",
             json_text_of(environment, "fingerprint"));
    machine.cores = cpu_count(trials);
    machine.noisy = noise > NOISY;
    if (machine.noisy && !options->noisy) {
        fprintf(stderr,
                "troika calibrate: repeated trials of one cell differ by %.0f "
                "%%, more than %.0f %%: nothing is stored; try when the "
                "machine is quieter, or give --noisy\n",
                100 * noise, 100 * NOISY);
        return EXIT_INVALID;
    }
    if (turns_measure(0, &turns) == 0) {
        machine.quantum_ns = turns.quantum_ns;
        machine.stall_share = turns.stall_share;
        machine.stall_ns = turns.stall_ns;
    }
    if (fit_constants(trials, &machine, why, sizeof why) < 0) {
        fprintf(stderr, "troika calibrate: %s\n", why);
        return EXIT_FAILED;
    }
    results_default_root(root, sizeof root);
    snprintf(path, sizeof path, "%s/machine.json", root);
    json_t *json = machine_json(&machine);
    int status = json_dump_file(json, options->output ? options->output : path,
                                JSON_INDENT(1));
    json_decref(json);
    if (status < 0) {
        fprintf(stderr, "troika calibrate: %s cannot be written\n",
                options->output ? options->output : path);
        return EXIT_FAILED;
    }
    printf("constants of %d models: %s\n", machine.model_count,
           options->output ? options->output : path);
    return EXIT_OK;
}

int verb_calibrate(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .help = "Measures what each model costs on this machine, for troika "
                "predict: about five minutes."
                "\vExit codes: 0 done; 1 failed, or stopped because other "
                "processes kept the CPUs busy; 2 usage; 3 too noisy to be "
                "stored, or some trials are invalid.",
    };
    struct options options = {.run = {.overrides = {.warmup_ns = -1},
                                      .wait_ns = INT64_C(60000000000)}};
    char directory[PATH_SIZE] = "", file[PATH_SIZE + 16], why[512];
    int code = EXIT_OK;

    flags_parse(&flags, argc, argv, &options);
    if (options.from)
        snprintf(directory, sizeof directory, "%s", options.from);
    else
        code = measure(&options, directory, sizeof directory);
    if (options.run.dry_run || directory[0] == '\0' ||
        (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    snprintf(file, sizeof file, "%s/run.json", directory);
    json_t *run = stored_json(file, NULL, why, sizeof why);
    if (!run) {
        fprintf(stderr, "troika calibrate: %s\n", why);
        return EXIT_FAILED;
    }
    json_t *trials = json_array();
    stored_all(directory, run, trials, tell, NULL);
    code = fit(&options, run, trials);
    json_decref(trials);
    json_decref(run);
    return code;
}
