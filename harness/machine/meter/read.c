/* SPDX-License-Identifier: MIT
 *
 * Reading a tree's groups: memory, CPU and who is in them.
 *
 * Exactness. The kernel charges memory per CPU in batches of 64 pages taken
 * ahead, and brings memory.stat up to date when 64 pages x CPUs have changed
 * or every 2 s; so a total may be off by up to 256 KiB for each CPU that the
 * tree ran on. CPU totals are exact but for the slice that a running thread
 * is in (a scheduler tick); the split into user and system is sampled by the
 * tick and scaled to the exact total.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"

static bool read_at(const char *dir, const char *file, char *text, size_t size)
{
    char path[900];

    snprintf(path, sizeof path, "%s/%s", dir, file);
    return meter_proc_read(path, text, size) > 0;
}

static int64_t read_number(const char *dir, const char *file)
{
    char text[64];

    return read_at(dir, file, text, sizeof text) ? strtoll(text, NULL, 10) : -1;
}

/* A difference or sum that is unknown when a part is. */
static int64_t less(int64_t whole, int64_t part)
{
    return whole < 0 || part < 0 ? -1 : whole > part ? whole - part : 0;
}

static int64_t plus(int64_t a, int64_t b)
{
    return a < 0 || b < 0 ? -1 : a + b;
}

static void read_memory_v2(const char *dir, struct meter_sample *sample)
{
    char stat[8192];
    int64_t current = read_number(dir, "memory.current");

    if (!read_at(dir, "memory.stat", stat, sizeof stat))
        return;
    /* "file" has tmpfs and shared memory in it, which the server made; the
     * rest is cache of disk files, which the machine would drop at need. */
    int64_t shared = meter_proc_field(stat, "shmem");
    int64_t cache = less(meter_proc_field(stat, "file"), shared);
    sample->total_bytes = less(current, cache);
    sample->user_bytes = plus(meter_proc_field(stat, "anon"), shared);
    sample->kernel_stack_bytes = meter_proc_field(stat, "kernel_stack");
    sample->page_table_bytes = meter_proc_field(stat, "pagetables");
    sample->slab_bytes = meter_proc_field(stat, "slab");
    sample->socket_bytes = meter_proc_field(stat, "sock");
}

static void read_memory_v1(const char *dir, struct meter_sample *sample,
                           int64_t *kernel_bytes)
{
    char stat[8192];
    int64_t usage = read_number(dir, "memory.usage_in_bytes");

    if (!read_at(dir, "memory.stat", stat, sizeof stat))
        return;
    int64_t shared = meter_proc_field(stat, "total_shmem");
    int64_t cache = less(meter_proc_field(stat, "total_cache"), shared);
    sample->socket_bytes = read_number(dir, "memory.kmem.tcp.usage_in_bytes");
    sample->user_bytes = plus(meter_proc_field(stat, "total_rss"), shared);
    /* Socket buffers have a counter of their own, not part of the usage. */
    sample->total_bytes = less(usage, cache);
    if (sample->socket_bytes > 0)
        sample->total_bytes = plus(sample->total_bytes, sample->socket_bytes);
    *kernel_bytes = read_number(dir, "memory.kmem.usage_in_bytes");
}

void meter_cgroup_memory(const struct meter_cgroup *groups,
                         struct meter_sample *sample, int64_t *kernel_bytes)
{
    *kernel_bytes = -1;
    if (groups->v2_memory)
        read_memory_v2(groups->path[METER_GROUP_V2], sample);
    else if (*groups->path[METER_GROUP_MEMORY])
        read_memory_v1(groups->path[METER_GROUP_MEMORY], sample, kernel_bytes);
}

static bool read_cpu_v1(const char *dir, struct meter_sample *sample)
{
    char stat[256];
    int64_t user, system, total = read_number(dir, "cpuacct.usage");

    if (total < 0 || !read_at(dir, "cpuacct.stat", stat, sizeof stat))
        return false;
    user = read_number(dir, "cpuacct.usage_user");
    system = read_number(dir, "cpuacct.usage_sys");
    if (user < 0 || system < 0) {
        user = meter_proc_field(stat, "user");
        system = meter_proc_field(stat, "system");
    }
    double share =
        user + system > 0 ? (double)user / (double)(user + system) : 1;
    sample->cpu_user_ns = (int64_t)((double)total * share);
    sample->cpu_system_ns = total - sample->cpu_user_ns;
    return true;
}

bool meter_cgroup_cpu(const struct meter_cgroup *groups,
                      struct meter_sample *sample)
{
    char stat[4096];

    /* cpu.stat has usage in every v2 group, whatever controllers are on. */
    if (*groups->path[METER_GROUP_V2] &&
        read_at(groups->path[METER_GROUP_V2], "cpu.stat", stat, sizeof stat)) {
        int64_t user = meter_proc_field(stat, "user_usec");
        int64_t system = meter_proc_field(stat, "system_usec");
        if (user >= 0 && system >= 0) {
            sample->cpu_user_ns = user * 1000;
            sample->cpu_system_ns = system * 1000;
            return true;
        }
    }
    return *groups->path[METER_GROUP_CPU] &&
           read_cpu_v1(groups->path[METER_GROUP_CPU], sample);
}

static const char *member_directory(const struct meter_cgroup *groups)
{
    for (int i = 0; i < METER_GROUPS; i++)
        if (*groups->path[i])
            return groups->path[i];
    return "";
}

static int count_lines(const char *dir, const char *file)
{
    char path[900], text[32768];
    int lines = 0;
    ssize_t n;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while ((n = read(fd, text, sizeof text)) > 0 || (n < 0 && errno == EINTR))
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    close(fd);
    return lines;
}

void meter_cgroup_count(const struct meter_cgroup *groups, int *processes,
                        int *threads)
{
    const char *dir = member_directory(groups);

    *processes = count_lines(dir, "cgroup.procs");
    *threads = count_lines(dir, *groups->path[METER_GROUP_V2] ? "cgroup.threads"
                                                              : "tasks");
}

int meter_cgroup_pids(const struct meter_cgroup *groups,
                      struct meter_pids *pids)
{
    char path[900];
    int pid, result = 0;

    pids->count = 0;
    snprintf(path, sizeof path, "%s/cgroup.procs", member_directory(groups));
    FILE *list = fopen(path, "re");
    if (!list)
        return -errno;
    while (result == 0 && fscanf(list, "%d", &pid) == 1)
        if (pid > 1)
            result = meter_proc_add(pids, pid);
    fclose(list);
    return result;
}

int64_t meter_cgroup_pressure_ns(const struct meter_cgroup *groups)
{
    char text[512];
    const char *at;

    if (!*groups->path[METER_GROUP_V2] ||
        !read_at(groups->path[METER_GROUP_V2], "cpu.pressure", text,
                 sizeof text))
        return -1;
    at = strstr(text, "total=");
    return strncmp(text, "some", 4) != 0 || at == NULL
               ? -1
               : strtoll(at + strlen("total="), NULL, 10) * 1000;
}
