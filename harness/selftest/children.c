/* SPDX-License-Identifier: MIT
 *
 * Read from /proc, where every kernel tells them.
 */
#include "children.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int children_of(pid_t parent, struct child *children, int max)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    while (proc != NULL && count < max && (entry = readdir(proc)) != NULL) {
        struct child child = {.pid = atoi(entry->d_name)};
        char path[300];
        int of = 0;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)child.pid);
        file = child.pid > 0 ? fopen(path, "re") : NULL;
        if (file == NULL)
            continue;
        if (fscanf(file, "%*d (%31[^)]) %*c %d", child.name, &of) == 2 &&
            of == parent)
            children[count++] = child;
        fclose(file);
    }
    if (proc != NULL)
        closedir(proc);
    return count;
}
