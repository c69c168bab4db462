/* SPDX-License-Identifier: MIT */
#include "machine_file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/base/tree.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"

enum { PATH_SIZE = 4096 };

static const char *path_of(const char *path, char *text, size_t size)
{
    char root[512];

    if (path) {
        snprintf(text, size, "%s", path);
        return text;
    }
    results_default_root(root, sizeof root);
    snprintf(text, size, "%s/machine.json", root);
    return text;
}

int machine_file_read(const char *path, struct machine *machine, char *why,
                      size_t why_size)
{
    char file[PATH_SIZE], reason[PATH_SIZE + 256];
    bool exists;

    path_of(path, file, sizeof file);
    json_t *json = stored_json(file, &exists, reason, sizeof reason);
    if (!json) {
        snprintf(why, why_size,
                 "no constants: %s; measure this machine with troika "
                 "calibrate, or name a file with --machine",
                 reason);
        return -EINVAL;
    }
    int status = machine_read(json, machine, reason, sizeof reason);
    json_decref(json);
    if (status < 0)
        snprintf(why, why_size,
                 "%s: %s; measure this machine again with troika calibrate",
                 file, reason);
    return status;
}

bool machine_file_exists(const char *path)
{
    char file[PATH_SIZE];

    return access(path_of(path, file, sizeof file), F_OK) == 0;
}

int machine_file_shipped(struct machine *machine, char *why, size_t why_size)
{
    char path[PATH_SIZE];

    if (tree_source("harness/predict/shipped.json", path, sizeof path) < 0)
        snprintf(path, sizeof path, "harness/predict/shipped.json");
    return machine_file_read(path, machine, why, why_size);
}

int machine_file_write(const char *path, const struct machine *machine,
                       char *where, size_t where_size, char *why,
                       size_t why_size)
{
    static struct machine again;
    char reason[512];
    json_t *json = machine_json(machine);
    int status = machine_read(json, &again, reason, sizeof reason);

    path_of(path, where, where_size);
    if (status < 0)
        snprintf(why, why_size,
                 "nothing is stored, since what was measured is none: %s; "
                 "calibrate when the machine is quieter",
                 reason);
    else
        status = results_store_at(where, json, why, why_size);
    json_decref(json);
    return status;
}
