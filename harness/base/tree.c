/* SPDX-License-Identifier: MIT
 *
 * Paths relative to /proc/self/exe, and sorted directory listings.
 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int tree_beside(const char *below, char *path, size_t size)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);

    if (length < 0)
        return -errno;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    if ((size_t)snprintf(path, size, "%s/%s", self, below) >= size)
        return -ENAMETOOLONG;
    return 0;
}

int tree_source(const char *below, char *path, size_t size)
{
    char up[PATH_MAX], root[PATH_MAX];
    int result = tree_beside("../..", up, sizeof up);

    if (result < 0)
        return result;
    if (!realpath(up, root))
        return -errno;
    if ((size_t)snprintf(path, size, "%s/%s", root, below) >= size)
        return -ENAMETOOLONG;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name without its suffix, allocated; NULL if it ends otherwise. */
static char *stem(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);

    if (name[0] == '.' || length <= end ||
        strcmp(name + length - end, suffix) != 0)
        return NULL;
    return strndup(name, length - end);
}

char **tree_names(const char *directory, const char *suffix)
{
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, NULL), kept = 0;

    if (count < 0)
        return NULL;
    char **names = calloc((size_t)count + 1, sizeof *names);
    for (int i = 0; i < count; i++) {
        if (names && (names[kept] = stem(entries[i]->d_name, suffix)))
            kept++;
        free(entries[i]);
    }
    free(entries);
    if (names)
        qsort(names, (size_t)kept, sizeof *names, by_name);
    return names;
}

void tree_names_free(char **names)
{
    for (int i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}
