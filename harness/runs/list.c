/* SPDX-License-Identifier: MIT
 *
 * A folder is read in two passes: directories, then the links beside them.
 */
#include "list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/json.h"
#include "harness/results/stored.h"
#include "harness/results/stored_run.h"
#include "harness/statistics/conclusion.h"

static void append(char *list, size_t size, const char *item)
{
    size_t used = strlen(list);

    if (item && item[0] != '\0' && used < size)
        snprintf(list + used, size - used, "%s%s", used > 0 ? " " : "", item);
}

const char *runs_below(const char *root, const char *id, const char *file,
                       char *path)
{
    snprintf(path, RUNS_PATH_SIZE, "%s/%s%s%s", root, id, file[0] ? "/" : "",
             file);
    return path;
}

bool runs_is_run(const char *root, const char *id)
{
    char path[RUNS_PATH_SIZE];
    struct stat status;

    return lstat(runs_below(root, id, "", path), &status) == 0 &&
           S_ISDIR(status.st_mode) &&
           access(runs_below(root, id, "run.json", path), F_OK) == 0;
}

bool runs_are_labels(const json_t *labels)
{
    const json_t *tags = json_object_get(labels, "tags"), *tag;
    size_t i;

    json_array_foreach (tags, i, tag)
        if (!json_is_string(tag))
            return false;
    return json_is_array(tags);
}

static void read_tags(const char *root, struct runs_row *row)
{
    char path[RUNS_PATH_SIZE], why[RUNS_TEXT_SIZE];
    bool exists = false;
    json_t *labels = stored_json(runs_below(root, row->id, "labels.json", path),
                                 &exists, why, sizeof why);
    const json_t *tag;
    size_t i;

    json_make_printable(labels);
    row->unlabelled = exists && !runs_are_labels(labels);
    json_array_foreach (json_object_get(labels, "tags"), i, tag)
        append(row->tags, sizeof row->tags, json_string_value(tag));
    json_decref(labels);
}

/* Whether a run's figures may be quoted. */
static bool is_sound(const json_t *run)
{
    char why[RUNS_TEXT_SIZE];

    return json_true_of(run, "complete") && !json_string_of(run, "untrusted") &&
           stored_run_check(run, why, sizeof why) &&
           stored_run_check_summary(run, why, sizeof why);
}

static void read_run(const char *root, struct runs_row *row, runs_visit *visit,
                     void *context)
{
    char path[RUNS_PATH_SIZE];
    json_t *run = stored_json(runs_below(root, row->id, "run.json", path), NULL,
                              row->why, sizeof row->why);
    const json_t *experiment;
    size_t i;

    json_make_printable(run);
    row->damaged = !run;
    json_array_foreach (json_object_get(run, "experiments"), i, experiment)
        append(row->experiments, sizeof row->experiments,
               json_text_of(experiment, "name"));
    snprintf(row->started, sizeof row->started, "%s",
             json_text_of(run, "started_at"));
    snprintf(row->version, sizeof row->version, "%s",
             json_text_of(run, "tool_version"));
    row->valid = json_integer_of(json_object_get(run, "tally"), "valid");
    row->planned = (json_int_t)json_array_size(json_object_get(run, "plan"));
    row->complete = json_true_of(run, "complete");
    row->untrusted = json_string_of(run, "untrusted") != NULL;
    row->reported =
        access(runs_below(root, row->id, "report/index.html", path), F_OK) == 0;
    read_tags(root, row);
    row->leads = is_sound(run) ? conclusion_leads(run) : json_array();
    if (run && visit)
        visit(row, run, context);
    json_decref(run);
}

/* Links beside the runs, but for `latest`, are names, however they are written.
 */
