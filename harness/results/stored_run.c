/* SPDX-License-Identifier: MIT */
#include "stored_run.h"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "results.h"
#include "stored.h"

enum { SCHEMA_VERSION = 1, WHERE_SIZE = 96, PATH_SIZE = 1024 };

struct checking {
    char *why;
    size_t why_size;
};

static bool refuse(const struct checking *checking, const char *where,
                   const char *key, const char *what)
{
    snprintf(checking->why, checking->why_size, "%s%s%s %s", where,
             where[0] != '\0' && key[0] != '\0' ? "." : "", key, what);
    return false;
}

static bool has_texts(const struct checking *checking, const json_t *object,
                      const char *where, const char *const *keys)
{
    if (!json_is_object(object))
        return refuse(checking, where, "", "is not an object");
    for (; *keys; keys++)
        if (!json_is_string(json_object_get(object, *keys)))
            return refuse(checking, where, *keys, "is not a string");
    return true;
}

/* Refuses rows that have equal texts in all `keys`. */
static bool check_once(const struct checking *checking, const json_t *rows,
                       const char *name, const char *const *keys)
{
    json_t *seen = json_object();
    bool once = seen;
    const json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_t *texts = json_array();
        char *text;

        for (int k = 0; keys[k]; k++)
            json_array_append(texts, json_object_get(row, keys[k]));
        text = json_dumps(texts, JSON_COMPACT);
        json_decref(texts);
        if (text && json_object_get(seen, text))
            once = false;
        else if (text)
            json_object_set_new(seen, text, json_true());
        free(text);
        if (!once)
            break;
    }
    json_decref(seen);
    if (once)
        return true;
    char where[WHERE_SIZE];
    snprintf(where, sizeof where, "%s[%zu]", name, i);
    return refuse(checking, where, "", "appears twice");
}

static bool check_rows(const struct checking *checking, const json_t *rows,
                       const char *name, const char *const *keys)
{
    char where[WHERE_SIZE];
    const json_t *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        snprintf(where, sizeof where, "%s[%zu]", name, i);
        if (!has_texts(checking, row, where, keys))
            return false;
    }
    return true;
}

static bool check_point(const struct checking *checking, const json_t *point,
                        const char *where)
{
    static const char *const keys[] = {"id", NULL};
    const json_t *models = json_object_get(point, "models");

    if (!has_texts(checking, point, where, keys))
        return false;
    if (!json_is_array(models))
        return refuse(checking, where, "models", "is not a list");
    const json_t *model;
    size_t i;
    json_array_foreach (models, i, model) {
        if (!json_is_string(model))
            return refuse(checking, where, "models",
                          "has a value that is not a string");
    }
    return true;
}

static bool check_experiments(const struct checking *checking,
                              const json_t *experiments)
{
    static const char *const keys[] = {"name", NULL}, *const ids[] = {"id",
                                                                      NULL};

    if (json_array_size(experiments) == 0)
        return refuse(checking, "", "experiments", "is empty or no list");
    char where[WHERE_SIZE];
    const json_t *experiment, *point;
    size_t i, k;
    json_array_foreach (experiments, i, experiment) {
        const json_t *points = json_object_get(experiment, "load_points");

        snprintf(where, sizeof where, "experiments[%zu]", i);
        if (!has_texts(checking, experiment, where, keys))
            return false;
        if (!json_is_array(points))
            return refuse(checking, where, "load_points", "is not a list");
        json_array_foreach (points, k, point) {
            snprintf(where, sizeof where, "experiments[%zu].load_points[%zu]",
                     i, k);
            if (!check_point(checking, point, where))
                return false;
        }
        snprintf(where, sizeof where, "experiments[%zu].load_points", i);
        if (!check_once(checking, points, where, ids))
            return false;
    }
    return check_once(checking, experiments, "experiments", keys);
}

bool stored_run_check(const json_t *run, char *why, size_t why_size)
{
    static const char *const planned[] = {"trial_id", "experiment",
                                          "load_point", "model", NULL};
    static const char *const summed[] = {"experiment", "load_point", "model",
                                         "metric", NULL};
    static const char *const ids[] = {"trial_id", NULL};
    const struct checking checking = {why, why_size};
    const json_t *plan = json_object_get(run, "plan");

    if (json_integer_of(run, "schema_version") != SCHEMA_VERSION)
        return refuse(&checking, "", "schema_version", "is not 1");
    if (!json_is_object(json_object_get(run, "environment")))
        return refuse(&checking, "", "environment", "is not an object");
    if (json_array_size(plan) == 0)
        return refuse(&checking, "", "plan", "is empty or no list");
    return check_rows(&checking, plan, "plan", planned) &&
           check_once(&checking, plan, "plan", ids) &&
           check_experiments(&checking, json_object_get(run, "experiments")) &&
           check_rows(&checking, json_object_get(run, "summary"), "summary",
                      summed);
}

/* Whether two members, if both are known, are in this order. The ends of an
 * interval without width can differ by rounding. */
static bool is_ordered(const json_t *row, const char *low, const char *high)
{
    const json_t *a = json_object_get(row, low);
    const json_t *b = json_object_get(row, high);

    return !json_is_number(a) || !json_is_number(b) ||
           json_number_value(a) <= json_number_value(b) * (1 + 1e-9);
}

