/* SPDX-License-Identifier: MIT
 *
 * Lateness is measured by sleeps of 1 ms for half a second. The shares come
 * from /proc/stat before and after a whole second, minus this process's own CPU
 * time. /proc/stat counts in ticks of 10 ms, so less than a second would be too
 * rough.
 */
#include "noise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "machine.h"
#include "models/runtime/base/clock.h"
#include "process_times.h"

enum { SAMPLES_MAX = 500 };

static const int64_t STEP_NS = 1000000;
static const int64_t TIMED_NS = 500000000;
static const int64_t WHOLE_NS = 1000000000;

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void measure_lateness(struct noise *noise, int64_t start_ns)
{
    int64_t late[SAMPLES_MAX];
    int slack = prctl(PR_GET_TIMERSLACK), count = 0;

    prctl(PR_SET_TIMERSLACK, 1UL);
    while (count < SAMPLES_MAX) {
        int64_t at_ns = clock_now_ns() + STEP_NS;
        clock_sleep_until(at_ns);
        late[count] = clock_now_ns() - at_ns;
        if (at_ns + late[count++] - start_ns > TIMED_NS)
            break;
    }
    if (slack > 0)
        prctl(PR_SET_TIMERSLACK, (unsigned long)slack);
    qsort(late, (size_t)count, sizeof late[0], ascending);
    noise->lateness_p50_ns = late[count / 2];
    noise->lateness_p99_ns = late[(count * 99 - 1) / 100];
    noise->lateness_max_ns = late[count - 1];
}

static void add_processes(struct noise *noise,
                          const struct process_times *before, double all_ticks)
{
    struct process_time most[NOISE_PROCESSES];
    int count = process_times_most(before, most, NOISE_PROCESSES);

    for (int i = 0; i < count && all_ticks > 0; i++) {
        struct noise_process *process = &noise->processes[i];

        process->pid = most[i].pid;
        process->share = (double)most[i].ticks / all_ticks;
        snprintf(process->name, sizeof process->name, "%s", most[i].name);
        noise->process_count = i + 1;
    }
}

char *noise_culprits(const struct noise *noise, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "none that /proc shows");
    for (int i = 0; i < noise->process_count && used < size; i++)
        if (noise->processes[i].share >= 0.01)
            used += (size_t)snprintf(
                text + used, size - used, "%s%s (pid %d, %.0f %%)",
                used > 0 ? ", " : "", noise->processes[i].name,
                noise->processes[i].pid, 100 * noise->processes[i].share);
    return text;
}

int noise_measure(struct noise *noise)
{
    int64_t start_ns = clock_now_ns();
    int64_t own_ns = clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct process_times times = {0};
    struct machine_ticks before, after;
    bool known = machine_ticks(&before);

    process_times_read(&times);
    measure_lateness(noise, start_ns);
    clock_sleep_until(start_ns + WHOLE_NS);
    noise->foreign_share = noise->steal_share = -1;
    noise->process_count = 0;
    known = known && machine_ticks(&after);
    double busy = known ? (double)(after.busy - before.busy) : 0;
    double steal = known ? (double)(after.steal - before.steal) : 0;
    double all = known ? busy + steal + (double)(after.idle - before.idle) : 0;
    double own = (double)(clock_read_ns(CLOCK_PROCESS_CPUTIME_ID) - own_ns) /
                 1e9 * (double)sysconf(_SC_CLK_TCK);
    if (known)
        add_processes(noise, &times, all);
    process_times_free(&times);
    if (!known)
        return -EIO;
    if (all <= 0)
        return 0;
    noise->foreign_share = busy > own ? (busy - own) / all : 0;
    noise->steal_share = steal / all;
    return 0;
}
