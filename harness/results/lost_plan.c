/* SPDX-License-Identifier: MIT */
#include "lost_plan.h"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/hint.h"
#include "results.h"
#include "stored.h"
#include "stored_run.h"

enum { PATH_SIZE = 1024 };

/* Whether each entry of DIRECTORY/name matches one of `patterns`. A folder that
 * is not there has none. */
static bool holds_only(const char *directory, const char *name,
                       const char *const *patterns)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    bool only = true;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    folder = opendir(path);
    if (folder == NULL)
        return access(path, F_OK) != 0;
    while (only && (entry = readdir(folder)) != NULL) {
        only = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
        for (int i = 0; !only && patterns[i] != NULL; i++)
            only = fnmatch(patterns[i], entry->d_name, 0) == 0;
    }
    closedir(folder);
    return only;
}

/* Whether nothing lies there that a run does not write. */
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
    struct stat status;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return lstat(path, &status) == 0;
}

/* Whether the current directory is this one, which is absolute, or below it. */
static bool stands_in(const char *directory)
{
    char here[PATH_SIZE * 4];
    size_t n = strlen(directory);

    if (getcwd(here, sizeof(here)) == NULL || !strcmp(directory, "/"))
        return true;
    return !strncmp(here, directory, n) && (here[n] == '/' || here[n] == '\0');
}

/* Whether start.json can take the place of run.json. */
static bool plan_was_kept(const char *directory)
{
    char path[PATH_SIZE], why[2048];
    json_t *run;
    bool kept;

    snprintf(path, sizeof(path), "%s/" RESULTS_START, directory);
    run = stored_json(path, NULL, why, sizeof(why));
    kept = run != NULL && stored_run_check(run, why, sizeof(why));
    json_decref(run);
    return kept;
}

static size_t count_trials(const char *directory)
{
    char pattern[PATH_SIZE];
    glob_t trials = {0};
    size_t count;

    snprintf(pattern, sizeof(pattern), "%s/trials/*.json", directory);
    count = glob(pattern, 0, NULL, &trials) == 0 ? trials.gl_pathc : 0;
    globfree(&trials);
    return count;
}

static void say_remedy(const char *directory, bool own, char *text, size_t size)
{
    char path[PATH_SIZE], from[4 * PATH_SIZE], to[4 * PATH_SIZE];
    char command[8 * PATH_SIZE];
    size_t count = count_trials(directory);

    hint_word(directory, to, sizeof(to));
    if (plan_was_kept(directory)) {
        snprintf(path, sizeof(path), "%s/" RESULTS_START, directory);
        hint_word(path, from, sizeof(from));
        snprintf(path, sizeof(path), "%s/run.json", directory);
        snprintf(text, size, "the plan of the run was kept: cp %s %s && %s",
                 from, hint_word(path, to, sizeof(to)),
                 hint_resume(directory, command, sizeof(command)));
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
                 "the run was ended before anything was measured: begin it "
                 "again; this folder can go");
    } else {
        snprintf(text, size,
                 "the run was ended before anything was measured: begin it "
                 "again; this folder can go: rm -r %s",
                 to);
    }
}

void lost_plan_explain(const char *directory, const char *problem, char *why,
                       size_t why_size)
{
    bool own = is_a_runs_own(directory);
    bool named = has(directory, "run.json") || has(directory, RESULTS_START);
    size_t used;

    if (!named && !(own && has(directory, "trials"))) {
        snprintf(why, why_size,
                 "%s is no run of troika: it has neither run.json nor "
                 "start.json; name a directory below results/",
                 directory);
        return;
    }
    used = (size_t)snprintf(why, why_size, "%.1500s; ", problem);
    if (used < why_size)
        say_remedy(directory, own, why + used, why_size - used);
}
