/* SPDX-License-Identifier: MIT
 *
 * Checks before the start. A run that cannot end well is refused in its first
 * second, not in its fortieth minute.
 */
#include "setup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "environment.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/base/version.h"
#include "harness/experiment/value.h"
#include "harness/machine/placement.h"
#include "harness/machine/switches.h"
#include "harness/server/guardian.h"
#include "harness/server/target.h"
#include "run_json.h"
#include "until.h"

/* Descriptors that a server needs beside its connections. */
enum { DESCRIPTORS_RESERVE = 64 };

static const long long RUN_BYTES = 2 << 20, TRIAL_BYTES = 64 << 10;

/* Every JSON reader keeps 53 bits of an integer exactly. */
static const uint64_t SEED_BITS = (UINT64_C(1) << 53) - 1;

/* Notes the reason and returns the exit code. */
__attribute__((format(printf, 3, 4))) static int
refuse(struct run *run, int code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(run->why, sizeof run->why, format, arguments);
    va_end(arguments);
    return code;
}

int run_take_threshold(struct run_options *options, const char *text, char *why,
                       size_t why_size)
{
    int count = options->threshold_count;

    if (count == THRESHOLDS_MAX) {
        snprintf(why, why_size, "--threshold: more than %d", THRESHOLDS_MAX);
        return -EINVAL;
    }
    if (threshold_parse(text, &options->thresholds[count], why, why_size) < 0)
        return -EINVAL;
    options->threshold_count++;
    return 0;
}

int run_take_until(struct run_options *options, const char *text, char *why,
                   size_t why_size)
{
    char fault[512];

    if (value_share(text, &options->overrides.until, fault, sizeof fault) == 0)
        return 0;
    snprintf(why, why_size, "--until %s", fault);
    return -EINVAL;
}

static bool is_known(const struct run *run, const char *name)
{
    for (int i = 0; i < run->experiment_count; i++)
        if (models_find(run->experiments[i]->models, name))
            return true;
    return false;
}

static int check_models(struct run *run)
{
    const char *const *names = run->options.overrides.models;
    const char *known[MODELS_MAX + 1];
    char hint[512];

    models_names(run->experiments[0]->models, known);
    for (; names && *names; names++)
        if (!is_known(run, *names))
            return refuse(run, EXIT_USAGE,
                          "--models: no model is named \"%s\"%s", *names,
                          names_suggest(*names, known, hint, sizeof hint));
    return EXIT_OK;
}

/* Checks the window that --duration sets; reading an experiment file refuses
 * one that is too short already. */
static int check_window(struct run *run, const struct experiment *experiment)
{
    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];
        int64_t wait_ns = point->workload->workload->wait_ns(&point->arguments);

        if (point->window_ns < wait_ns && point->models[0])
            return refuse(run, EXIT_USAGE,
                          "--duration: %s is shorter than the wait of a "
                          "request of %s, load point %s, %s; raise it",
                          digits_ns((double)point->window_ns).text,
                          experiment->name, point->id,
                          digits_ns((double)wait_ns).text);
    }
    return EXIT_OK;
}

/* Reads one more experiment. `home`: the folder of the original, if the file is
 * a run's copy, else NULL. */
static int read_one(struct run *run, const char *path, const char *home)
{
    struct experiment *experiment;

    if (experiment_read_copy(path, home, run->models, &experiment, run->why,
                             sizeof run->why) < 0)
        return EXIT_USAGE;
    run->experiments[run->experiment_count++] = experiment;
    for (int i = 0; i < run->experiment_count - 1; i++)
        if (!strcmp(run->experiments[i]->name, experiment->name))
            return refuse(run, EXIT_USAGE,
                          "experiment %s is given twice; use --blocks for "
                          "more of the same",
                          experiment->name);
    if (experiment->left_out[0] != '\0')
        fprintf(stderr, "%s%s", experiment->left_out,
                strchr(experiment->left_out, '\n') ? "" : "\n");
    plan_override(experiment, &run->options.overrides);
    return check_window(run, experiment);
}

/* The folder from which a run has copied the experiment, if `path` is such a
 * copy (RUN/experiments/NAME.ini): the files that the experiment's targets name
 * are there. Returns `home`, or NULL for any other file. */
