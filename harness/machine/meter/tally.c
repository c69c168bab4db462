/* SPDX-License-Identifier: MIT
 *
 * A perf event in cgroup mode belongs to one CPU and counts while a member of
 * the group runs there. So nothing is lost when a task ends, and tasks need not
 * be found one by one.
 *
 * The numbers of tracepoints are in tracefs, which may not be mounted. Then a
 * detached mount is used, which vanishes when it is closed.
 */
#include "tally.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

struct tally {
    int cpus;
    int *fds[TALLY_KINDS]; /* one per CPU; NULL: the kind cannot be counted */
};

struct kind {
    const char *name;
    const char *tracepoint; /* NULL: a software counter */
    const char *filter;
};

/* CLONE_THREAD is 0x10000. */
static const struct kind kinds[TALLY_KINDS] = {
    [TALLY_SWITCHES] = {"switches", NULL, NULL},
    [TALLY_SYSTEM_CALLS] = {"system_calls", "raw_syscalls/sys_enter", NULL},
    [TALLY_THREADS] = {"threads_started", "task/task_newtask",
                       "clone_flags & 65536"},
    [TALLY_PROCESSES] = {"processes_started", "task/task_newtask",
                         "!(clone_flags & 65536)"},
};

const char *tally_name(enum tally_kind kind)
{
    return kinds[kind].name;
}

/* Opens tracefs, which has "events". Returns a descriptor or a negative errno.
 */
static int open_tracefs(void)
{
    int fd = open("/sys/kernel/tracing", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int context, result = -ENOENT;

    if (fd >= 0 && faccessat(fd, "events", F_OK, 0) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    context = fsopen("tracefs", FSOPEN_CLOEXEC);
    if (context < 0)
        return -errno;
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
        result = fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (result < 0 && result != -ENOENT)
        result = -errno;
    close(context);
    return result;
}

/* Returns the tracepoint's number or a negative errno. */
static int64_t tracepoint_id(int tracefs, const char *name)
{
    char path[96], text[32];
    ssize_t n;
    int fd;

    if (tracefs < 0)
        return tracefs;
    snprintf(path, sizeof path, "events/%s/id", name);
    fd = openat(tracefs, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return -EIO;
    text[n] = '\0';
    return strtoll(text, NULL, 10);
}

static void close_kind(struct tally *tally, int kind)
{
    for (int cpu = 0; tally->fds[kind] && cpu < tally->cpus; cpu++)
        if (tally->fds[kind][cpu] >= 0)
            close(tally->fds[kind][cpu]);
    free(tally->fds[kind]);
    tally->fds[kind] = NULL;
}

/* Opens one event of the group on one CPU. Returns a descriptor or a negative
 * errno. */
static int open_event(struct perf_event_attr *attr, const struct kind *kind,
                      int group, int cpu)
{
    int error;
    int fd = (int)syscall(SYS_perf_event_open, attr, group, cpu, -1,
                          PERF_FLAG_PID_CGROUP |
                              (unsigned long)PERF_FLAG_FD_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (!kind->filter ||
        ioctl(fd, PERF_EVENT_IOC_SET_FILTER, kind->filter) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

static int open_kind(struct tally *tally, int at, int group, int tracefs)
{
    const struct kind *kind = &kinds[at];
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_SW_CONTEXT_SWITCHES};
    int *fds = calloc((size_t)tally->cpus, sizeof *fds);
    int result = 0;

    if (!fds)
        return -ENOMEM;
    memset(fds, 0xff, (size_t)tally->cpus * sizeof *fds);
    tally->fds[at] = fds;
    if (kind->tracepoint) {
        int64_t id = tracepoint_id(tracefs, kind->tracepoint);

        attr.type = PERF_TYPE_TRACEPOINT;
        attr.config = (uint64_t)id;
        result = id < 0 ? (int)id : 0;
    }
    for (int cpu = 0; cpu < tally->cpus && result == 0; cpu++) {
        fds[cpu] = open_event(&attr, kind, group, cpu);
        /* -ENODEV: the CPU is offline, so nothing runs on it. */
        if (fds[cpu] < 0 && fds[cpu] != -ENODEV)
            result = fds[cpu];
    }
    if (result < 0)
        close_kind(tally, at);
    return result;
}

int tally_open(const struct meter *meter, struct tally **tally, char *why,
               size_t why_size)
{
    const char *path = meter_group_v2(meter);
    struct tally *made = calloc(1, sizeof *made);
    int group, tracefs, result;

    *tally = NULL;
    if (!made)
        return -ENOMEM;
    group = *path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (group < 0) {
        snprintf(why, why_size, "the server has no cgroup v2 of its own");
        free(made);
        return -ENOENT;
    }
    made->cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
    tracefs = open_tracefs();
    result = open_kind(made, TALLY_SWITCHES, group, tracefs);
    for (int kind = TALLY_SWITCHES + 1; kind < TALLY_KINDS && result == 0;
         kind++)
        open_kind(made, kind, group, tracefs);
    if (tracefs >= 0)
        close(tracefs);
    close(group);
    if (result < 0) {
        snprintf(why, why_size, "perf_event_open: %s; run as root",
                 strerror(-result));
        tally_close(made);
        return result;
    }
    *tally = made;
    return 0;
}

void tally_read(const struct tally *tally, int64_t counts[TALLY_KINDS])
{
    for (int kind = 0; kind < TALLY_KINDS; kind++) {
        const int *fds = tally->fds[kind];

        counts[kind] = fds ? 0 : -1;
        for (int cpu = 0; fds && cpu < tally->cpus; cpu++) {
            uint64_t value;

            if (fds[cpu] < 0)
                continue;
            if (read(fds[cpu], &value, sizeof value) == sizeof value)
                counts[kind] += (int64_t)value;
        }
    }
}

void tally_close(struct tally *tally)
{
    if (!tally)
        return;
    for (int kind = 0; kind < TALLY_KINDS; kind++)
        close_kind(tally, kind);
    free(tally);
}
