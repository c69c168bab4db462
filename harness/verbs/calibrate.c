/* SPDX-License-Identifier: MIT
 *
 * troika calibrate: measures the constants of this machine, the experiment
 * `calibrate`, and stores them as machine.json, from which troika predict
 * answers. The run is a run like any other: with gates, to be resumed, to be
 * looked at by make report.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/arithmetic/statistics.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/calibrate/fit.h"
#include "harness/calibrate/machine_file.h"
#include "harness/calibrate/measured.h"
#include "harness/calibrate/origin.h"
#include "harness/calibrate/selection.h"
#include "harness/calibrate/turns.h"
#include "harness/machine/placement.h"
#include "harness/results/stored.h"
#include "harness/run/environment.h"
#include "harness/server/models.h"
#include "verbs.h"

enum { PATH_SIZE = 640 };

/* If repeated trials of a cell differ by more than this share, constants are
 * not stored. */
static const double NOISY = 0.10;

/* Nor if what a request costs differs by more than this between blocks: half of
 * its 95 % interval, at the median of the models. */
static const double VAGUE = 0.50;

struct options {
    struct run_options run;
    struct selection selection;
    const char *from, *resume, *output;
    bool add, noisy;
    const char *chosen; /* a flag that says what is measured */
};

static void take_models_asked(char *list, void *into, struct argp_state *state)
{
    struct selection *selection = &((struct options *)into)->selection;

    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        bool twice = false;
        for (int i = 0; i < selection->count; i++)
            twice |= !strcmp(selection->models[i], name);
        if (selection->count == EXPERIMENT_MODELS_MAX - 1)
            argp_error(state, "--models: more than %d names", selection->count);
        if (!twice)
            selection->models[selection->count++] = name;
    }
    if (selection->count == 0)
        argp_error(state, "--models: no name is given");
}

static void note_given(const char *name, void *into)
{
    static const char *const choices[] = {"models", "target", "dry-run"};

    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++)
        if (!strcmp(name, choices[i]))
            ((struct options *)into)->chosen = choices[i];
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"models", 0, "A,B", "only these models, also of other languages",
     FLAG_CALL, .call = take_models_asked},
    {"target", 0, "FILE.ini",
     "the servers of its [target NAME] sections, as if they were models",
     FLAG_TEXT, MEMBER(selection.target_file)},
    {"add", 0, NULL,
     "to the constants that are stored, instead of replacing "
     "them",
     FLAG_ON, MEMBER(add)},
    {"resume", 0, "RUN", "go on with a run that was stopped", FLAG_TEXT,
     MEMBER(resume)},
    {"from", 0, "RUN", "take a run that is there instead of measuring",
     FLAG_TEXT, MEMBER(from)},
    {"output", 'o', "FILE", "write the constants there (results/machine.json)",
     FLAG_TEXT, MEMBER(output)},
    {"noisy", 0, NULL,
     "store them even if valid trials differ too much; forecasts say so (a "
     "trial that other processes disturbed stays invalid)",
     FLAG_ON, MEMBER(noisy)},
    {"dry-run", 0, NULL, "print what would be measured and how long it takes",
     FLAG_ON, MEMBER(run.dry_run)},
    {"wait-for-quiet", 0, "TIME",
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     FLAG_TIME, MEMBER(run.wait_ns)},
    {"runs", 0, "DIRECTORY", "where the run goes (results)", FLAG_TEXT,
     MEMBER(run.root)},
    {"allow-any-build", 0, NULL,
     "record results of a sanitizer build (for tests)", FLAG_ON,
     MEMBER(run.allow_any_build)},
    {0},
};

/* CPython's threads compute one at a time, unless each has a lock of its own.
 */
static bool has_token(const struct model_info *model)
{
    json_t *runtime = models_runtime(model);
    bool token =
        json_true_of(runtime, "gil") && !models_has_flag(model, "parallel");

    json_decref(runtime);
    return token;
}

/* What a target says of itself. Whoever has tasks or several loops is taken to
 * compute on several CPUs; so is who says nothing, as a bound. */
static void take_target(const struct model_info *model,
                        struct model_constants *row)
{
    const struct target *target = model->target;
    bool several = model->has_workers || target->workers > 1;

