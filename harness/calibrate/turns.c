/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "harness/arithmetic/statistics.h"
#include "models/runtime/base/clock.h"

/* Readings of a thread that runs are well below a microsecond apart; the
 * timer's interrupt takes some. */
static const int64_t GAP_NS = 30000;
static const int64_t SPAN_NS = 500000000;

enum { RUNS_MAX = 4096 };

struct watch {
    cpu_set_t cpu;
    int64_t until_ns;
    double runs_ns[RUNS_MAX];
    int runs;
    int64_t lost_ns;
    int gaps;
    int error;
};

static void *look(void *argument)
{
    struct watch *watch = argument;

    watch->error =
        pthread_setaffinity_np(pthread_self(), sizeof watch->cpu, &watch->cpu);
    int64_t last_ns = clock_now_ns(), since_ns = last_ns;
    while (watch->error == 0 && last_ns < watch->until_ns) {
        int64_t now_ns = clock_now_ns();
        if (now_ns - last_ns > GAP_NS) {
            watch->lost_ns += now_ns - last_ns;
            watch->gaps++;
            if (watch->runs < RUNS_MAX)
                watch->runs_ns[watch->runs++] = (double)(last_ns - since_ns);
            since_ns = now_ns;
        }
        last_ns = now_ns;
    }
    return NULL;
}

/* Runs `count` of them side by side on one CPU. */
static int watch_all(const cpu_set_t *cpu, struct watch *watches, int count)
{
    pthread_t threads[2];
    int64_t until_ns = clock_now_ns() + SPAN_NS;
    int started = 0, error = 0;

    for (; started < count && error == 0; started++) {
        watches[started] = (struct watch){.cpu = *cpu, .until_ns = until_ns};
        error =
            pthread_create(&threads[started], NULL, look, &watches[started]);
    }
    for (int i = 0; i < started - (error != 0); i++) {
        pthread_join(threads[i], NULL);
        error = error ? error : watches[i].error;
    }
    return -error;
}

/* The run in which the middle of the time lies: on a CPU that others use as
 * well most runs are scraps, in which hardly any time is spent. */
static double middle_run(double *runs_ns, int count)
{
    double sum_ns = 0, passed_ns = 0;
    int i = 0;

    qsort(runs_ns, (size_t)count, sizeof *runs_ns, statistics_ascending);
    for (int k = 0; k < count; k++)
        sum_ns += runs_ns[k];
    while (i < count - 1 && (passed_ns += runs_ns[i]) < sum_ns / 2)
        i++;
    return runs_ns[i];
}

static cpu_set_t first_of(const cpu_set_t *cpus)
{
    cpu_set_t first;
    int cpu = 0;

    while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, cpus))
        cpu++;
    CPU_ZERO(&first);
    CPU_SET(cpu, &first);
    return first;
}

int turns_measure(const cpu_set_t *cpus, struct turns *turns)
{
    cpu_set_t cpu = first_of(cpus);
    struct watch *watches = calloc(2, sizeof *watches);

    *turns = (struct turns){0};
    if (!watches)
        return -ENOMEM;
    int status = watch_all(&cpu, watches, 1);
    if (status == 0 && watches[0].gaps > 0) {
        turns->stall_share = (double)watches[0].lost_ns / (double)SPAN_NS;
        turns->stall_ns = (double)watches[0].lost_ns / watches[0].gaps;
    }
    if (status == 0)
        status = watch_all(&cpu, watches, 2);
    if (status == 0 && watches[0].runs == 0)
        status = -ENODATA;
    if (status == 0)
        turns->quantum_ns = middle_run(watches[0].runs_ns, watches[0].runs);
    free(watches);
    return status;
}
