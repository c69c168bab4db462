/* SPDX-License-Identifier: MIT
 *
 * How quiet the machine is right now, measured for about a second: what other
 * processes take of the CPUs, what the hypervisor takes, and how late a timer
 * is.
 */
#pragma once

#include <stdint.h>

struct noise {
    double foreign_share; /* of all CPUs, used by others: 0 to 1; -1 unknown */
    double steal_share;   /* of all CPUs, taken by the hypervisor */
    int64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns;
};

/* Blocks for about a second. Returns 0, or a negative errno when /proc/stat
 * cannot be read (the shares are then -1; lateness is set all the same). */
int noise_measure(struct noise *noise);