    row->discipline = target->discipline;
    row->workers = target->workers;
    row->parallel = target->discipline != DISCIPLINE_ALONE &&
                    (target->discipline != DISCIPLINE_LOOP || several);
}

/* The models of the run, with what is known of each. */
static void take_models(const json_t *trials, const struct model_info *models,
                        struct machine *machine)
{
    const json_t *trial;
    size_t i;

    json_array_foreach (trials, i, trial) {
        const char *name =
            json_text_of(json_object_get(trial, "cell"), "model");
        const struct model_info *model = models_find(models, name);
        if (!model || machine_model(machine, name))
            continue;
        struct model_constants row = {
            .discipline = model->discipline,
            .has_workers = model->has_workers,
            .parallel = models_has_flag(model, "parallel"),
            .offloads = models_has_flag(model, "offloads"),
            .foreign = model->foreign || model->target,
            .token = has_token(model),
        };
        if (model->target)
            take_target(model, &row);
        snprintf(row.name, sizeof row.name, "%s", name);
        machine_put(machine, &row);
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

/* Half of the interval of a request's cost, as a share of the cost: the median
 * of the models; NAN: none has three blocks, of which an interval says
 * something. */
static double vague_share(const struct machine *machine)
{
    double shares[CONSTANTS_MODELS_MAX];
    int count = 0;

    for (int m = 0; m < machine->model_count; m++) {
        const struct constant *c = &machine->models[m].of[CONSTANT_REQUEST];
        if (c->n > 2 && c->value > 0)
            shares[count++] = (c->hi - c->lo) / 2 / c->value;
    }
    qsort(shares, (size_t)count, sizeof *shares, statistics_ascending);
    return count > 0 ? shares[count / 2] : NAN;
}

/* Whether what was fitted is known well enough, or noise is allowed. Trials of
 * a cell may agree within each block and differ between blocks. */
static bool check_intervals(const struct options *options,
                            struct machine *machine)
{
    double share = vague_share(machine);

    if (!(share > VAGUE))
        return true;
    machine->noisy = true;
    if (options->noisy)
        return true;
    fprintf(stderr,
            "troika calibrate: what a request costs is known within +-%.0f %% "
            "at the median of the models, and %.0f %% is allowed: nothing is "
            "stored; try when the machine is quieter, or give --noisy\n",
            100 * share, 100 * VAGUE);
    return false;
}

static void copy_text(const json_t *object, const char *key, char *into,
                      size_t size)
{
    snprintf(into, size, "%s", json_text_of(object, key));
}

/* Whether constants of a machine can stand beside stored ones. Tells what is
 * wrong. */
static bool check_fingerprint(const struct machine *stored,
                              const char *fingerprint)
{
    if (!strcmp(stored->fingerprint, fingerprint))
        return true;
    fputs("troika calibrate: --add: the stored constants are of another "
          "machine, kernel or build, and do not compare with new ones; "
          "calibrate all models anew, without --add, or name another file "
          "with --output\n",
          stderr);
    return false;
}

/* The constants to add to, before anything is measured for them. */
static bool check_add(const struct options *options)
{
    static struct machine stored;
    char why[5000];

    if (machine_file_read(options->output, &stored, why, sizeof why) < 0) {
        fprintf(stderr, "troika calibrate: --add: %s\n", why);
        return false;
    }
    json_t *environment = environment_capture();
    bool same =
        check_fingerprint(&stored, json_text_of(environment, "fingerprint"));
    json_decref(environment);
    return same;
}

/* What the run and this machine say beside the models. Returns 0 or a negative
 * errno. */
static int describe(const json_t *run, struct machine *machine, char *why,
                    size_t why_size)
{
    struct cpu_split cpus;
    struct turns turns;

    placement_split(PLACEMENT_SPLIT, &cpus);
    machine->cores = cpus.server_count;
    copy_text(run, "run_id", machine->run_id, sizeof machine->run_id);
    copy_text(run, "started_at", machine->at, sizeof machine->at);
    snprintf(machine->version, sizeof machine->version, "%s", version());
    copy_text(json_object_get(run, "environment"), "fingerprint",
              machine->fingerprint, sizeof machine->fingerprint);
    int status = turns_measure(&cpus.server, &turns);
    if (status < 0)
        snprintf(why, why_size, "how a core is shared cannot be seen: %s",
                 strerror(-status));
    machine->quantum_ns = turns.quantum_ns;
    machine->stall_share = turns.stall_share;
    machine->stall_ns = turns.stall_ns;
    return status;
}

/* Says of each model which run its constants are of. */
static void stamp(struct machine *machine)
{
    for (int i = 0; i < machine->model_count; i++) {
        strcpy(machine->models[i].run_id, machine->run_id);
        strcpy(machine->models[i].at, machine->at);
    }
}

/* Puts the new models beside those that are stored; what is of the machine, and
 * the run of the stored models, stays as it is there. Returns 0 or a negative
 * errno. */
static int join(const struct options *options, struct machine *machine,
                char *why, size_t why_size)
{
    static struct machine stored;
    int status = machine_file_read(options->output, &stored, why, why_size);

    if (status == 0 && !check_fingerprint(&stored, machine->fingerprint)) {
        snprintf(why, why_size, "nothing is stored");
        status = -EINVAL;
    }
    for (int i = 0; i < machine->model_count && status == 0; i++)
        status = machine_put(&stored, &machine->models[i]);
    if (status == -ENOSPC)
        snprintf(why, why_size, "more than %d models", CONSTANTS_MODELS_MAX);
    if (status == 0 && stored.step_ns == 0)
        stored.step_ns = machine->step_ns;
    stored.noisy |= machine->noisy;
    stored.untrusted |= machine->untrusted;
    if (status == 0)
        *machine = stored;
    return status;
}

/* Fits and stores. Returns an exit code. */
static int fit(const struct options *options, const json_t *run,
               const json_t *trials, const struct model_info *models)
{
    static struct machine machine;
    char where[PATH_SIZE], why[5000];

    if (!check_noise(run, options, &machine))
        return EXIT_INVALID;
    machine.untrusted = measured_untrusted(run);
    take_models(trials, models, &machine);
    int asked = machine.model_count;
    int status = describe(run, &machine, why, sizeof why);
    if (status == 0)
        status = fit_constants(trials, &machine, why, sizeof why);
    int fitted = machine.model_count;
    if (status == 0 && !check_intervals(options, &machine))
        return EXIT_INVALID;
    stamp(&machine);
    if (status == 0 && fitted < asked)
        fprintf(stderr, "troika calibrate: %d of %d models are left out: %s\n",
                asked - fitted, asked, why);
    if (status == 0 && options->add)
        status = join(options, &machine, why, sizeof why);
    machine_share_doze(&machine);
    if (status == 0)
        status = machine_file_write(options->output, &machine, where,
                                    sizeof where, why, sizeof why);
    if (status < 0) {
        fprintf(stderr, "troika calibrate: %s\n", why);
        return EXIT_FAILED;
    }
    printf("constants of %d model%s: %s\n", fitted, digits_plural(fitted),
           where);
    return EXIT_OK;
}

/* Whether a run that was named gives constants of this machine. One that
 * cannot be read is told by whoever reads it next. */
static bool check_run(const char *directory)
{
    char path[PATH_SIZE + 16], why[5000];

    snprintf(path, sizeof path, "%s/run.json", directory);
    json_t *run = stored_json(path, NULL, why, sizeof why);
    json_t *here = run ? environment_capture() : NULL;
    bool good = !run || origin_check_run(run, here, why, sizeof why);
    if (!good)
        fprintf(stderr, "troika calibrate: %s: nothing is stored: %s\n",
                directory, why);
    json_decref(here);
    json_decref(run);
    return good;
}

static int fit_run(const struct options *options, const char *directory)
{
    json_t *run = measured_open("calibrate", directory);
    json_t *trials = run ? measured_trials("calibrate", directory, run) : NULL;
    struct experiment *experiment =
        trials ? measured_experiment("calibrate", directory, run) : NULL;
    int code = experiment ? fit(options, run, trials, experiment->models)
                          : EXIT_FAILED;

    if (experiment)
        experiment_free(experiment);
    json_decref(trials);
    json_decref(run);
    return code;
}

/* A run that is stopped is resumed by this verb, which fits and stores. */
static void hint_how_to_go_on(const struct options *options)
{
    char more[4 * PATH_SIZE + 64], file[4 * PATH_SIZE];

    snprintf(
        more, sizeof more, "%s%s%s%s", options->add ? "--add " : "",
        options->noisy ? "--noisy " : "", options->output ? "--output=" : "",
        options->output ? hint_word(options->output, file, sizeof file) : "");
    size_t length = strlen(more);
    if (length > 0 && more[length - 1] == ' ')
        more[length - 1] = '\0';
    hint_set_resume("calibrate", more);
}

/* Measures, or goes on with it. Returns an exit code. */
static int measure(struct options *options, char *directory, size_t size)
{
    struct selection *selection = &options->selection;
    bool selected = selection->count > 0 || selection->target_file;
    char why[2048];
    int code;

    hint_how_to_go_on(options);
    if (options->resume) {
        snprintf(directory, size, "%s", options->resume);
        return measured_resume("calibrate", options->resume, &options->run);
    }
    directory[0] = '\0';
    if (selected && selection_write(selection, why, sizeof why) < 0) {
        fprintf(stderr, "troika calibrate: %s\n", why);
        code = EXIT_USAGE;
    } else {
        options->run.home = selection->home[0] ? selection->home : NULL;
        char *experiment = selected ? selection->path : "calibrate";
        code = measured_run("calibrate", &experiment, 1, &options->run,
                            directory, size);
    }
    selection_remove(selection);
    if (code == EXIT_USAGE && selection->home[0])
        fprintf(stderr,
                "troika calibrate: its [target] sections come from %s\n",
                selection->target_file);
    return code;
}

/* Flags that exclude each other. Returns an exit code. */
static int refuse(const struct options *options)
{
    const char *stored = options->from ? "from" : "resume";

    if (options->from && options->resume)
        fputs("troika calibrate: --from takes a run as it is, and --resume "
              "goes on with it: give one of them\n",
              stderr);
    else if ((options->from || options->resume) && options->chosen)
        fprintf(stderr,
                "troika calibrate: --%s: the run that --%s names was begun "
                "with its models; leave it out\n",
                options->chosen, stored);
    else
        return EXIT_OK;
    return EXIT_USAGE;
}

/* Above 128 a signal ended the run. */
static void tell_how_to_go_on(const char *directory)
{
    char command[8 * PATH_SIZE];

    fprintf(stderr,
            "troika calibrate: stopped, nothing is stored; go on with: %s\n",
            hint_resume(directory, command, sizeof command));
}

static const struct flag_habit habits[] = {
    {"language", 0, true,
     "name models of it, as troika list models has them: --models "
     "node,cpython-threads --add"},
    {"json", 0, false, "the constants are JSON: -o FILE says where"},
    {"format", 'f', true, "the constants are JSON: -o FILE says where"},
    {0},
};

int verb_calibrate(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .help = "Measures what each model costs on this machine, for troika "
                "predict: about five minutes."
                "\vExit codes: 0 done; 1 failed, or stopped because other "
                "processes kept the CPUs busy; 2 usage; 3 too noisy to be "
                "stored, or some trials are invalid; 130, 143, 129 ended by "
                "Ctrl-C, SIGTERM or a hang-up (go on with --resume).",
        .given = note_given,
        .habits = habits,
    };
    static struct options options = {.run = {.overrides = {.warmup_ns = -1},
                                             .wait_ns = INT64_C(60000000000)}};
    char directory[PATH_SIZE];
    int code;

    flags_parse(&flags, argc, argv, &options);
    code = refuse(&options);
    if (code != EXIT_OK)
        return code;
    const char *stored = options.from ? options.from : options.resume;
    if (stored && !check_run(stored))
        return EXIT_FAILED;
    if (options.add && !options.from && !check_add(&options))
        return EXIT_FAILED;
    if (options.from)
        snprintf(directory, sizeof directory, "%s", options.from);
    else
        code = measure(&options, directory, sizeof directory);
    if (code > 128 && directory[0] != '\0')
        tell_how_to_go_on(directory);
    if (directory[0] == '\0' || (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    int fitted = fit_run(&options, directory);
    return fitted != EXIT_OK ? fitted : code;
}
