/* SPDX-License-Identifier: MIT
 *
 * A task may restrict itself to fewer CPUs than planned, as a loop per core
 * does, but not move to other CPUs.
 */
#include "inspection.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness/machine/meter/cgroup.h"
#include "harness/machine/meter/proc.h"

enum { TASKS_MAX = 512, PATHS_SIZE = 8192 };

/* The next of the meter's groups in `rest`; NULL: no more. */
static const char *next_group(char **rest)
{
    const char *line;

    while ((line = strsep(rest, "\n")))
        if (line[0] != '\0')
            return line;
    return NULL;
}

static void look_at(pid_t task, const cpu_set_t *cpus,
                    struct inspection *inspection)
{
    cpu_set_t now, common;

    if (inspection->tasks >= TASKS_MAX ||
        sched_getaffinity(task, sizeof now, &now) < 0)
        return;
    CPU_AND(&common, &now, cpus);
    inspection->tasks++;
    inspection->misplaced += !CPU_EQUAL(&common, &now);
}

static void look_at_threads(pid_t pid, const cpu_set_t *cpus,
                            struct inspection *inspection)
{
    char path[64];
    struct dirent *entry;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    tasks = opendir(path);
    while (tasks && inspection->tasks < TASKS_MAX && (entry = readdir(tasks)))
        if (atoi(entry->d_name) > 0)
            look_at((pid_t)atoi(entry->d_name), cpus, inspection);
    if (tasks)
        closedir(tasks);
}

/* Looks at every process of a group. Returns whether `root` is among them. */
static bool look_at_group(const char *directory, pid_t root,
                          const cpu_set_t *cpus, struct inspection *inspection)
{
    char path[4200];
    FILE *file;
    bool found = false;
    int pid;

    snprintf(path, sizeof path, "%.4096s/cgroup.procs", directory);
    file = fopen(path, "re");
    while (file && fscanf(file, "%d", &pid) == 1) {
        found |= pid == root;
        if (pid != root)
            look_at_threads(pid, cpus, inspection);
    }
    if (file)
        fclose(file);
    return found;
}

void inspection_make(const struct meter *meter, pid_t root,
                     const cpu_set_t *cpus, struct inspection *inspection)
{
    char paths[PATHS_SIZE] = "", *rest = paths;
    const char *group;
    int groups = 0, held = 0;

    *inspection = (struct inspection){.done = true, .in_group = -1};
    look_at_threads(root, cpus, inspection);
    meter_paths(meter, paths, sizeof paths);
    while ((group = next_group(&rest))) {
        /* Every group holds the same processes: those of the first count. */
        struct inspection other = *inspection;

        held += look_at_group(group, root, cpus,
                              groups++ == 0 ? inspection : &other);
    }
    if (groups > 0)
        inspection->in_group = held == groups;
}

static int64_t faults_of(const char *directory, const char *name)
{
    char path[4200], line[128], key[64];
    long long value, most = -1;
    FILE *file;

    snprintf(path, sizeof path, "%.4096s/memory.stat", directory);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%63s %lld", key, &value) == 2 &&
            !strcmp(strncmp(key, "total_", 6) ? key : key + 6, name) &&
            value > most)
            most = value;
    if (file)
        fclose(file);
    return most;
}

static int64_t faults(const struct meter *meter, const char *name)
{
    char paths[PATHS_SIZE] = "", *rest = paths;
    const char *group;
    int64_t most = -1;

    meter_paths(meter, paths, sizeof paths);
    while ((group = next_group(&rest))) {
        int64_t count = faults_of(group, name);

        most = count > most ? count : most;
    }
    return most;
}

int64_t inspection_faults(const struct meter *meter)
{
    return faults(meter, "pgfault");
}

int64_t inspection_major_faults(const struct meter *meter)
{
    return faults(meter, "pgmajfault");
}

/* The kernel lists listening sockets first, so reading ends at the first
 * connection and never covers a table of 20,000 of them. */
static uint64_t listeners_in(const char *path, int port)
{
    char line[512];
    FILE *file = fopen(path, "re");
    uint64_t sum = 0;

    if (!file)
        return 0;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0'; /* the head */
    while (fgets(line, sizeof line, file)) {
        unsigned local, state;
        unsigned long inode;

        if (sscanf(line, "%*s %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu",
                   &local, &state, &inode) != 3 ||
            state != TCP_LISTEN)
            break;
        if (local == (unsigned)port)
            sum += (uint64_t)inode * UINT64_C(0x9e3779b97f4a7c15);
    }
    fclose(file);
    return sum;
}

