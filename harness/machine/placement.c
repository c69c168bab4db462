/* SPDX-License-Identifier: MIT
 *
 * CPU affinity instead of cpuset groups: it needs no permission, and everything
 * that a server starts inherits it.
 */
#include "placement.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int placement_available(cpu_set_t *cpus)
{
    static cpu_set_t known;
    static int count;

    if (count == 0) {
        CPU_ZERO(&known);
        if (sched_getaffinity(0, sizeof known, &known) < 0)
            CPU_SET(0, &known);
        count = CPU_COUNT(&known);
    }
    *cpus = known;
    return count;
}

void placement_split_of(const cpu_set_t *available, enum placement placement,
                        struct cpu_split *split)
{
    int count = CPU_COUNT(available), taken = 0;

    *split = (struct cpu_split){.server = *available,
                                .clients = *available,
                                .server_count = count,
                                .clients_count = count};
    if (placement == PLACEMENT_SHARED || count < 2)
        return;
    split->apart = true;
    split->server_count = count / 2;
    split->clients_count = count - count / 2;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, available))
            CPU_CLR(cpu,
                    taken++ < count / 2 ? &split->clients : &split->server);
}

void placement_split(enum placement placement, struct cpu_split *split)
{
    cpu_set_t available;

    placement_available(&available);
    placement_split_of(&available, placement, split);
}

const char *placement_name(enum placement placement)
{
    return placement == PLACEMENT_SHARED ? "shared" : "split";
}

int placement_move(pid_t pid, const cpu_set_t *cpus)
{
    char path[64];
    struct dirent *entry;
    DIR *tasks;
    int result = 0;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    tasks = opendir(path);
    if (!tasks)
        return -errno;
    while ((entry = readdir(tasks))) {
        pid_t task = (pid_t)atoi(entry->d_name);

        if (task > 0 && sched_setaffinity(task, sizeof *cpus, cpus) < 0 &&
            errno != ESRCH)
            result = -errno;
    }
    closedir(tasks);
    return result;
}
