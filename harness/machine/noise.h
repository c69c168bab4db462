/* SPDX-License-Identifier: MIT
 *
 * How quiet the machine is now, measured for about a second: the CPU time that
 * other processes and the hypervisor take, and how late timers are.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How quiet a machine must be: the largest shares of all CPUs (0 to 1) that
 * other processes may use and that the hypervisor may take. The doctor, the
 * gates and a run that waits for quiet use these limits; a gate adds the
 * uncertainty of its short window. Stolen time below the limit is part of the
 * usual scatter; its effect on single response times shows in the gates of
 * lateness. */
static const double QUIET_FOREIGN_SHARE = 0.05;
static const double QUIET_STEAL_SHARE = 0.03;

enum { NOISE_PROCESSES = 3 };

/* Another process that used CPU time meanwhile. */
struct noise_process {
    int pid;
    double share; /* of all CPUs: 0 to 1 */
    char name[32];
};

struct noise {
    double foreign_share; /* of all CPUs, used by others: 0 to 1; -1 unknown */
    double steal_share;   /* of all CPUs, taken by the hypervisor */
    int64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns;
    struct noise_process processes[NOISE_PROCESSES]; /* those that used most,
                                                        first the largest */
    int process_count;
};

/* Blocks for about a second. Returns 0, or a negative errno if /proc/stat
 * cannot be read; then the shares are -1 and the lateness is set nevertheless.
 */
int noise_measure(struct noise *noise);

/* Lists the processes that used 1 % or more: "clang (pid 41, 38 %), tar (pid
 * 17, 9 %)", or "none that /proc shows". Returns text. */
char *noise_culprits(const struct noise *noise, char *text, size_t size);