static const char *copied_from(const char *path, char *home, size_t size)
{
    const char *slash = strrchr(path, '/'), *last, *found = NULL;
    char folder[1024], file[1100], name[128];
    const json_t *experiment;
    size_t i;

    if (!slash || strlen(slash) < sizeof "/x.ini" - 1)
        return NULL;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(slash) - sizeof ".ini"),
             slash + 1);
    last = strrchr(folder, '/');
    if (strcmp(last ? last + 1 : folder, "experiments") != 0)
        return NULL;
    snprintf(file, sizeof file, "%s/../run.json", folder);
    json_t *run = json_load_file(file, 0, NULL);

    json_array_foreach (json_object_get(run, "experiments"), i, experiment) {
        const char *was = json_text_of(experiment, "home");

        if (was[0] != '\0' && json_text_is(experiment, "name", name)) {
            snprintf(home, size, "%s", was);
            found = home;
        }
    }
    json_decref(run);
    return found;
}

void setup_free(struct run *run)
{
    for (int i = 0; i < run->experiment_count; i++)
        experiment_free(run->experiments[i]);
    free(run->experiments);
}

/* Servers inherit the limit: raises it as far as allowed, then compares it with
 * the descriptors that any model needs. */
static int check_descriptors(struct run *run)
{
    const struct plan *plan = &run->plan;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return EXIT_OK;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < plan->trial_count; i++) {
        const struct planned_trial *trial = &plan->trials[i];
        const struct load_point *point = plan_point(plan, trial);
        rlim_t need =
            (rlim_t)point->connections + DESCRIPTORS_RESERVE +
            (point->beside.workload ? (rlim_t)point->beside.connections : 0);

        if (limit.rlim_max == RLIM_INFINITY || need <= limit.rlim_max)
            continue;
        return refuse(
            run, EXIT_USAGE,
            "%s: load point %s needs %llu open files in the server "
            "(%d connections), and the limit is %llu; raise it (ulimit "
            "-Hn, as root) or lower connections",
            plan->experiments[trial->experiment]->path, point->id,
            (unsigned long long)need, point->connections,
            (unsigned long long)limit.rlim_max);
    }
    return EXIT_OK;
}

static void warn_of_one_cpu(const struct plan *plan)
{
    cpu_set_t cpus;

    if (placement_available(&cpus) > 1)
        return;
    for (int i = 0; i < plan->trial_count; i++)
        if (plan_point(plan, &plan->trials[i])->placement == PLACEMENT_SPLIT) {
            fprintf(stderr,
                    "troika bench: there is only one CPU: server, generator "
                    "and backend share it, and split placement is impossible; "
                    "use two CPUs or more\n");
            return;
        }
}

/* Refuses a target whose requests name a variable that there is not, since each
 * of its trials would fail for this, and a CPU quota for one that runs already,
 * since the harness cannot limit it. */
static int check_targets(struct run *run)
{
    const struct plan *plan = &run->plan;
    char why[512];

    for (int i = 0; i < plan->trial_count; i++) {
        const struct planned_trial *trial = &plan->trials[i];
        const struct model_info *model =
            models_find(plan->experiments[trial->experiment]->models,
                        plan_point(plan, trial)->models[trial->model]);
        const struct target *target = model ? model->target : NULL;

        if (target && asking_lacks_variable(&target->asking, why, sizeof why))
            return refuse(run, EXIT_USAGE, "%s: %s", target->name, why);
        if (target && target_is_attached(target) &&
            plan_point(plan, trial)->cpu_quota > 0)
            return refuse(run, EXIT_USAGE,
                          "%s runs already, so no cpu_quota can be set for it: "
                          "give the command that starts it",
                          target->name);
    }
    return EXIT_OK;
}

/* Lays out the plan and checks it against the limits of this machine. */
static int make_plan(struct run *run)
{
    const struct run_options *options = &run->options;
    uint64_t seed =
        options->has_seed ? options->seed : run->experiments[0]->seed;
    int result;

    if (seed == 0 && !options->has_seed &&
        getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)time(NULL);
    result = plan_make(run->experiments, run->experiment_count,
                       seed & SEED_BITS, &run->plan);
    if (result == -EINVAL)
        return refuse(run, EXIT_USAGE,
                      options->overrides.models
                          ? "nothing is to be done: no load point has one of "
                            "the models asked for; see troika list"
                          : "nothing is to be done: every cell was left out, "
                            "for the reasons above");
    if (result < 0)
        return refuse(run, EXIT_FAILED, "the plan could not be made: %s",
                      strerror(-result));
    warn_of_one_cpu(&run->plan);
    int code = check_targets(run);
    return code == EXIT_OK ? check_descriptors(run) : code;
}

