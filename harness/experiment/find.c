/* SPDX-License-Identifier: MIT
 *
 * The experiments that are shipped, by name: harness/experiments/NAME.ini, and
 * claims/NAME for those of a folder below that is listed here.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiment.h"
#include "harness/base/names.h"
#include "harness/base/tree.h"

/* The claims' experiments lie in a folder of their own, for they are many. */
static const char *const folders[] = {"", "claims/"};
enum { FOLDERS = sizeof(folders) / sizeof(folders[0]) };

static int count_of(char *const *names)
{
    int count = 0;

    while (names != NULL && names[count] != NULL)
        count++;
    return count;
}

/* Puts the names of one folder, with the folder before each, behind `names`.
 * Returns 0 or -ENOMEM. */
static int add_folder(char ***names, const char *folder)
{
    char below[64], directory[PATH_MAX];
    char **found = NULL, **more;
    int count = count_of(*names), result = 0;

    snprintf(below, sizeof(below), "harness/experiments/%s", folder);
    if (tree_source(below, directory, sizeof(directory)) == 0)
        found = tree_names(directory, ".ini");
    more =
        realloc(*names, (size_t)(count + count_of(found) + 1) * sizeof(*more));
    if (more == NULL) {
        tree_names_free(found);
        return -ENOMEM;
    }
    *names = more;
    for (int i = 0; i < count_of(found) && result == 0; i++) {
        if (asprintf(&more[count], "%s%s", folder, found[i]) < 0)
            result = -ENOMEM;
        else
            count++;
    }
    more[count] = NULL;
    tree_names_free(found);
    return result;
}

const char *const *experiment_names(void)
{
    static const char *const none[] = {NULL};
    static char **names;
    static bool listed;

    for (int i = 0; i < FOLDERS && !listed; i++)
        if (add_folder(&names, folders[i]) < 0)
            break;
    listed = true;
    return names != NULL ? (const char *const *)names : none;
}

bool experiment_is_shipped(const char *name)
{
    for (const char *const *known = experiment_names(); *known; known++)
        if (!strcmp(*known, name))
            return true;
    return false;
}

int experiment_find(const char *name, char *path, size_t path_size, char *why,
                    size_t why_size)
{
    size_t length = strlen(name);
    char below[128], hint[2048];
    const char *nearest;

    if (experiment_is_shipped(name)) {
        snprintf(below, sizeof(below), "harness/experiments/%s.ini", name);
        return tree_source(below, path, path_size);
    }
    if (strchr(name, '/') != NULL ||
        (length > 4 && !strcmp(name + length - 4, ".ini"))) {
        if ((size_t)snprintf(path, path_size, "%s", name) < path_size &&
            access(path, R_OK) == 0)
            return 0;
        nearest = names_nearest(name, experiment_names());
        snprintf(why, why_size, "%s cannot be read: %s%s%s%s", name,
                 strerror(errno), nearest != NULL ? "; did you mean " : "",
                 nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
        return -ENOENT;
    }
    snprintf(why, why_size, "no experiment is named \"%s\"%s", name,
             names_suggest(name, experiment_names(), hint, sizeof(hint)));
    return -ENOENT;
}
