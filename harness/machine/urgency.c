/* SPDX-License-Identifier: MIT
 *
 * SCHED_FIFO has no time slices; it is safe because none of these processes
 * works for long. Even if one never slept again, the kernel would keep 5 % of
 * the CPU for others (sched_rt_runtime_us).
 */
#include "urgency.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool urgency_give(pid_t pid, enum urgency urgency)
{
    const char *wanted = getenv("TROIKA_URGENCY");
    struct sched_param param = {.sched_priority = (int)urgency};

    if (urgency != URGENCY_METRONOME && wanted && !strcmp(wanted, "no"))
        return false;
    return sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) ==
           0;
}

bool urgency_give_process(pid_t pid, enum urgency urgency)
{
    char path[64];
    const struct dirent *entry;
    bool all = true;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    tasks = opendir(path);
    if (!tasks)
        return false;
    while ((entry = readdir(tasks)))
        if (entry->d_name[0] != '.')
            all &= urgency_give(atoi(entry->d_name), urgency);
    closedir(tasks);
    return all;
}

void urgency_drop(void)
{
    struct sched_param param = {0};

    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &param);
}
