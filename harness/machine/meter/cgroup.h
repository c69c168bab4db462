/* SPDX-License-Identifier: MIT
 *
 * The cgroups of one tree: finds where groups can be made; makes, enters,
 * reads, kills and removes them. Root is not needed; a delegated v2 subtree is
 * enough.
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
    METER_GROUP_QUOTA,  /* v1 cpu, only for a quota and only if cpuacct is in
                           another hierarchy */
    METER_GROUPS,
};

struct meter_cgroup {
    char path[METER_GROUPS][768]; /* "": none */
    int enter_fd[METER_GROUPS];   /* cgroup.procs, or -1 */
    bool v2_memory;
};

/* Makes the groups that are possible, under the name. `v1` and `v2` say which
 * kinds may be used. `note` gets the reason why something is missing, or "".
 * Returns the number of groups. */
int meter_cgroup_make(struct meter_cgroup *groups, const char *name, bool v1,
                      bool v2, char *note, size_t note_size);

/* Lets the groups' members together use so many CPUs (1.5: 150 ms of CPU time
 * in each 100 ms), by the kernel's CFS bandwidth control: cpu.max in v2,
 * cpu.cfs_quota_us in v1 (Documentation/scheduler/sched-bwc.rst). May make one
 * more group of that name, so call before anything enters. Returns 0, -ENOENT
 * if there is no controller that this process may use, or what the kernel says.
 */
int meter_cgroup_limit_cpu(struct meter_cgroup *groups, const char *name,
                           double cpus);

/* Reads what quotas took away. */
void meter_cgroup_throttled(const struct meter_cgroup *groups,
                            struct meter_throttled *throttled);

/* Finds the directory of this process's own group in the v1 hierarchy of
 * `controller`, or in v2 (""). *top gets the length of the mount point's path,
 * where the hierarchy ends. */
bool meter_cgroup_own(const char *controller, char dir[768], size_t *top);

/* Moves the calling process into the groups. Async-signal-safe. */
int meter_cgroup_enter(const struct meter_cgroup *groups);

bool meter_cgroup_any(const struct meter_cgroup *groups);
bool meter_cgroup_has_memory(const struct meter_cgroup *groups);

/* Fills in the memory fields; *kernel_bytes gets all kernel memory if that is
 * one figure (v1), else -1. */
void meter_cgroup_memory(const struct meter_cgroup *groups,
                         struct meter_sample *sample, int64_t *kernel_bytes);

/* Fills in the CPU fields. Returns false if no group has them. */
bool meter_cgroup_cpu(const struct meter_cgroup *groups,
                      struct meter_sample *sample);

/* How long at least one task waited for a CPU, from the v2 group; -1: the
 * kernel does not count it. */
int64_t meter_cgroup_pressure_ns(const struct meter_cgroup *groups);

/* Count the members without listing them; list the processes. */
void meter_cgroup_count(const struct meter_cgroup *groups, int *processes,
                        int *threads);
int meter_cgroup_pids(const struct meter_cgroup *groups,
                      struct meter_pids *pids);

/* Kills all members of one group and waits up to `wait_ns` until it is empty
 * (returns 0 or -EBUSY); removes one group. The guardian uses both too. */
int meter_cgroup_kill_at(const char *path, int64_t wait_ns);
void meter_cgroup_remove_at(const char *path);

/* Removes the empty groups of processes that have ended, and of `dead`, which
 * may still be a zombie. Returns how many are not empty. */
int meter_cgroup_sweep(pid_t dead);

/* Removes the groups and closes their descriptors. */
void meter_cgroup_free(struct meter_cgroup *groups);
