/* SPDX-License-Identifier: MIT
 *
 * Checks before the start. A run that cannot end well is refused in its first
 * second, not in its fortieth minute.
 */
#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "environment.h"
#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/base/version.h"
#include "harness/gate/gate.h"
#include "harness/machine/placement.h"
#include "harness/machine/switches.h"
#include "harness/server/guardian.h"
#include "run_json.h"

/* Descriptors that a server needs beside its connections. */
enum { DESCRIPTORS_RESERVE = 64 };

static const long long RUN_BYTES = 2 << 20, TRIAL_BYTES = 64 << 10;

static bool is_known(struct experiment *const *experiments, const char *name)
{
    for (; *experiments; experiments++)
        if (models_find((*experiments)->models, name))
            return true;
    return false;
}

static int check_models(const struct overrides *overrides,
                        struct experiment *const *experiments, char *why,
                        size_t why_size)
{
    const char *known[MODELS_MAX + 1];
    char hint[512];

    models_names(experiments[0]->models, known);
    for (int i = 0; overrides->models && overrides->models[i]; i++)
        if (!is_known(experiments, overrides->models[i])) {
            snprintf(
                why, why_size, "--models: no model is named \"%s\"%s",
                overrides->models[i],
                names_suggest(overrides->models[i], known, hint, sizeof hint));
            return EXIT_USAGE;
        }
    return EXIT_OK;
}

/* A file with such a window would have been refused. */
static int check_window(const struct experiment *experiment, char *why,
                        size_t why_size)
{
    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];
        int64_t wait_ns = point->workload->workload->wait_ns(&point->arguments);

        if (point->window_ns >= wait_ns || !point->models[0])
            continue;
        snprintf(why, why_size,
                 "--window: %.4g s is shorter than the wait of a request of "
                 "%s, load point %s, %.4g s; raise it",
                 (double)point->window_ns / 1e9, experiment->name, point->id,
                 (double)wait_ns / 1e9);
        return EXIT_USAGE;
    }
    return EXIT_OK;
}

static int read_one(const char *path, const char *home,
                    const struct run_options *options,
                    const struct model_info *models,
                    struct experiment **experiments, int index, char *why,
                    size_t why_size)
{
    if (experiment_read_copy(path, home, models, &experiments[index], why,
                             why_size) < 0)
        return EXIT_USAGE;
    for (int i = 0; i < index; i++)
        if (!strcmp(experiments[i]->name, experiments[index]->name)) {
            snprintf(why, why_size,
                     "experiment %s is given twice; use --blocks for more of "
                     "the same",
                     experiments[index]->name);
            return EXIT_USAGE;
        }
    if (experiments[index]->left_out[0] != '\0')
        fprintf(stderr, "%s%s", experiments[index]->left_out,
                strchr(experiments[index]->left_out, '\n') ? "" : "\n");
    plan_override(experiments[index], &options->overrides);
    return check_window(experiments[index], why, why_size);
}

/* Where the experiment lay of which `path` is a run's copy
 * (RUN/experiments/NAME.ini): there are the files that its targets name.
 * Returns `home`, or NULL for any other file. */
static const char *copied_from(const char *path, char *home, size_t size)
{
    char folder[1024], file[1100], name[128];
    const char *found = NULL;
    char *slash;
    const json_t *experiment;
    json_t *run = NULL;
    size_t i;

    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : "");
    if (!slash || strlen(name) < 5)
        return NULL;
    name[strlen(name) - 4] = '\0'; /* .ini */
    snprintf(file, sizeof file, "%.*s/../run.json", (int)(slash - folder),
             folder);
    *slash = '\0';
    slash = strrchr(folder, '/');
    if (!strcmp(slash ? slash + 1 : folder, "experiments"))
        run = json_load_file(file, 0, NULL);
    json_array_foreach (json_object_get(run, "experiments"), i, experiment) {
        const char *is = json_string_of(experiment, "name");
        const char *was = json_string_of(experiment, "home");

        if (is && was && was[0] != '\0' && !strcmp(is, name)) {
            snprintf(home, size, "%s", was);
            found = home;
        }
    }
    json_decref(run);
    return found;
}

