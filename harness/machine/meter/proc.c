/* SPDX-License-Identifier: MIT
 *
 * Membership without a cgroup: a process belongs to the tree when its parent
 * does, when its session is the root's, or when it started after the root and
 * carries the tree's tag in its environment. The tag finds daemons that made a
 * session of their own and lost their parent. A daemon that also overwrites its
 * environment is missed, which is why cgroups are preferred.
 */
#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int meter_proc_add(struct meter_pids *pids, pid_t pid)
{
    if (pids->count == pids->size) {
        int size = pids->size ? pids->size * 2 : 64;
        pid_t *grown = realloc(pids->pid, (size_t)size * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        pids->pid = grown;
        pids->size = size;
    }
    pids->pid[pids->count++] = pid;
    return 0;
}

void meter_proc_free(struct meter_pids *pids)
{
    free(pids->pid);
    *pids = (struct meter_pids){0};
}

int meter_proc_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    int result = 0;

    text[0] = '\0';
    if (fd < 0)
        return -errno;
    while (length < size - 1) {
        ssize_t n = read(fd, text + length, size - 1 - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            result = -errno;
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    close(fd);
    text[length] = '\0';
    return result < 0 ? result : (int)length;
}

int64_t meter_proc_field(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line && *line;) {
        if (!strncmp(line, name, length) && strchr(": \t", line[length]) &&
            line[length])
            return strtoll(line + length + 1, NULL, 10);
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return -1;
}

/* Fields of /proc/PID/stat, by their numbers in proc(5). */
struct stat_line {
    char state;
    pid_t parent, session;
    int64_t cpu_ticks[4]; /* user and system, then both of children that were
                             waited for */
    uint64_t started;
};

static bool read_stat(pid_t pid, struct stat_line *line)
{
    char path[64], text[1024];

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (meter_proc_read(path, text, sizeof text) <= 0)
        return false;
    /* The name may hold spaces and parentheses, so parse after the last one. */
    char *at = strrchr(text, ')');
    if (!at)
        return false;
    long long ticks[4];
    unsigned long long started;
    int parent, session;
    int n = sscanf(at + 1,
                   " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u"
                   " %lld %lld %lld %lld %*d %*d %*d %*d %llu",
                   &line->state, &parent, &session, &ticks[0], &ticks[1],
                   &ticks[2], &ticks[3], &started);
    if (n != 8)
        return false;
    line->parent = parent;
    line->session = session;
    for (int i = 0; i < 4; i++)
        line->cpu_ticks[i] = ticks[i];
    line->started = started;
    return true;
}

static bool has_tag(pid_t pid, const char *tag)
{
    char path[64];
    char *line = NULL;
    size_t size = 0;
    bool found = false;

    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while (!found && getdelim(&line, &size, '\0', file) > 0)
        found = !strcmp(line, tag);
    free(line);
    fclose(file);
    return found;
}

struct candidate {
    pid_t pid, parent, session;
    bool in, tagged;
};

static int list_candidates(const char *tag, uint64_t since,
                           struct candidate **list)
{
    DIR *proc = opendir("/proc");
    int count = 0, size = 0;
    struct candidate *all = NULL;

    if (!proc)
        return -errno;
    for (struct dirent *entry; (entry = readdir(proc));) {
        struct stat_line line;
        pid_t pid = atoi(entry->d_name);
        if (!isdigit((unsigned char)entry->d_name[0]) || pid <= 1 ||
            pid == getpid() || !read_stat(pid, &line) ||
            strchr("ZXx", line.state) || line.started < since)
            continue;
        if (count == size) {
            size = size ? size * 2 : 256;
            struct candidate *grown = realloc(all, (size_t)size * sizeof *all);
            if (!grown)
                break;
            all = grown;
        }
        all[count++] = (struct candidate){.pid = pid,
                                          .parent = line.parent,
                                          .session = line.session,
                                          .tagged = has_tag(pid, tag)};
    }
    closedir(proc);
    *list = all;
    return count;
}

uint64_t meter_proc_started(pid_t pid)
{
    struct stat_line line;

    return read_stat(pid, &line) ? line.started : 0;
}

int meter_proc_tree(pid_t root, uint64_t started, const char *tag,
                    struct meter_pids *pids)
{
    struct stat_line line = {0};
    struct candidate *all = NULL;
    bool grew = true;

    pids->count = 0;
    if (root <= 1)
        return 0;
    /* What a root left behind started after it, also if the root is gone. */
    if (read_stat(root, &line) && started > 0 && line.started != started)
        root = -1;
    int count =
        list_candidates(tag, started > 0 ? started : line.started, &all);
    for (int i = 0; i < count; i++)
        all[i].in = all[i].pid == root || all[i].session == root ||
                    all[i].parent == root || all[i].tagged;
    while (grew) {
        grew = false;
        for (int i = 0; i < count; i++)
            for (int j = 0; !all[i].in && j < count; j++)
                if (all[j].in && all[j].pid == all[i].parent)
                    grew = all[i].in = true;
    }
    int result = count < 0 ? count : 0;
    for (int i = 0; i < count && result == 0; i++)
        if (all[i].in)
            result = meter_proc_add(pids, all[i].pid);
    free(all);
    return result;
}

static void add_kib(int64_t *sum, const char *text, const char *name)
{
    int64_t kib = meter_proc_field(text, name);
    if (kib > 0)
        *sum += kib * 1024;
}

static void sum_threads(pid_t pid, struct meter_sums *sums)
{
    char path[96], text[4096];

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    for (struct dirent *entry; (entry = readdir(tasks));) {
        int tid = atoi(entry->d_name);
        if (tid <= 0)
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
        if (meter_proc_read(path, text, sizeof text) <= 0)
            continue;
        int64_t yes = meter_proc_field(text, "voluntary_ctxt_switches");
        int64_t no = meter_proc_field(text, "nonvoluntary_ctxt_switches");
        sums->switches_voluntary += yes > 0 ? yes : 0;
        sums->switches_involuntary += no > 0 ? no : 0;
        sums->threads_ready += strstr(text, "\nState:\tR") != NULL;
        snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, tid);
        if (sums->live_cpu_ns >= 0 &&
            meter_proc_read(path, text, sizeof text) > 0) {
            char *end;
            int64_t cpu_ns = strtoll(text, &end, 10);
            int64_t wait_ns = strtoll(end, NULL, 10);
            sums->live_cpu_ns += cpu_ns;
            sums->run_wait_ns += wait_ns;
            if (cpu_ns + wait_ns > sums->thread_wanted_ns)
                sums->thread_wanted_ns = cpu_ns + wait_ns;
        }
    }
    closedir(tasks);
}

static void sum_process(pid_t pid, int what, struct meter_sums *sums)
{
    char path[64], text[4096];
    struct stat_line line;

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (meter_proc_read(path, text, sizeof text) <= 0 || !read_stat(pid, &line))
        return;
    int64_t threads = meter_proc_field(text, "Threads");
    int64_t shared = 0, own = 0, tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
    sums->processes++;
    sums->threads += threads > 0 ? (int)threads : 1;
    add_kib(&sums->rss_bytes, text, "VmRSS");
    add_kib(&own, text, "RssAnon");
    sums->anonymous_bytes += own;
    if (own > sums->anonymous_max_bytes)
        sums->anonymous_max_bytes = own;
    add_kib(&sums->page_table_bytes, text, "VmPTE");
    add_kib(&shared, text, "RssShmem");
    if (shared > sums->shared_max_bytes)
        sums->shared_max_bytes = shared;
    sums->cpu_user_ns += (line.cpu_ticks[0] + line.cpu_ticks[2]) * tick_ns;
    sums->cpu_system_ns += (line.cpu_ticks[1] + line.cpu_ticks[3]) * tick_ns;
    if (what & METER_PROC_THREADS)
        sum_threads(pid, sums);
    if (what & METER_PROC_PSS) {
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
        meter_proc_read(path, text, sizeof text);
        add_kib(&sums->pss_bytes, text, "Pss");
        add_kib(&sums->pss_user_bytes, text, "Pss_Anon");
        add_kib(&sums->pss_user_bytes, text, "Pss_Shmem");
    }
}

void meter_proc_sum(const struct meter_pids *pids, int what,
                    struct meter_sums *sums)
{
    *sums = (struct meter_sums){0};
    if (!(what & METER_PROC_THREADS) || access("/proc/self/schedstat", R_OK))
        sums->live_cpu_ns = sums->run_wait_ns = sums->thread_wanted_ns = -1;
    for (int i = 0; i < pids->count; i++)
        sum_process(pids->pid[i], what, sums);
}

int64_t meter_proc_stack_bytes(void)
{
    int64_t page_bytes = sysconf(_SC_PAGESIZE);

    if (sizeof(void *) < 8)
        return 8192;
    return page_bytes > 16384 ? page_bytes : 16384;
}

int meter_proc_threads(pid_t pid)
{
    char path[64], text[4096];

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (meter_proc_read(path, text, sizeof text) <= 0)
        return 0;
    int64_t threads = meter_proc_field(text, "Threads");
    return threads > 0 ? (int)threads : 0;
}
