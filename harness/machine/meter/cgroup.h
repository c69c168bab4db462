/* SPDX-License-Identifier: MIT
 *
 * The groups of one tree, for the meter: finds where groups can be made,
 * makes, enters, reads, kills and removes them. Nothing here needs root by
 * itself; a delegated v2 subtree is enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "meter.h"
#include "proc.h"

enum meter_group {
    METER_GROUP_V2,     /* membership, CPU, kill; memory where enabled */
    METER_GROUP_MEMORY, /* v1 */
    METER_GROUP_CPU,    /* v1 cpuacct */
    METER_GROUPS,
};

struct meter_cgroup {
    char path[METER_GROUPS][768]; /* "": not had */
    int enter_fd[METER_GROUPS];   /* cgroup.procs, or -1 */
    bool v2_memory;
};

/* Makes what groups there may be under the name. `v1`, `v2`: which kinds may
 * be used. `note` gets why something is missing, or "". Returns the number of
 * groups. */
int meter_cgroup_make(struct meter_cgroup *groups, const char *name, bool v1,
                      bool v2, char *note, size_t note_size);

/* The directory of our own group in a controller's v1 hierarchy, or "" for v2;
 * *top gets the length of the mount point, above which there is nothing. */
bool meter_cgroup_own(const char *controller, char dir[768], size_t *top);

/* Moves the calling process in. Async-signal-safe. */
int meter_cgroup_enter(const struct meter_cgroup *groups);

bool meter_cgroup_any(const struct meter_cgroup *groups);
bool meter_cgroup_has_memory(const struct meter_cgroup *groups);

/* Fills in the memory fields; *kernel_bytes is the kernel's whole part where
 * that is one figure (v1), else -1. */
void meter_cgroup_memory(const struct meter_cgroup *groups,
                         struct meter_sample *sample, int64_t *kernel_bytes);

/* Fills in CPU; returns false where no group tells. */
bool meter_cgroup_cpu(const struct meter_cgroup *groups,
                      struct meter_sample *sample);

/* How long one task or more waited for a CPU, by the v2 group's account; -1:
 * the kernel keeps none. */
int64_t meter_cgroup_pressure_ns(const struct meter_cgroup *groups);

/* Counts without a list, and the processes as a list. */
void meter_cgroup_count(const struct meter_cgroup *groups, int *processes,
                        int *threads);
int meter_cgroup_pids(const struct meter_cgroup *groups,
                      struct meter_pids *pids);

/* One directory: kills all that is in it and waits up to `wait_ns` until it
 * is empty (0 or -EBUSY); removes it. For the guardian too. */
int meter_cgroup_kill_at(const char *path, int64_t wait_ns);
void meter_cgroup_remove_at(const char *path);

/* Removes the empty groups of programs that are no more, and of `dead`, whom
 * its parent may not have waited for yet. Returns how many are not empty. */
int meter_cgroup_sweep(pid_t dead);

/* Removes the groups and closes what is open. */
void meter_cgroup_free(struct meter_cgroup *groups);