int run_setup_experiments(char *const *names, int count,
                          const struct run_options *options,
                          const struct model_info *models,
                          struct experiment ***experiments, char *why,
                          size_t why_size)
{
    int code = EXIT_OK;
    char path[1024], home[1024];

    *experiments = calloc((size_t)count + 1, sizeof(**experiments));
    if (!*experiments)
        return EXIT_FAILED;
    for (int i = 0; i < count && code == EXIT_OK; i++) {
        if (experiment_find(names[i], path, sizeof path, why, why_size) < 0)
            return EXIT_USAGE;
        code = read_one(path, copied_from(path, home, sizeof home), options,
                        models, *experiments, i, why, why_size);
    }
    return code == EXIT_OK
               ? check_models(&options->overrides, *experiments, why, why_size)
               : code;
}

void run_setup_free(struct experiment **experiments, int count)
{
    for (int i = 0; experiments && i < count; i++)
        if (experiments[i])
            experiment_free(experiments[i]);
    free(experiments);
}

/* Servers inherit the limit: raise it as far as allowed, then compare with
 * what any model surely needs. */
static int check_descriptors(const struct plan *plan, char *why,
                             size_t why_size)
{
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
        snprintf(why, why_size,
                 "%s: load point %s needs %llu open files in the server "
                 "(%d connections), and the limit is %llu; raise it (ulimit "
                 "-Hn, as root) or lower connections",
                 plan->experiments[trial->experiment]->path, point->id,
                 (unsigned long long)need, point->connections,
                 (unsigned long long)limit.rlim_max);
        return EXIT_USAGE;
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

int run_setup_plan(struct experiment **experiments, int count,
                   const struct run_options *options, struct plan *plan,
                   char *why, size_t why_size)
{
    uint64_t seed = options->has_seed ? options->seed : experiments[0]->seed;
    int result;

    if (seed == 0 && !options->has_seed &&
        getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = (uint64_t)time(NULL);
    /* Every JSON reader keeps 53 bits exactly. */
    result =
        plan_make(experiments, count, seed & ((UINT64_C(1) << 53) - 1), plan);
    if (result == -EINVAL) {
        snprintf(why, why_size,
                 options->overrides.models
                     ? "nothing is to be done: no load point has one of the "
                       "models asked for; see troika list"
                     : "nothing is to be done: every cell was left out, for "
                       "the reasons above");
        return EXIT_USAGE;
    }
    if (result < 0)
        return EXIT_FAILED;
    warn_of_one_cpu(plan);
    return check_descriptors(plan, why, why_size);
}

static int check_build(const struct run_options *options, char *why,
                       size_t why_size)
{
    if (!strcmp(version_variant(), "release") || options->allow_any_build)
        return EXIT_OK;
    snprintf(why, why_size,
             "this is a build with %s checks, whose figures are no results; "
             "run make and use build/release/troika (tests: "
             "--allow-any-build)",
             version_variant());
    return EXIT_USAGE;
}

static json_t *json_overrides(const struct run_options *options)
{
    const struct overrides *overrides = &options->overrides;
    json_t *models = overrides->models ? json_array() : json_null();

    for (int i = 0; overrides->models && overrides->models[i]; i++)
        json_array_append_new(models, json_string(overrides->models[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "blocks",
        overrides->blocks > 0 ? json_integer(overrides->blocks) : json_null(),
        "window_ns",
        overrides->window_ns > 0 ? json_integer(overrides->window_ns)
                                 : json_null(),
        "warmup_ns", json_known(overrides->warmup_ns), "models", models);
}

static int start_guardian(char *why, size_t why_size)
{
    int result = guardian_start();

    if (result == 0)
        return EXIT_OK;
    snprintf(why, why_size,
             "the guardian, which leaves no server behind, did not start: %s",
             strerror(-result));
    return EXIT_FAILED;
}

static int copy_experiments(const struct results *results,
                            const struct plan *plan, char *why, size_t why_size)
{
    char name[128], path[768];

    snprintf(path, sizeof path, "%s/experiments", results->directory);
    if (mkdir(path, 0777) < 0 && errno != EEXIST) {
        snprintf(why, why_size, "making %s failed: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    for (int i = 0; i < plan->experiment_count; i++) {
        snprintf(name, sizeof name, "experiments/%s.ini",
                 plan->experiments[i]->name);
        if (results_copy(results, name, plan->experiments[i]->path, why,
                         why_size) < 0)
            return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* Faults of the environment, if any, for all who read the run;
 * said before the first trial. */
static void set_untrusted(json_t *run, const struct results *results)
{
    const json_t *variables =
        json_object_get(json_object_get(run, "environment"), "variables");
    char words[512];
    bool untrusted = switches_untrusted(variables, words, sizeof words);

    json_object_set_new(run, "untrusted",
                        untrusted ? json_text(words) : json_null());
    if (untrusted)
        results_say(results, "%s", words);
}

int run_setup_tell_file(const struct run_options *options,
                        const struct results *results, char *why,
                        size_t why_size)
{
    FILE *file = options->file ? fopen(options->file, "we") : NULL;
    bool ok = file && fputs(results->directory, file) >= 0;

    if (file)
        ok = fclose(file) == 0 && ok;
    if (ok || !options->file)
        return EXIT_OK;
    snprintf(why, why_size, "--run-file: writing %s failed: %s", options->file,
             strerror(errno));
    return EXIT_FAILED;
}

int run_setup_results(const struct plan *plan,
                      const struct run_options *options,
                      struct results *results, json_t **run, char *why,
                      size_t why_size)
{
    char root[512], eta[64];
    int code = check_build(options, why, why_size);

    if (code == EXIT_OK)
        code = start_guardian(why, why_size);
    if (code != EXIT_OK)
        return code;
    results_default_root(root, sizeof root);
    if (results_create(options->root ? options->root : root,
                       RUN_BYTES + plan->trial_count * TRIAL_BYTES, results,
                       why, why_size) < 0)
        return EXIT_FAILED;
    results->quiet = options->quiet;
    code = run_setup_tell_file(options, results, why, why_size);
    if (code == EXIT_OK)
        code = copy_experiments(results, plan, why, why_size);
    if (code != EXIT_OK)
        return code;
    *run = run_json(results->run_id, options->command, plan,
                    environment_capture());
    if (!*run)
        return EXIT_FAILED;
    json_object_set_new(*run, "overrides", json_overrides(options));
    set_untrusted(*run, results);
    results_say(results, "%d trials, about %s; seed %llu; results in %s",
                plan->trial_count,
                plan_duration(plan_eta_ns(plan, 0), eta, sizeof eta),
                (unsigned long long)plan->seed, results->directory);
    return EXIT_OK;
}

/* The names in run.json are borrowed: *names is one allocation. */
static void read_overrides(const json_t *run, struct overrides *overrides,
                           const char ***names)
{
    const json_t *stored = json_object_get(run, "overrides"), *warmup, *models;
    size_t n;

    warmup = json_object_get(stored, "warmup_ns");
    models = json_object_get(stored, "models");
    n = json_array_size(models);
    *names = n > 0 ? calloc(n + 1, sizeof(**names)) : NULL;
    for (size_t i = 0; *names && i < n; i++)
        (*names)[i] = json_string_value(json_array_get(models, i));
    *overrides = (struct overrides){
        .blocks = (int)json_integer_of(stored, "blocks"),
        .window_ns = json_integer_of(stored, "window_ns"),
        .warmup_ns = json_is_integer(warmup) ? json_integer_value(warmup) : -1,
        .models = *names,
    };
}

static bool same_plan(const struct plan *plan, const json_t *stored)
{
    if (json_array_size(stored) != (size_t)plan->trial_count)
        return false;
    for (int i = 0; i < plan->trial_count; i++) {
        const char *id =
            json_string_of(json_array_get(stored, (size_t)i), "trial_id");

        if (!id || strcmp(id, plan->trials[i].id) != 0)
            return false;
    }
    return true;
}

/* Whether both are stored alike; reals keep 12 digits on the disk. */
static bool same_value(const json_t *a, const json_t *b)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT |
                         JSON_REAL_PRECISION(12);
    char *left = json_dumps(a, flags), *right = json_dumps(b, flags);
    bool same = left && right && !strcmp(left, right);

    free(left);
    free(right);
    return same;
}

/* A rate that was measured when the run began is in run.json alone. */
static bool same_load(const json_t *load, const json_t *stored)
{
    json_t *a = json_deep_copy(load), *b = json_deep_copy(stored);
    bool same;

    if (json_object_get(a, "rate_of_capacity")) {
        json_object_del(a, "rate_per_s");
        json_object_del(b, "rate_per_s");
    }
    same = same_value(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

/* Whether the load point asks for what run.json says. Keys that a run of an
 * older version lacks are not compared. */
static bool same_point(const struct load_point *point, const json_t *stored)
{
    static const char *const keys[] = {
        "id",      "workload",   "query",          "parameters", "placement",
        "workers", "timeout_ns", "beside",         "settings",   "window_ns",
        "slo",     "load",       "backend_workers"};
    json_t *now = run_json_load_point(point);
    bool same = now;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && same; i++) {
        const json_t *a = json_object_get(now, keys[i]);
        const json_t *b = json_object_get(stored, keys[i]);

        if (b)
            same =
                !strcmp(keys[i], "load") ? same_load(a, b) : same_value(a, b);
    }
    json_decref(now);
    return same;
}

/* Whether the copies in RUN/experiments ask for what the run was planned from.
 * If not, says which does not. */
static bool same_experiments(const struct plan *plan, const json_t *run,
                             char *why, size_t why_size)
{
    for (int i = 0; i < plan->experiment_count; i++) {
        const struct experiment *experiment = plan->experiments[i];
        const json_t *points = json_object_get(
            json_array_get(json_object_get(run, "experiments"), (size_t)i),
            "load_points");

        for (int j = 0; j < experiment->load_point_count; j++) {
            const struct load_point *point = &experiment->load_points[j];

            if (same_point(point, json_array_get(points, (size_t)j)))
                continue;
            snprintf(why, why_size,
                     "%s: the copy of the experiment is not what this run was "
                     "planned from: load point %s differs from run.json, and "
                     "figures of both would be mixed; put the file back as it "
                     "was, or begin a new run",
                     experiment->path, point->id);
            return false;
        }
    }
    return true;
}

/* Trials of one run are compared with each other: what they ran on should be
 * the same for all. */
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

/* A run's figures are of one kind: what changes them stays as it was. Runs of
 * before these were kept are taken as they are. */
static int check_variables(const json_t *run, char *why, size_t why_size)
{
    const json_t *then =
        json_object_get(json_object_get(run, "environment"), "variables");
    json_t *now = switches_json();
    char words[512];
    bool agree = !then || switches_agree(then, now, words, sizeof words);

    json_decref(now);
    if (agree)
        return EXIT_OK;
    snprintf(why, why_size,
             "the environment is not what the run was begun with: %s; set it "
             "as it was, or begin a new run",
             words);
    return EXIT_USAGE;
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

static int read_stored(const struct results *results, const json_t *run,
                       const struct run_options *options,
                       const struct model_info *models,
                       struct experiment **experiments, char *why,
                       size_t why_size)
{
    const json_t *experiment;
    char path[1024];
    size_t i;

    json_array_foreach (json_object_get(run, "experiments"), i, experiment) {
        const char *name = json_string_of(experiment, "name");
        int code;

        snprintf(path, sizeof path, "%s/experiments/%s.ini", results->directory,
                 name ? name : "");
        code = read_one(path, json_string_of(experiment, "home"), options,
                        models, experiments, (int)i, why, why_size);
        if (code != EXIT_OK)
            return code;
    }
    return EXIT_OK;
}

int run_setup_again(const struct results *results, json_t *run,
                    const struct run_options *options,
                    const struct model_info *models,
                    struct experiment ***experiments, int *count,
                    struct plan *plan, char *why, size_t why_size)
{
    struct run_options stored = *options;
    const char **names = NULL;
    int code = check_build(options, why, why_size);

    if (code == EXIT_OK)
        code = check_variables(run, why, why_size);
    if (code != EXIT_OK)
        return code;
    *count = (int)json_array_size(json_object_get(run, "experiments"));
    *experiments = calloc((size_t)*count + 1, sizeof(**experiments));
    if (!*experiments || *count == 0) {
        snprintf(why, why_size, "%s/run.json names no experiment",
                 results->directory);
        return EXIT_FAILED;
    }
    read_overrides(run, &stored.overrides, &names);
    stored.has_seed = true;
    stored.seed = (uint64_t)json_integer_of(run, "seed");
    code =
        read_stored(results, run, &stored, models, *experiments, why, why_size);
    if (code == EXIT_OK)
        code =
            run_setup_plan(*experiments, *count, &stored, plan, why, why_size);
    free(names);
    if (code == EXIT_OK && !same_plan(plan, json_object_get(run, "plan"))) {
        snprintf(why, why_size,
                 "the plan of %s cannot be made again: the set of models has "
                 "changed since; build the same models, or start a new run",
                 results->directory);
        return EXIT_FAILED;
    }
    if (code == EXIT_OK && !same_experiments(plan, run, why, why_size))
        return EXIT_FAILED;
    if (code == EXIT_OK)
        code = start_guardian(why, why_size);
    if (code == EXIT_OK) {
        note_resume(results, run);
        set_untrusted(run, results);
    }
    return code;
}
