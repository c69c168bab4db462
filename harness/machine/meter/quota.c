/* SPDX-License-Identifier: MIT
 *
 * A quota of CPU time, and what quotas took away.
 *
 * The controller `cpu` may be in v2, in a v1 hierarchy of its own, or in one v1
 * hierarchy with cpuacct (cpu,cpuacct, as systemd mounts them). A process is in
 * one group of each hierarchy, so in the last case the group of CPU time gets
 * the quota as well.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_files.h"

enum { PERIOD_US = 100000 }; /* the kernel's own default */

static const char V1_FILE[] = "cpu.cfs_quota_us", V2_FILE[] = "cpu.max";

static bool set(const char *dir, const char *file, const char *text)
{
    char path[METER_FILE_PATH];

    snprintf(path, sizeof path, "%s/%s", dir, file);
    return meter_cgroup_write(path, text);
}

/* Enables the controller for the v2 group, if it is not. */
static bool has_v2(const struct meter_cgroup *groups)
{
    const char *dir = groups->path[METER_GROUP_V2];
    char parent[METER_GROUP_PATH];

    if (!*dir)
        return false;
    if (meter_cgroup_has_file(dir, V2_FILE))
        return true;
    snprintf(parent, sizeof parent, "%s", dir);
    *strrchr(parent, '/') = '\0';
    set(parent, "cgroup.subtree_control", "+cpu");
    return meter_cgroup_has_file(dir, V2_FILE);
}

/* The directory of the v1 group that the quota is for, or NULL with *error. */
static const char *find_v1(struct meter_cgroup *groups, const char *name,
                           int *error)
{
    char *own = groups->path[METER_GROUP_QUOTA];

    if (*groups->path[METER_GROUP_CPU] &&
        meter_cgroup_has_file(groups->path[METER_GROUP_CPU], V1_FILE))
        return groups->path[METER_GROUP_CPU];
    if (!*own)
        *error = meter_cgroup_make_v1(groups, METER_GROUP_QUOTA, "cpu", name);
    return *own && meter_cgroup_has_file(own, V1_FILE) ? own : NULL;
}

int meter_cgroup_limit_cpu(struct meter_cgroup *groups, const char *name,
                           double cpus)
{
    char text[64];
    long long quota_us = llround(cpus * PERIOD_US);
    int error = -ENOENT;

    if (has_v2(groups)) {
        snprintf(text, sizeof text, "%lld %d", quota_us, PERIOD_US);
        return set(groups->path[METER_GROUP_V2], V2_FILE, text) ? 0 : -errno;
    }
    const char *dir = find_v1(groups, name, &error);
    if (!dir)
        return error < 0 ? error : -ENOENT;
    snprintf(text, sizeof text, "%d", PERIOD_US);
    if (!set(dir, "cpu.cfs_period_us", text))
        return -errno;
    snprintf(text, sizeof text, "%lld", quota_us);
    return set(dir, V1_FILE, text) ? 0 : -errno;
}

/* What a group's cpu.stat counts; -1: nothing. v1 has nanoseconds. */
static int64_t throttled_at(const char *dir)
{
    char path[METER_FILE_PATH], text[4096];

    snprintf(path, sizeof path, "%s/cpu.stat", dir);
    if (meter_proc_read(path, text, sizeof text) <= 0)
        return -1;
    int64_t ns = meter_proc_field(text, "throttled_time");
    int64_t us = meter_proc_field(text, "throttled_usec");
    return ns >= 0 ? ns : us >= 0 ? us * 1000 : -1;
}

/* Adds a group's count to the sum, unless it counts nothing. */
static void add(const char *dir, int64_t *sum_ns)
{
    int64_t ns = throttled_at(dir);

    if (ns >= 0)
        *sum_ns = (*sum_ns < 0 ? 0 : *sum_ns) + ns;
}

/* Adds up the groups from `dir` to the top of its hierarchy. */
static void add_up(char *dir, size_t top, int64_t *sum_ns)
{
    for (;;) {
        add(dir, sum_ns);
        char *slash = strrchr(dir, '/');
        if (!slash || (size_t)(slash - dir) < top)
            return;
        *slash = '\0';
    }
}

/* The tree's group in the v1 hierarchy of the controller, or "". */
static const char *own_v1(const struct meter_cgroup *groups)
{
    const char *cpu = groups->path[METER_GROUP_CPU];

    return *cpu && meter_cgroup_has_file(cpu, V1_FILE)
               ? cpu
               : groups->path[METER_GROUP_QUOTA];
}

void meter_cgroup_throttled(const struct meter_cgroup *groups,
                            struct meter_throttled *throttled)
{
    const struct {
        const char *controller, *own;
    } hierarchies[] = {{"", groups->path[METER_GROUP_V2]},
                       {"cpu", own_v1(groups)}};

    *throttled = (struct meter_throttled){-1, -1};
    for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
        const char *own = hierarchies[i].own;
        char dir[METER_GROUP_PATH];
        size_t top;

        if (!meter_cgroup_own(hierarchies[i].controller, dir, &top))
            continue;
        /* The tree's group is below this process's own group, or beside it: its
         * parent is in either case among those that are gone through. */
        if (*own)
            add(own, &throttled->own_ns);
        add_up(dir, top, &throttled->around_ns);
    }
}
