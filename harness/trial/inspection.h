/* SPDX-License-Identifier: MIT
 *
 * Whether a server is where it was put: on its CPUs and in its groups; and
 * what its groups count that must not happen in a window.
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
    int tasks;     /* looked at: all of the server's, but 512 at most */
    int misplaced; /* of these, allowed on a CPU that was not planned */
    int in_group;  /* 1: the server is in its group, 0: not, -1: no group */
};

/* Looks at every task of `root` and of the meter's groups. */
void inspection_make(const struct meter *meter, pid_t root,
                     const cpu_set_t *cpus, struct inspection *inspection);

/* The sockets that listen on a port, as one number: another one as soon as one
 * of them is another. 0: none is seen. */
uint64_t inspection_listeners(int port);

/* All page faults, minor ones included; -1 without a group. */
int64_t inspection_faults(const struct meter *meter);

/* Major page faults of the tree since it started, or -1 without a group. */
int64_t inspection_major_faults(const struct meter *meter);

/* Whether generator or server ran into a limit of the system: a trial that
 * did measures the limit.
 */
/* How often a task was refused so far by the pids groups that hold the
 * harness, those above them, and the meter's own (NULL: none yet). Only its
 * growth has a meaning. */
int64_t exhaustion_refused(const struct meter *meter);

/* Who ran out of what into `words`, or "": judged by the growth of the above,
 * the words of the generator's first failure and the server's last lines. */
void exhaustion_judge(int64_t refused, const char *failure, const char *tail,
                      char *words, size_t size);
