/* SPDX-License-Identifier: MIT
 *
 * The figures are copied, so that a report needs the run alone. Their names
 * hold the time, so the last of them in order is the newest.
 */
#include "primitives.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/json.h"

static const char *fingerprint(const json_t *object)
{
    const char *text =
        json_string_of(json_object_get(object, "environment"), "fingerprint");

    return text != NULL ? text : "";
}

static json_t *copy_of(const json_t *stored, const char *path)
{
    const char *name = strrchr(path, '/');
    json_t *rows = json_array(), *row;
    size_t i;

    json_array_foreach (json_object_get(stored, "primitives"), i, row)
        json_array_append_new(
            rows,
            json_pack("{s:O, s:O, s:O, s:O}", "name",
                      json_object_get(row, "name"), "median_ns",
                      json_object_get(row, "median_ns"), "lower_quartile_ns",
                      json_object_get(row, "lower_quartile_ns"),
                      "upper_quartile_ns",
                      json_object_get(row, "upper_quartile_ns")));
    return json_pack("{s:s, s:O, s:o}", "file", name != NULL ? name + 1 : path,
                     "started_at", json_object_get(stored, "started_at"),
                     "primitives", rows);
}

void run_primitives_add(const struct results *results, json_t *run)
{
    char pattern[sizeof(results->directory) + 32];
    json_t *found = NULL;
    glob_t files = {0};

    snprintf(pattern, sizeof(pattern), "%s/../primitives-*.json",
             results->directory);
    if (glob(pattern, 0, NULL, &files) == 0)
        for (size_t i = files.gl_pathc; i-- > 0 && found == NULL;) {
            json_t *stored = json_load_file(files.gl_pathv[i], 0, NULL);

            if (fingerprint(stored)[0] != '\0' &&
                !strcmp(fingerprint(stored), fingerprint(run)))
                found = copy_of(stored, files.gl_pathv[i]);
            json_decref(stored);
        }
    globfree(&files);
    if (found != NULL)
        json_object_set_new(run, "primitives", found);
    else if (json_object_get(run, "primitives") == NULL)
        json_object_set_new(run, "primitives", json_null());
}
