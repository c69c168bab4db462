/* SPDX-License-Identifier: MIT
 *
 * How this machine shares a core: for how long one of two busy threads runs
 * before it is the other's turn, and what others (the hypervisor, interrupts,
 * the kernel's own threads) take of a core meanwhile. Both are seen by a thread
 * that does nothing but read the clock: where two readings lie far apart, it
 * did not run.
 */
#pragma once

#include <sched.h>

struct turns {
    double quantum_ns;            /* run of one of two, in the middle of the
                                     time */
    double stall_share, stall_ns; /* of a thread that is alone: share of the
                                     time, and mean length */
};

/* Takes about a second, on the first of the CPUs. Returns 0 or a negative
 * errno: -ENODATA if the two threads never took turns. */
int turns_measure(const cpu_set_t *cpus, struct turns *turns);
