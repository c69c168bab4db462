/* SPDX-License-Identifier: MIT
 *
 * Looks at a server from outside: whether it runs on its CPUs and in its
 * control groups, what the groups count that must not happen in a window, and
 * whether a limit of the system was hit.
 */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/machine/meter/meter.h"

struct inspection {
    bool done;
    int tasks;     /* that were looked at: all of the server's, at most 512 */
    int misplaced; /* of these, tasks that may run on other CPUs than planned */
    int in_group;  /* 1: the server is in all of its groups, 0: it is not, -1:
                      it has no group */
};

/* Looks at every task of `root` and of the meter's groups. */
void inspection_make(const struct meter *meter, pid_t root,
                     const cpu_set_t *cpus, struct inspection *inspection);

/* A number for the set of sockets that listen on a port: another set has
 * another number. 0: there is no such socket. */
uint64_t inspection_listeners(int port);

/* Page faults of the tree since it started, minor ones included; -1: it has no
 * group. */
int64_t inspection_faults(const struct meter *meter);

/* Major page faults of the tree since it started; -1: it has no group. */
int64_t inspection_major_faults(const struct meter *meter);

/* How many tasks the pids controller has refused so far, in the meter's groups
 * (NULL: none yet), in the harness's group and in those above it. Only the
 * growth of this number has a meaning. */
int64_t exhaustion_refused(const struct meter *meter);

/* Names the limit of the system that generator or server ran into, or writes
 * "": a trial that hits a limit measures the limit. `refused` is the growth of
 * exhaustion_refused, `failure` the generator's first failure, `tail` the
 * server's last lines. */
void exhaustion_judge(int64_t refused, const char *failure, const char *tail,
                      char *words, size_t size);
