/* SPDX-License-Identifier: MIT
 *
 * First in, first out: no time slices, for none of them works for long. The
 * kernel's own guard lets others have 5 % of a CPU even if one of them never
 * sleeps again.
 */
#include "urgency.h"

#include <sched.h>
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

void urgency_drop(void)
{
    struct sched_param param = {0};

    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &param);
}
