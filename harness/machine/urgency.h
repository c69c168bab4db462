/* SPDX-License-Identifier: MIT
 *
 * The instrument before what it measures: where CPU-bound servers may use the
 * clients' CPUs too, generator and backend would wait for a time slice of
 * theirs, and their lateness be taken for the server's. Real-time priority,
 * where permitted, gets them the CPU at once; nice would not, for the kernel
 * weighs it among the processes of one session or group alone.
 *
 * The metronome stands above all, then the harness while it samples a window,
 * then the backend, and the generator, whose batches are the longest. A closed
 * loop on its server's own CPUs has none: it would take them from the server.
 * TROIKA_URGENCY=no leaves all at their place, for comparing.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum urgency {
    URGENCY_GENERATOR = 1,
    URGENCY_BACKEND,
    URGENCY_SAMPLER,
    URGENCY_METRONOME,
};

/* Gives it to a process (0: the caller), not to what that will start. Returns
 * whether it is permitted. */
bool urgency_give(pid_t pid, enum urgency urgency);

/* Gives the priority to every thread that the process has by now. */
bool urgency_give_process(pid_t pid, enum urgency urgency);

/* The caller is as all others again. */
void urgency_drop(void);
