/* SPDX-License-Identifier: MIT
 *
 * Each limit is checked as a pair: how many there are now, and how many are
 * allowed. The machine's threads (/proc/loadavg) are compared with
 * kernel.threads-max, kernel.pid_max and ulimit -u, the control group's with
 * its pids.max, and the process's mappings with vm.max_map_count.
 *
 * The kernel does not reuse process numbers below 300 (RESERVED_PIDS). The
 * slack is there because a thread that failed has released its share again.
 */
#include "limits.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "models/runtime/http/http.h"
#include "models/runtime/workload.h"

enum { RESERVED_PIDS = 300, SLACK = 16 };

long long limits_number(const char *path)
{
    FILE *file = fopen(path, "re");
    long long number = -1;

    if (file && fscanf(file, "%lld", &number) != 1)
        number = -1;
    if (file)
        fclose(file);
    return number;
}

static long long lines_in(const char *path)
{
    FILE *file = fopen(path, "re");
    long long lines = 0;
    int c;

    while (file && (c = getc(file)) != EOF)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

/* All threads of the machine, or -1. */
static long long threads_now(void)
{
    FILE *file = fopen("/proc/loadavg", "re");
    long long threads = -1;

    if (file && fscanf(file, "%*s %*s %*s %*d/%lld", &threads) != 1)
        threads = -1;
    if (file)
        fclose(file);
    return threads;
}

static bool used_up(long long now, long long most)
{
    return now >= 0 && most >= 0 && now + SLACK >= most;
}

/* Whether the control group at that path, or one above it, has used up its
 * pids.max. If so, appends the limit. */
static bool group_full(const char *mount, char *group, struct reply *reply)
{
    char path[512];

    for (;;) {
        snprintf(path, sizeof path, "%s%s/pids.current", mount, group);
        long long now = limits_number(path);
        snprintf(path, sizeof path, "%s%s/pids.max", mount, group);
        long long most = limits_number(path);
        if (used_up(now, most)) {
            (void)reply_printf(reply, "pids.max = %lld of the control group %s",
                               most, group[0] ? group : "/");
            return true;
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
}

/* Control groups version 1 have a hierarchy of their own for pids; version 2
 * has only one hierarchy. */
static bool some_group_full(struct reply *reply)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[512];
    bool found = false;

    while (file && !found && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = 0;
        group[strcspn(group, "\n")] = 0;
        if (strcmp(controllers, ":") == 0)
            found = group_full("/sys/fs/cgroup", group, reply);
        else if (strcmp(controllers, ":pids") == 0)
            found = group_full("/sys/fs/cgroup/pids", group, reply);
    }
    if (file)
        fclose(file);
    return found;
}

static bool user_full(long long threads, struct reply *reply)
{
    struct rlimit limit;

    if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &limit) < 0 ||
        limit.rlim_cur == RLIM_INFINITY ||
        !used_up(threads, (long long)limit.rlim_cur))
        return false;
    (void)reply_printf(reply, "ulimit -u = %llu",
                       (unsigned long long)limit.rlim_cur);
    return true;
}

/* The limits that are one number in a file. */
static bool number_full(long long threads, struct reply *reply)
{
    const struct {
        const char *name, *path;
        long long now;
    } limits[] = {
        {"kernel.pid_max", "/proc/sys/kernel/pid_max", threads + RESERVED_PIDS},
        {"kernel.threads-max", "/proc/sys/kernel/threads-max", threads},
        {"vm.max_map_count", "/proc/sys/vm/max_map_count",
         lines_in("/proc/self/maps")},
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        long long most = limits_number(limits[i].path);
        if (!used_up(limits[i].now, most))
            continue;
        (void)reply_printf(reply, "%s = %lld", limits[i].name, most);
        return true;
    }
    return false;
}

/* Appends the limit that is used up. False: none is. */
static bool name_limit(int error, struct reply *reply)
{
    struct rlimit limit = {0};

    if (error == -EMFILE) {
        getrlimit(RLIMIT_NOFILE, &limit);
        (void)reply_printf(reply, "ulimit -n = %llu (descriptors)",
                           (unsigned long long)limit.rlim_cur);
        return true;
    }
    if (error != -EAGAIN && error != -ENOMEM)
        return false;
    long long threads = threads_now();
    return some_group_full(reply) || number_full(threads, reply) ||
           user_full(threads, reply);
}

void limits_explain(int error, struct reply *reply)
{
    if (name_limit(error, reply))
        return;
    (void)reply_printf(reply, "%s",
                       error == -ENOMEM   ? "out of memory"
                       : error == -ECHILD ? "a task died"
                                          : strerror(-error));
}

void limits_print(const char *what, int error)
{
    struct reply reply;
    size_t size;

    reply_init(&reply);
    bool named = name_limit(error, &reply);
    const char *name = reply_body(&reply, &size);
    fprintf(stderr, "%s: cannot serve: %s%s%.*s\n", what, strerror(-error),
            named ? "; used up: " : "", (int)size, name);
    reply_free(&reply);
}
