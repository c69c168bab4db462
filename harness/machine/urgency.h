/* SPDX-License-Identifier: MIT
 *
 * Priorities that put the instrument before the server. If a CPU-bound server
 * may use the clients' CPUs too, generator and backend would have to wait for a
 * time slice, and their lateness would be taken for the server's. Real-time
 * priority, where permitted, gives them the CPU at once. A nice value would
 * not, since the kernel applies it only among the processes of one session or
 * group.
 *
 * The metronome has the highest priority; then come the harness while it
 * samples a window, the backend, and the generator, which works longest at a
 * stretch. A closed loop on its server's own CPUs gets no priority, since it
 * would take the CPUs from the server. TROIKA_URGENCY=no gives none except to
 * the metronome, for comparisons.
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

/* Gives the priority to one thread (0: the caller), but not to what it starts
 * later. Returns whether that is permitted. */
bool urgency_give(pid_t pid, enum urgency urgency);

/* Gives the priority to every thread that the process has now. */
bool urgency_give_process(pid_t pid, enum urgency urgency);

/* Gives the caller its normal priority back. */
void urgency_drop(void);