uint64_t inspection_listeners(int port)
{
    return listeners_in("/proc/net/tcp", port) +
           listeners_in("/proc/net/tcp6", port);
}

/* The pids controller counts refused tasks: by the kernel's version in the
 * group of the task that asked, or in the group that has the limit. So all
 * groups up to the mount are read. Nobody counts refusals by the other limits
 * of tasks (ulimit -u, kernel.threads-max, kernel.pid_max). Their only sign is
 * an EAGAIN in the server's words. */
enum { GROUP_PATH = 768, FILE_PATH = 900 };

/* The number behind `key` at the start of a file; -1: there is none. */
static int64_t number_in(const char *directory, const char *file,
                         const char *key)
{
    char path[FILE_PATH], text[256], *end;
    long long value;

    snprintf(path, sizeof path, "%s/%s", directory, file);
    if (meter_proc_read(path, text, sizeof text) <= 0 ||
        strncmp(text, key, strlen(key)) != 0)
        return -1;
    value = strtoll(text + strlen(key), &end, 10);
    return end != text + strlen(key) ? value : -1;
}

static int64_t refused_by(const char *directory)
{
    int64_t count = number_in(directory, "pids.events", "max ");

    return count > 0 ? count : 0;
}

/* Sums the refusals of the harness's group and of those above it, up to the
 * mount. Lowers *limit to the lowest of their limits, with its group in
 * `whose`. */
static int64_t climb(const char *controller, int64_t *limit, char *whose)
{
    char directory[GROUP_PATH], *slash;
    int64_t sum = 0, most;
    size_t top;

    if (!meter_cgroup_own(controller, directory, &top))
        return 0;
    for (;;) {
        sum += refused_by(directory);
        most = number_in(directory, "pids.max", "");
        if (most >= 0 && most < *limit) {
            *limit = most;
            strcpy(whose, directory);
        }
        slash = strrchr(directory, '/');
        if (strlen(directory) <= top || !slash)
            return sum;
        *slash = '\0';
    }
}

int64_t exhaustion_refused(const struct meter *meter)
{
    char whose[GROUP_PATH], paths[PATHS_SIZE] = "", *rest = paths;
    const char *group;
    int64_t limit = INT64_MAX;
    int64_t sum = climb("pids", &limit, whose) + climb("", &limit, whose);

    if (meter)
        meter_paths(meter, paths, sizeof paths);
    while ((group = next_group(&rest)))
        sum += refused_by(group);
    return sum;
}

static void name_group(int64_t refused, char *words, size_t size)
{
    char whose[GROUP_PATH] = "its group's";
    int64_t limit = INT64_MAX;

    climb("pids", &limit, whose);
    climb("", &limit, whose);
    snprintf(words, size, "%lld tasks refused by pids.max", (long long)refused);
    if (limit < INT64_MAX)
        snprintf(words, size, "%lld tasks refused by pids.max, %lld in %.90s",
                 (long long)refused, (long long)limit, whose);
}

static void name_limits(char *words, size_t size)
{
    struct rlimit own = {0};

    getrlimit(RLIMIT_NPROC, &own);
    snprintf(words, size,
             "tasks, %s (the server); ulimit -u %lld, kernel.threads-max "
             "%lld, kernel.pid_max %lld",
             strerror(EAGAIN), (long long)own.rlim_cur,
             (long long)number_in("/proc/sys/kernel", "threads-max", ""),
             (long long)number_in("/proc/sys/kernel", "pid_max", ""));
}

void exhaustion_judge(int64_t refused, const char *failure, const char *tail,
                      char *words, size_t size)
{
    static const int errors[] = {EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS};

    words[0] = '\0';
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const char *error = strerror(errors[i]);

        if (strstr(failure, error))
            snprintf(words, size, "%s (the generator)", error);
        else if (strstr(tail, error))
            snprintf(words, size, "%s (the server)", error);
    }
    if (refused > 0)
        name_group(refused, words, size);
    else if (strstr(tail, strerror(EAGAIN)))
        name_limits(words, size);
}
