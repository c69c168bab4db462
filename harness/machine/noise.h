/* SPDX-License-Identifier: MIT
 *
 * How quiet the machine is right now, measured for about a second: what other
 * processes take of the CPUs, what the hypervisor takes, and how late a timer
 * is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* How quiet a machine must be: the doctor, the gates and the wait of a run
 * judge by the same limits. Shares of all CPUs, 0 to 1: what others may use,
 * and what the hypervisor may take. A gate adds what its short window cannot
 * tell. Less stolen time than the limit is scatter like any other; what it does
 * to response times the gates of lateness see, request by request. */
static const double QUIET_FOREIGN_SHARE = 0.05;
static const double QUIET_STEAL_SHARE = 0.03;

enum { NOISE_PROCESSES = 3 };

/* Another process that used the CPUs meanwhile. */
struct noise_process {
    int pid;
    double share; /* of all CPUs: 0 to 1 */
    char name[32];
};

struct noise {
    double foreign_share; /* of all CPUs, used by others: 0 to 1; -1 unknown */
    double steal_share;   /* of all CPUs, taken by the hypervisor */
    int64_t lateness_p50_ns, lateness_p99_ns, lateness_max_ns;
    struct noise_process processes[NOISE_PROCESSES]; /* those that used most */
    int process_count;
};

/* Blocks for about a second. Returns 0, or a negative errno when /proc/stat
 * cannot be read (the shares are then -1; lateness is set all the same). */
int noise_measure(struct noise *noise);

/* "clang (pid 41, 38 %), tar (pid 17, 9 %)": those that used 1 % and more, or
 * "none that /proc shows". Returns text. */
char *noise_culprits(const struct noise *noise, char *text, size_t size);
