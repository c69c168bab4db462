/* SPDX-License-Identifier: MIT
 *
 * CPU time: /proc/stat is sampled by the scheduler's tick, which is rough for a
 * window of a second. Some systems have an exact source: /proc/schedstat, or
 * the root of the v1 cpuacct hierarchy. In a container the latter may count
 * only the container, so it is used only if its total is near that of
 * /proc/stat. The source is chosen once, since two readings can be compared
 * only if they come from one source.
 */
#include "machine.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meter/proc.h"
#include "models/runtime/base/clock.h"

enum { TEXT_MAX = 65536, CPUS_MAX = 1024, KERNEL_TICK_NS = 4000000 };

static const char ACCOUNT[] = "/sys/fs/cgroup/cpuacct/cpuacct.usage";

static const struct {
    const char *name, *file, *key;
} table[MACHINE_COUNTERS] = {
    {"swapped_in", "/proc/vmstat", "pswpin"},
    {"swapped_out", "/proc/vmstat", "pswpout"},
    {"oom_kills", "/proc/vmstat", "oom_kill"},
    {"major_faults", "/proc/vmstat", "pgmajfault"},
    {"listen_overflows", "/proc/net/netstat", "ListenOverflows"},
    {"listen_drops", "/proc/net/netstat", "ListenDrops"},
    {"request_queue_full_drops", "/proc/net/netstat", "TCPReqQFullDrop"},
    {"backlog_drops", "/proc/net/netstat", "TCPBacklogDrop"},
    {"aborts_on_memory", "/proc/net/netstat", "TCPAbortOnMemory"},
    {"timeouts", "/proc/net/netstat", "TCPTimeouts"},
    {"retransmits", "/proc/net/snmp", "RetransSegs"},
};

/* Reads a whole file; "" if it cannot be read. Returns text. */
static char *read_text(const char *path, char *text)
{
    meter_proc_read(path, text, TEXT_MAX);
    return text;
}

static const char *next_word(const char *at)
{
    at += strcspn(at, " \n");
    return at + strspn(at, " ");
}

/* Finds a value in the format of netstat and snmp: a line of names, then a line
 * of values. */
static int64_t value_of_column(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *names = text; names && *names != '\0';) {
        const char *values = strchr(names, '\n'), *value;

        if (!values)
            return -1;
        value = ++values;
        for (const char *name = names; *name != '\n' && *name != '\0';
             name = next_word(name), value = next_word(value))
            if (!strncmp(name, key, length) && isspace((int)name[length]))
                return strtoll(value, NULL, 10);
        names = strchr(values, '\n');
        names = names ? names + 1 : NULL;
    }
    return -1;
}

static void read_counters(struct machine_sample *sample, char *text)
{
    const char *file = "";

    for (int i = 0; i < MACHINE_COUNTERS; i++) {
        if (strcmp(file, table[i].file) != 0)
            read_text(file = table[i].file, text);
        sample->counters[i] = !strcmp(file, "/proc/vmstat")
                                  ? meter_proc_field(text, table[i].key)
                                  : value_of_column(text, table[i].key);
    }
}

/* The time that tasks ran, summed over all CPUs, in ns; -1: unknown. */
static int64_t read_schedstat(char *text)
{
    const char *at = read_text("/proc/schedstat", text);
    int64_t sum = 0;
    bool any = false;

    for (; at && *at != '\0'; at = strchr(at, '\n')) {
        const char *word;

        at += *at == '\n';
        if (strncmp(at, "cpu", 3) != 0)
            continue;
        word = at;
        for (int i = 0; i < 7; i++)
            word = next_word(word);
        sum += strtoll(word, NULL, 10);
        any = true;
    }
    return any && sum > 0 ? sum : -1;
}

bool machine_ticks(struct machine_ticks *ticks)
{
    long long v[8];
    char text[1024];

    meter_proc_read("/proc/stat", text, sizeof text);
    if (sscanf(text, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &v[0],
               &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
        return false;
    ticks->busy = v[0] + v[1] + v[2] + v[5] + v[6];
    ticks->idle = v[3] + v[4];
    ticks->steal = v[7];
    return true;
}

static void read_ticks(struct machine_sample *sample)
{
    struct machine_ticks ticks;

    sample->tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
    sample->busy_ns = sample->steal_ns = -1;
    if (!machine_ticks(&ticks))
        return;
    sample->busy_ns = ticks.busy * sample->tick_ns;
    sample->busy_grain_ns = KERNEL_TICK_NS;
    sample->steal_ns = ticks.steal * sample->tick_ns;
}

/* Replaces the sampled CPU time by an exact one if there is a source for it. */
static void refine(struct machine_sample *sample, char *text)
{
    static enum { UNDECIDED, SCHEDSTAT, CPUACCT, TICKS } source;
    int64_t exact = -1;

    if (source == UNDECIDED) {
        int64_t group = atoll(read_text(ACCOUNT, text));

        source = read_schedstat(text) >= 0                       ? SCHEDSTAT
                 : group > sample->busy_ns / 10 * 8 && group > 0 ? CPUACCT
                                                                 : TICKS;
    }
    if (source == SCHEDSTAT)
        exact = read_schedstat(text);
    else if (source == CPUACCT)
        exact = atoll(read_text(ACCOUNT, text));
    if (exact < 0)
        return;
    sample->busy_ns = exact;
    sample->busy_grain_ns = 0;
}

/* Finds the ksoftirqd threads. A container does not show kernel threads; their
 * time then counts as foreign. */
static int find_softirq(pid_t pids[CPUS_MAX])
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    while (directory && (entry = readdir(directory))) {
        char path[300], name[32] = "";
        FILE *file;

        if (!isdigit((int)entry->d_name[0]) || count == CPUS_MAX)
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        file = fopen(path, "re");
        if (!file)
            continue;
        if (fgets(name, sizeof name, file) && !strncmp(name, "ksoftirqd/", 10))
            pids[count++] = (pid_t)atoi(entry->d_name);
        fclose(file);
    }
    if (directory)
        closedir(directory);
    return count;
}

static int64_t read_softirq(char *text)
{
    static pid_t pids[CPUS_MAX];
    static int count = -1;
    char path[64];
    int64_t sum = 0;

    if (count < 0)
        count = find_softirq(pids);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pids[i]);
        sum += atoll(read_text(path, text));
    }
    return sum;
}

const char *machine_counter_name(enum machine_counter counter)
{
    return table[counter].name;
}

void machine_sample(struct machine_sample *sample)
{
    static char text[TEXT_MAX];

    *sample = (struct machine_sample){.at_ns = clock_now_ns()};
    sample->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    read_ticks(sample);
    refine(sample, text);
    sample->softirq_ns = read_softirq(text);
    sample->own_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    sample->asleep_ns = clock_read_ns(CLOCK_BOOTTIME) - clock_now_ns();
    read_counters(sample, text);
}

int64_t machine_grown(const struct machine_sample *first,
                      const struct machine_sample *last,
                      enum machine_counter counter)
{
    int64_t from = first->counters[counter], to = last->counters[counter];

    return first->at_ns == 0 || last->at_ns == 0 || from < 0 || to < from
               ? -1
               : to - from;
}
