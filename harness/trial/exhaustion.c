/* SPDX-License-Identifier: MIT
 *
 * The pids controller counts what it refuses, in the group of the task that
 * asked or in the one that has the limit, by the kernel's version: so all
 * groups up to the mount are looked at. Other limits of tasks (ulimit -u,
 * kernel.threads-max, kernel.pid_max) count nothing: what is known of them is
 * an EAGAIN in the server's words, and their values.
 */
#include "exhaustion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness/machine/meter/cgroup.h"
#include "harness/machine/meter/proc.h"

enum { GROUP_PATH = 768, FILE_PATH = 900 };

/* The number behind `key` in a file of the group; -1: there is none. */
static int64_t number_in(const char *directory, const char *file,
                         const char *key)
{
    char path[FILE_PATH], text[256], *end;
    long long value;

    snprintf(path, sizeof(path), "%s/%s", directory, file);
    if (meter_proc_read(path, text, sizeof(text)) <= 0 ||
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

/* The harness's group and those above it, up to the mount: their refusals, and
 * the lowest limit with whose it is. */
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
        if (strlen(directory) <= top || slash == NULL)
            return sum;
        *slash = '\0';
    }
}

int64_t exhaustion_refused(const struct meter *meter)
{
    char whose[GROUP_PATH], paths[8192] = "", *rest = paths, *line;
    int64_t limit = INT64_MAX;
    int64_t sum = climb("pids", &limit, whose) + climb("", &limit, whose);

    if (meter != NULL)
        meter_paths(meter, paths, sizeof(paths));
    while ((line = strsep(&rest, "\n")) != NULL)
        sum += line[0] != '\0' ? refused_by(line) : 0;
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
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        const char *error = strerror(errors[i]);

        if (strstr(failure, error) != NULL)
            snprintf(words, size, "%s (the generator)", error);
        else if (strstr(tail, error) != NULL)
            snprintf(words, size, "%s (the server)", error);
    }
    if (refused > 0)
        name_group(refused, words, size);
    else if (strstr(tail, strerror(EAGAIN)) != NULL)
        name_limits(words, size);
}