static bool check_level(const struct checking *checking, const json_t *row,
                        const char *where)
{
    static const char *const figures[] = {
        "value",  "lo", "hi",          "min",     "max",
        "log_sd", "n",  "error_share", "invalid", NULL};
    static const char *const pairs[][2] = {
        {"lo", "value"}, {"value", "hi"}, {"lo", "hi"}, {"min", "max"}};

    for (int i = 0; figures[i]; i++) {
        const json_t *figure = json_object_get(row, figures[i]);

        if (figure && !json_is_null(figure) && !json_is_number(figure))
            return refuse(checking, where, figures[i], "is not a number");
        if (json_number_value(figure) < 0)
            return refuse(checking, where, figures[i], "is below zero");
    }
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char what[32];

        snprintf(what, sizeof what, "is above its %s", pairs[i][1]);
        if (!is_ordered(row, pairs[i][0], pairs[i][1]))
            return refuse(checking, where, pairs[i][0], what);
    }
    return true;
}

bool stored_run_check_summary(const json_t *run, char *why, size_t why_size)
{
    static const char *const keys[] = {"experiment", "load_point", "model",
                                       "metric", NULL};
    const struct checking checking = {why, why_size};
    const json_t *summary = json_object_get(run, "summary");

    if (!json_is_array(summary))
        return refuse(&checking, "", "summary", "is not a list");
    const json_t *row;
    char where[WHERE_SIZE];
    size_t i;
    json_array_foreach (summary, i, row) {
        snprintf(where, sizeof where, "summary[%zu]", i);
        if (!check_level(&checking, row, where))
            return false;
    }
    return check_once(&checking, summary, "summary", keys);
}

/* Whether every entry of DIRECTORY/name matches one of `patterns`. A missing
 * folder has no entries. */
static bool holds_only(const char *directory, const char *name,
                       const char *const *patterns)
{
    bool only = true;
    DIR *folder;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    folder = opendir(path);
    if (!folder)
        return access(path, F_OK) != 0;
    const struct dirent *entry;
    while (only && (entry = readdir(folder))) {
        only = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
        for (int i = 0; !only && patterns[i]; i++)
            only = fnmatch(patterns[i], entry->d_name, 0) == 0;
    }
    closedir(folder);
    return only;
}

/* Whether the folder holds nothing but files that a run writes. */
static bool is_a_runs_own(const char *directory)
{
    static const char *const top[] = {"trials",      "experiments",
                                      "run.json",    "start.json",
                                      "log.txt",     "predictions.jsonl",
                                      "summary.csv", "report",
                                      "*.new",       NULL};
    static const char *const trials[] = {"*.json", "*.hgrm", "*.new", NULL};
    static const char *const experiments[] = {"*.ini", "*.new", NULL};

    return holds_only(directory, "", top) &&
           holds_only(directory, "trials", trials) &&
           holds_only(directory, "experiments", experiments);
}

static bool has(const char *directory, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Whether the current directory is this one (an absolute path) or below it. */
static bool stands_in(const char *directory)
{
    size_t n = strlen(directory);
    char here[PATH_SIZE * 4];
    if (!getcwd(here, sizeof here) || !strcmp(directory, "/"))
        return true;
    return !strncmp(here, directory, n) && (here[n] == '/' || here[n] == '\0');
}

/* Whether start.json can replace run.json. */
static bool plan_was_kept(const char *directory)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/" RESULTS_START, directory);
    char why[2048];
    json_t *run = stored_json(path, NULL, why, sizeof why);
    bool kept = run && stored_run_check(run, why, sizeof why);
    json_decref(run);
    return kept;
}

static size_t count_trials(const char *directory)
{
    char pattern[PATH_SIZE];
    glob_t trials = {0};
    size_t count;

    snprintf(pattern, sizeof pattern, "%s/trials/*.json", directory);
    count = glob(pattern, 0, NULL, &trials) == 0 ? trials.gl_pathc : 0;
    globfree(&trials);
    return count;
}

static void say_remedy(const char *directory, bool own, char *text, size_t size)
{
    size_t count = count_trials(directory);
    char to[4 * PATH_SIZE];
    hint_word(directory, to, sizeof to);
    char path[PATH_SIZE], from[4 * PATH_SIZE], command[8 * PATH_SIZE];
    if (plan_was_kept(directory)) {
        snprintf(path, sizeof path, "%s/" RESULTS_START, directory);
        hint_word(path, from, sizeof from);
        snprintf(path, sizeof path, "%s/run.json", directory);
        snprintf(text, size, "the plan of the run was kept: cp %s %s && %s",
                 from, hint_word(path, to, sizeof to),
                 hint_resume(directory, command, sizeof command));
    } else if (count > 0) {
        snprintf(text, size,
                 "its %zu files in trials/ cannot be summarised without the "
                 "plan: put run.json back from a copy, or begin the run again",
                 count);
    } else if (!own) {
        snprintf(text, size,
                 "put run.json back from a copy, or name a run's directory");
    } else if (stands_in(directory)) {
        snprintf(text, size,
                 "the run ended before anything was measured: begin it "
                 "again; this folder can go");
    } else {
        snprintf(text, size,
                 "the run ended before anything was measured: begin it "
                 "again; this folder can go: rm -r %s",
                 to);
    }
}

void stored_run_explain_lost(const char *directory, const char *problem,
                             char *why, size_t why_size)
{
    bool own = is_a_runs_own(directory);
    bool named = has(directory, "run.json") || has(directory, RESULTS_START);

    if (!named && !(own && has(directory, "trials"))) {
        snprintf(why, why_size,
                 "%s is no run of troika: it has neither run.json nor "
                 "start.json; name a directory below results/",
                 directory);
        return;
    }
    size_t used = (size_t)snprintf(why, why_size, "%.1500s; ", problem);
    if (used < why_size)
        say_remedy(directory, own, why + used, why_size - used);
}
