/* SPDX-License-Identifier: MIT
 *
 * troika calibrate: measures the constants of this machine, the experiment
 * `calibrate`, and stores them as machine.json, from which troika predict
 * answers. The run is a run like any other: with gates, to be resumed, to be
 * looked at by make report.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/calibrate/fit.h"
#include "harness/calibrate/machine_file.h"
#include "harness/calibrate/measured.h"
#include "harness/calibrate/turns.h"
#include "harness/machine/placement.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { PATH_SIZE = 640 };

/* If repeated trials of a cell differ by more than this share, constants are
 * not stored. */
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
            .parallel = models_has_flag(model, "parallel"),
            .offloads = models_has_flag(model, "offloads"),
            .foreign = model->foreign,
        };
        snprintf(row->name, sizeof row->name, "%s", name);
    }
}

/* Whether the run is quiet enough, or noise is allowed. */
static bool check_noise(const json_t *run, const struct options *options,
                        struct machine *machine)
{
    double noise =
        expm1(json_figure_in(run, "noise", "throughput_log_sd_median"));

    machine->noisy = !(noise <= NOISY);
    if (!machine->noisy || options->noisy)
        return true;
    if (isnan(noise))
        fputs("troika calibrate: the run has no repeated trials that tell its "
              "noise",
              stderr);
    else
        fprintf(stderr,
                "troika calibrate: repeated trials of one cell differ by %.0f "
                "%%, more than %.0f %%",
                100 * noise, 100 * NOISY);
    fputs(": nothing is stored; try when the machine is quieter, or give "
          "--noisy\n",
          stderr);
    return false;
}

static void copy_text(const json_t *object, const char *key, char *into,
                      size_t size)
{
    snprintf(into, size, "%s", json_text_of(object, key));
}

/* Fits and stores. Returns an exit code. */
static int fit(const struct options *options, const json_t *run,
               const json_t *trials)
{
    static struct machine machine;
    struct cpu_split cpus;
    struct turns turns;
    char where[PATH_SIZE], why[1024];

    if (!check_noise(run, options, &machine))
        return EXIT_INVALID;
    placement_split(PLACEMENT_SPLIT, &cpus);
    machine.cores = cpus.server_count;
    copy_text(run, "run_id", machine.run_id, sizeof machine.run_id);
    copy_text(run, "started_at", machine.at, sizeof machine.at);
    snprintf(machine.version, sizeof machine.version, "%s", version());
    copy_text(json_object_get(run, "environment"), "fingerprint",
              machine.fingerprint, sizeof machine.fingerprint);
    take_models(trials, &machine);
    int status = turns_measure(&cpus.server, &turns);
    if (status < 0)
        snprintf(why, sizeof why, "how a core is shared cannot be seen: %s",
                 strerror(-status));
    machine.quantum_ns = turns.quantum_ns;
    machine.stall_share = turns.stall_share;
    machine.stall_ns = turns.stall_ns;
    if (status == 0)
        status = fit_constants(trials, &machine, why, sizeof why);
    if (status == 0)
        status = machine_file_write(options->output, &machine, where,
                                    sizeof where, why, sizeof why);
    if (status < 0) {
        fprintf(stderr, "troika calibrate: %s\n", why);
        return EXIT_FAILED;
    }
    printf("constants of %d models: %s\n", machine.model_count, where);
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
    char directory[PATH_SIZE];
    int code = EXIT_OK;

    flags_parse(&flags, argc, argv, &options);
    if (options.from)
        snprintf(directory, sizeof directory, "%s", options.from);
    else
        code = measured_run("calibrate", (char *[]){"calibrate"}, 1,
                            &options.run, directory, sizeof directory);
    if (directory[0] == '\0' || (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    json_t *run = measured_open("calibrate", directory);
    json_t *trials = run ? measured_trials("calibrate", directory, run) : NULL;
    int fitted = trials ? fit(&options, run, trials) : EXIT_FAILED;
    json_decref(trials);
    json_decref(run);
    return fitted != EXIT_OK ? fitted : code;
}