int setup_plan(struct run *run, char *const *names, int count)
{
    char path[1024], home[1024];
    int code = EXIT_OK;

    run->experiments = calloc((size_t)count + 1, sizeof *run->experiments);
    if (!run->experiments)
        return refuse(run, EXIT_FAILED, "out of memory");
    for (int i = 0; i < count && code == EXIT_OK; i++)
        code = experiment_find(names[i], path, sizeof path, run->why,
                               sizeof run->why) < 0
                   ? EXIT_USAGE
                   : read_one(run, path,
                              run->options.home
                                  ? run->options.home
                                  : copied_from(path, home, sizeof home));
    if (code == EXIT_OK)
        code = check_models(run);
    if (code == EXIT_OK && until_check(run, run->why, sizeof run->why) < 0)
        code = EXIT_USAGE;
    return code == EXIT_OK ? make_plan(run) : code;
}

static int check_build(struct run *run)
{
    if (!strcmp(version_variant(), "release") || run->options.allow_any_build)
        return EXIT_OK;
    return refuse(run, EXIT_USAGE,
                  "this is a build with %s checks, whose figures are no "
                  "results; run make and use build/release/troika (tests: "
                  "--allow-any-build)",
                  version_variant());
}

static json_t *json_overrides(const struct overrides *overrides)
{
    json_t *models = overrides->models ? json_array() : json_null();

    for (int i = 0; overrides->models && overrides->models[i]; i++)
        json_array_append_new(models, json_string(overrides->models[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "blocks",
        overrides->blocks > 0 ? json_integer(overrides->blocks) : json_null(),
        "window_ns",
        overrides->window_ns > 0 ? json_integer(overrides->window_ns)
                                 : json_null(),
        "warmup_ns", json_known(overrides->warmup_ns), "models", models,
        "until", json_finite_if(overrides->until, overrides->until > 0),
        "blocks_max", json_positive(overrides->blocks_max));
}

static int start_guardian(struct run *run)
{
    int result = guardian_start();

    return result == 0
               ? EXIT_OK
               : refuse(run, EXIT_FAILED,
                        "the guardian, which ends servers that the harness "
                        "leaves behind, did not start: %s",
                        strerror(-result));
}

static int copy_experiments(struct run *run)
{
    const struct results *results = &run->results;
    char name[128], path[768];

    snprintf(path, sizeof path, "%s/experiments", results->directory);
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return refuse(run, EXIT_FAILED, "making %s failed: %s", path,
                      strerror(errno));
    for (int i = 0; i < run->experiment_count; i++) {
        snprintf(name, sizeof name, "experiments/%s.ini",
                 run->experiments[i]->name);
        if (results_copy(results, name, run->experiments[i]->path, run->why,
                         sizeof run->why) < 0)
            return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* Notes in run.json that switches of the environment make the run untrusted, if
 * so, and says it before the first trial. */
static void set_untrusted(struct run *run)
{
    const json_t *variables =
        json_object_get(json_object_get(run->json, "environment"), "variables");
    char words[512];
    bool untrusted = switches_untrusted(variables, words, sizeof words);

    json_object_set_new(run->json, "untrusted",
                        untrusted ? json_text(words) : json_null());
    if (untrusted)
        results_say(&run->results, "%s", words);
}

/* Writes the run's directory to the file of --run-file. */
static int tell_file(struct run *run)
{
    const char *path = run->options.file;
    FILE *file = path ? fopen(path, "we") : NULL;
    bool ok = file && fputs(run->results.directory, file) >= 0;

    if (file)
        ok = fclose(file) == 0 && ok;
    if (ok || !path)
        return EXIT_OK;
    return refuse(run, EXIT_FAILED, "--run-file: writing %s failed: %s", path,
                  strerror(errno));
}

int setup_results(struct run *run)
{
    const struct plan *plan = &run->plan;
    char root[512], eta[64], until[256];
    int code = check_build(run);
    int64_t most_ns;

    if (code == EXIT_OK)
        code = start_guardian(run);
    if (code != EXIT_OK)
        return code;
    results_default_root(root, sizeof root);
    if (results_create(run->options.root ? run->options.root : root,
                       RUN_BYTES + until_most(run, &most_ns) * TRIAL_BYTES,
                       &run->results, run->why, sizeof run->why) < 0)
        return EXIT_FAILED;
    run->results.quiet = run->options.quiet;
    run->results.mute = run->options.mute;
    code = tell_file(run);
    if (code == EXIT_OK)
        code = copy_experiments(run);
    if (code != EXIT_OK)
        return code;
    run->json = run_json(run->results.run_id, run->options.command, plan,
                         environment_capture());
    if (!run->json)
        return refuse(run, EXIT_FAILED, "out of memory");
    json_object_set_new(run->json, "overrides",
                        json_overrides(&run->options.overrides));
    until_begin(run);
    set_untrusted(run);
    results_say(
        &run->results, "%d trials, about %s%s; seed %llu; results in %s",
        plan->trial_count, plan_duration(plan_eta_ns(plan, 0), eta, sizeof eta),
        until_words(run, until, sizeof until), (unsigned long long)plan->seed,
        run->results.directory);
    return EXIT_OK;
}

/* Takes the overrides and the seed of the stored run. Returns the array of
 * models' names, which the caller frees; the names are borrowed from run.json.
 */
static const char **take_stored_options(struct run *run)
{
    const json_t *stored = json_object_get(run->json, "overrides");
    const json_t *warmup = json_object_get(stored, "warmup_ns");
    const json_t *models = json_object_get(stored, "models");
    size_t n = json_array_size(models);
    const char **names = n > 0 ? calloc(n + 1, sizeof *names) : NULL;

    for (size_t i = 0; names && i < n; i++)
        names[i] = json_string_value(json_array_get(models, i));
    run->options.overrides = (struct overrides){
        .blocks = (int)json_integer_of(stored, "blocks"),
        .window_ns = json_integer_of(stored, "window_ns"),
        .warmup_ns = json_is_integer(warmup) ? json_integer_value(warmup) : -1,
        .until = json_number_of(stored, "until"),
        .blocks_max = (int)json_integer_of(stored, "blocks_max"),
        .models = names,
    };
    run->options.has_seed = true;
    run->options.seed = (uint64_t)json_integer_of(run->json, "seed");
    return names;
}

static bool same_plan(const struct plan *plan, const json_t *stored)
{
    if (json_array_size(stored) != (size_t)plan->trial_count)
        return false;
    for (int i = 0; i < plan->trial_count; i++)
        if (!json_text_is(json_array_get(stored, (size_t)i), "trial_id",
                          plan->trials[i].id))
            return false;
    return true;
}

/* The value as it is read from a file, where reals have 12 digits. Takes the
 * reference to `value`. */
static json_t *as_stored(json_t *value)
{
    char *text = json_dumps(value, JSON_REAL_PRECISION(12));
    json_t *stored = text ? json_loads(text, 0, NULL) : NULL;

    free(text);
    json_decref(value);
    return stored;
}

/* Whether the load point asks for what run.json says. Keys that a run of an
 * older version lacks are not compared. */
static bool same_point(const struct load_point *point, const json_t *row)
{
    static const char *const keys[] = {
        "id",      "workload",   "query",           "parameters", "placement",
        "workers", "timeout_ns", "beside",          "settings",   "window_ns",
        "slo",     "load",       "backend_workers", "cpu_quota"};
    json_t *now = as_stored(run_json_load_point(point));
    json_t *then = as_stored(json_deep_copy(row));
    json_t *load = json_object_get(now, "load");
    bool same = now;

    /* The run has measured the capacity that the rate is a multiple of. */
    if (json_object_get(load, "rate_of_capacity")) {
        json_object_del(load, "rate_per_s");
        json_object_del(json_object_get(then, "load"), "rate_per_s");
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && same; i++) {
        const json_t *value = json_object_get(then, keys[i]);

        same = !value || json_equal(json_object_get(now, keys[i]), value);
    }
    json_decref(now);
    json_decref(then);
    return same;
}

/* Checks that the copies in RUN/experiments still ask for what the run was
 * planned from. */
static int check_experiments(struct run *run)
{
    const json_t *stored = json_object_get(run->json, "experiments");

    for (int i = 0; i < run->experiment_count; i++) {
        const struct experiment *experiment = run->experiments[i];
        const json_t *rows =
            json_object_get(json_array_get(stored, (size_t)i), "load_points");

        for (int j = 0; j < experiment->load_point_count; j++) {
            const struct load_point *point = &experiment->load_points[j];

            if (!same_point(point, json_array_get(rows, (size_t)j)))
                return refuse(
                    run, EXIT_FAILED,
                    "%s: the copy of the experiment is not what this run was "
                    "planned from: load point %s differs from run.json, and "
                    "figures of both would be mixed; put the file back as it "
                    "was, or begin a new run",
                    experiment->path, point->id);
        }
    }
    return EXIT_OK;
}

/* Trials of one run are compared with each other, so all should have run on the
 * same machine and build. */
static void warn_of_changes(const struct results *results, const json_t *run)
{
    static const char *const keys[] = {"kernel", "cpu_model", "cpus_usable",
                                       "compiler", "cflags"};
    const json_t *before = json_object_get(run, "environment");
    json_t *now = environment_capture();

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_equal(json_object_get(before, keys[i]),
                        json_object_get(now, keys[i])))
            results_say(results,
                        "warning: \"%s\" of the environment is not what it "
                        "was when the run was begun; figures of both are mixed",
                        keys[i]);
    json_decref(now);
    if (strstr(version(), "-dirty"))
        results_say(results,
                    "warning: %s was built from changed sources: whether it is "
                    "the program that began the run cannot be told",
                    version());
}

/* Switches of the environment change figures, so they must be those with which
 * the run was begun. Runs of older versions did not store them. */
static int check_variables(struct run *run)
{
    const json_t *then =
        json_object_get(json_object_get(run->json, "environment"), "variables");
    json_t *now = switches_json();
    char words[512];
    bool agree = !then || switches_agree(then, now, words, sizeof words);

    json_decref(now);
    return agree ? EXIT_OK
                 : refuse(run, EXIT_USAGE,
                          "the environment is not what the run was begun "
                          "with: %s; set it as it was, or begin a new run",
                          words);
}

static void note_resume(const struct results *results, json_t *run)
{
    const char *before = json_string_of(run, "tool_version");
    json_t *resumed = json_object_get(run, "resumed");

    if (!before || strcmp(before, version()) != 0)
        results_say(results,
                    "warning: the run was begun by version %s and goes on with "
                    "%s; figures of both are mixed",
                    before ? before : "unknown", version());
    warn_of_changes(results, run);
    if (!json_is_array(resumed)) {
        resumed = json_array();
        json_object_set_new(run, "resumed", resumed);
    }
    json_array_append_new(resumed,
                          json_pack("{s:o, s:s}", "at", json_time(time(NULL)),
                                    "tool_version", version()));
}

static int read_stored(struct run *run)
{
    const json_t *stored = json_object_get(run->json, "experiments"), *row;
    int code = EXIT_OK;
    char path[1024];
    size_t i;

    run->experiments =
        calloc(json_array_size(stored) + 1, sizeof *run->experiments);
    if (!run->experiments || json_array_size(stored) == 0)
        return refuse(run, EXIT_FAILED, "%s/run.json names no experiment",
                      run->results.directory);
    json_array_foreach (stored, i, row) {
        snprintf(path, sizeof path, "%s/experiments/%s.ini",
                 run->results.directory, json_text_of(row, "name"));
        if (code == EXIT_OK)
            code = read_one(run, path, json_string_of(row, "home"));
    }
    return code;
}

int setup_resume(struct run *run)
{
    const char **names = NULL;
    int code = check_build(run);

    if (code == EXIT_OK)
        code = check_variables(run);
    if (code == EXIT_OK) {
        names = take_stored_options(run);
        code = read_stored(run);
    }
    if (code == EXIT_OK)
        code = make_plan(run);
    run->options.overrides.models = NULL;
    free(names);
    if (code == EXIT_OK && until_replan(run) < 0)
        code = refuse(run, EXIT_FAILED, "out of memory");
    if (code == EXIT_OK &&
        !same_plan(&run->plan, json_object_get(run->json, "plan")))
        code = refuse(run, EXIT_FAILED,
                      "the plan of %s cannot be made again: the set of models "
                      "has changed since; build the same models, or start a "
                      "new run",
                      run->results.directory);
    if (code == EXIT_OK)
        code = check_experiments(run);
    if (code == EXIT_OK)
        code = start_guardian(run);
    if (code == EXIT_OK) {
        note_resume(&run->results, run->json);
        set_untrusted(run);
        code = tell_file(run);
    }
    return code;
}
