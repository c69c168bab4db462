/* SPDX-License-Identifier: MIT
 *
 * A process that ended in the span is missed. That does no harm: users are
 * shown these processes so that they can end them or wait for them.
 */
#include "process_times.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The name is in parentheses and may hold any character, also parentheses. */
static bool parse(char *line, struct process_time *time)
{
    char *open = strchr(line, '('), *close = strrchr(line, ')');
    long long user, system;

    if (!open || !close || close < open)
        return false;
    *close = '\0';
    time->pid = atoi(line);
    snprintf(time->name, sizeof time->name, "%s", open + 1);
    for (char *at = time->name; *at != '\0'; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
    if (sscanf(close + 1,
               " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld",
               &time->parent, &user, &system) != 3)
        return false;
    time->ticks = user + system;
    return true;
}

static bool read_one(const char *pid, struct process_time *time)
{
    char path[300], line[1024];
    FILE *file;
    bool got;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    file = fopen(path, "re");
    if (!file)
        return false;
    got = fgets(line, sizeof line, file) && parse(line, time);
    fclose(file);
    return got;
}

void process_times_read(struct process_times *times)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    size_t room = 0;

    *times = (struct process_times){0};
    while (directory && (entry = readdir(directory))) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        if (times->count == room) {
            size_t more = room > 0 ? 2 * room : 256;
            void *all = realloc(times->all, more * sizeof *times->all);

            if (!all)
                break;
            times->all = all;
            room = more;
        }
        if (read_one(entry->d_name, &times->all[times->count]))
            times->count++;
    }
    if (directory)
        closedir(directory);
}

void process_times_free(struct process_times *times)
{
    free(times->all);
    *times = (struct process_times){0};
}

static const struct process_time *find(const struct process_times *times,
                                       int pid)
{
    for (size_t i = 0; i < times->count; i++)
        if (times->all[i].pid == pid)
            return &times->all[i];
    return NULL;
}

/* Whether `process` is this process or a descendant of it. */
static bool is_own(const struct process_times *times,
                   const struct process_time *process)
{
    int own = getpid();

    for (size_t depth = 0; process && depth < times->count; depth++) {
        if (process->pid == own)
            return true;
        process = find(times, process->parent);
    }
    return false;
}

/* Inserts `process` into `most`, which is sorted. Returns the new count. */
static int insert(struct process_time *most, int count, int size,
                  const struct process_time *process)
{
    int at = count < size ? count : size - 1;

    if (count == size && most[at].ticks >= process->ticks)
        return count;
    for (; at > 0 && most[at - 1].ticks < process->ticks; at--)
        most[at] = most[at - 1];
    most[at] = *process;
    return count < size ? count + 1 : size;
}

int process_times_most(const struct process_times *before,
                       struct process_time *most, int size)
{
    struct process_times now;
    int count = 0;

    process_times_read(&now);
    for (size_t i = 0; i < now.count; i++) {
        struct process_time process = now.all[i];
        const struct process_time *then = find(before, process.pid);

        process.ticks -= then ? then->ticks : 0;
        if (process.ticks > 0 && !is_own(&now, &process))
            count = insert(most, count, size, &process);
    }
    process_times_free(&now);
    return count;
}
