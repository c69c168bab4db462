/* SPDX-License-Identifier: MIT
 *
 * Each process is pinned to one CPU, waits for the common start, and writes its
 * rate into a cache line of its own in shared memory. Processes end at slightly
 * different times, when their last answer is done, so each divides by its own
 * time, and the rates are added.
 *
 * If requests vary, a quarter of a second has too few of them for a mean. So an
 * answer counts for as much as its work is of the mean.
 */
#include "bare.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "models/runtime/base/clock.h"
#include "models/runtime/http/http.h"

enum { PROCESSES_MAX = 256 };

struct slot {
    _Alignas(64) double per_s;
    uint64_t check; /* keeps the work from being optimised away */
};

static int answer_once(const struct workload *workload,
                       const struct arguments *arguments, struct slot *slot)
{
    struct reply reply;
    size_t size;
    int result;

    reply_init(&reply);
    result = workload->answer(arguments, &reply);
    slot->check += (unsigned char)*reply_body(&reply, &size);
    reply_free(&reply);
    return result;
}

static int work(const struct workload *workload,
                const struct arguments *arguments, int64_t start_ns,
                int64_t end_ns, struct slot *slot)
{
    struct arguments own = *arguments;
    double done = 0; /* in answers of mean work */
    int64_t at_ns;

    if (answer_once(workload, &own, slot) < 0) /* warms the caches */
        return 1;
    while (clock_now_ns() < start_ns)
        ;
    start_ns = clock_now_ns();
    do {
        own.seed++;
        if (answer_once(workload, &own, slot) < 0)
            return 1;
        done += workload->work_factor ? workload->work_factor(&own) : 1;
        at_ns = clock_now_ns();
    } while (at_ns < end_ns);
    slot->per_s = done * 1e9 / (double)(at_ns - start_ns);
    return 0;
}

static void pin(const cpu_set_t *cpus, int index)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, cpus) && index-- == 0)
            CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* Waits for all processes; true if each ended with exit code 0. */
static bool wait_all(const pid_t *pids, int count)
{
    bool well = true;

    for (int i = 0; i < count; i++) {
        int status = 0;
        pid_t got;

        do
            got = waitpid(pids[i], &status, 0);
        while (got < 0 && errno == EINTR);
        well &= got == pids[i] && WIFEXITED(status) && !WEXITSTATUS(status);
    }
    return well;
}

int bare_measure(const struct workload *workload,
                 const struct arguments *arguments, const cpu_set_t *cpus,
                 int64_t duration_ns, struct bare *bare)
{
    int count = CPU_COUNT(cpus), started = 0, result = 0;
    int64_t start_ns = clock_now_ns() + 2000000;
    pid_t pids[PROCESSES_MAX], parent = getpid();
    struct slot *slots;

    *bare = (struct bare){0};
    count = count > PROCESSES_MAX ? PROCESSES_MAX : count;
    slots = child_share(sizeof *slots * (size_t)count);
    if (!slots)
        return -ENOMEM;
    for (; started < count && result == 0; started += result == 0) {
        pids[started] = fork();
        if (pids[started] < 0)
            result = -errno;
        if (pids[started] != 0)
            continue;
        child_dies_with(parent);
        pin(cpus, started);
        _exit(work(workload, arguments, start_ns, start_ns + duration_ns,
                   &slots[started]));
    }
    if (!wait_all(pids, started) && result == 0)
        result = -ECHILD;
    if (result == 0)
        bare->processes = count;
    for (int i = 0; i < count && result == 0; i++)
        bare->per_s += slots[i].per_s;
    munmap(slots, sizeof *slots * (size_t)count);
    return result;
}