static void read_names(const char *root, DIR *folder, struct runs_list *list)
{
    char path[RUNS_PATH_SIZE], own[PATH_MAX], target[PATH_MAX];
    struct dirent *entry;
    struct stat status;

    rewinddir(folder);
    while ((entry = readdir(folder))) {
        runs_below(root, entry->d_name, "", path);
        if (lstat(path, &status) < 0 || !S_ISLNK(status.st_mode) ||
            !realpath(path, target))
            continue;
        for (int i = 0; i < list->count; i++) {
            struct runs_row *row = &list->rows[i];
            if (!realpath(runs_below(root, row->id, "", path), own) ||
                strcmp(own, target) != 0)
                continue;
            if (!strcmp(entry->d_name, "latest"))
                row->latest = true;
            else
                append(row->name, sizeof row->name, entry->d_name);
        }
    }
}

/* By when they began, since a folder may have another name. */
static int by_age(const void *left, const void *right)
{
    const struct runs_row *a = left, *b = right;
    int order = strcmp(a->started, b->started);

    return order != 0 ? order : strcmp(a->id, b->id);
}

int runs_read(const char *root, struct runs_list *list, runs_visit *visit,
              void *context)
{
    DIR *folder = opendir(root);
    struct dirent *entry;

    *list = (struct runs_list){0};
    if (!folder)
        return -errno;
    while ((entry = readdir(folder))) {
        if (strlen(entry->d_name) >= RUNS_NAME_SIZE ||
            entry->d_name[0] == '.' || !runs_is_run(root, entry->d_name))
            continue;
        struct runs_row *grown =
            realloc(list->rows, ((size_t)list->count + 1) * sizeof *list->rows);
        if (!grown)
            break;
        list->rows = grown;
        struct runs_row *row = &list->rows[list->count++];
        *row = (struct runs_row){0};
        strcpy(row->id, entry->d_name);
        read_run(root, row, visit, context);
    }
    read_names(root, folder, list);
    closedir(folder);
    if (list->count > 0)
        qsort(list->rows, (size_t)list->count, sizeof *list->rows, by_age);
    return 0;
}

bool runs_find(const char *root, const char *word, char id[RUNS_NAME_SIZE])
{
    char path[RUNS_PATH_SIZE], real[PATH_MAX], home[PATH_MAX];
    const char *tries[] = {runs_below(root, word, "", path), word};

    if (!realpath(root, home)) {
        fprintf(stderr, "troika runs: %s: %s\n", root, strerror(errno));
        return false;
    }
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(home);
        if (!realpath(tries[i], real) || strncmp(real, home, length) != 0 ||
            real[length] != '/' || strchr(real + length + 1, '/'))
            continue;
        snprintf(id, RUNS_NAME_SIZE, "%.127s", real + length + 1);
        if (runs_is_run(root, id))
            return true;
    }
    fprintf(stderr,
            "troika runs: %s: there is no such run in %s (troika runs "
            "lists them)\n",
            word, root);
    return false;
}

void runs_free(struct runs_list *list)
{
    for (int i = 0; i < list->count; i++)
        json_decref(list->rows[i].leads);
    free(list->rows);
    *list = (struct runs_list){0};
}

json_t *runs_json(const struct runs_list *list)
{
    json_t *rows = json_array();

    /* Names of folders and links are as free as the texts of files. */
    for (int i = 0; i < list->count; i++) {
        const struct runs_row *r = &list->rows[i];
        json_array_append_new(
            rows,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:b, s:b, s:b, "
                      "s:b, s:O}",
                      "run_id", json_text(r->id), "name", json_text_if(r->name),
                      "tags", json_text_if(r->tags), "experiments",
                      json_text_if(r->experiments), "started_at",
                      json_text_if(r->started), "tool_version",
                      json_text_if(r->version), "valid", r->valid, "planned",
                      r->planned, "complete", r->complete, "damaged",
                      r->damaged, "untrusted", r->untrusted, "reported",
                      r->reported, "leads", r->leads));
    }
    json_make_printable(rows);
    return json_pack("{s:i, s:o}", "schema_version", 1, "runs", rows);
}
