/* SPDX-License-Identifier: MIT
 *
 * First in, first out: no time slices, for none of them works for long. The
 * kernel's own guard lets others have 5 % of a CPU even if one of them never
 * sleeps again.
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
