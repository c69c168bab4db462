/* SPDX-License-Identifier: MIT
 *
 * Timers of the event loops and of the kernel, and the most basic operations: a
 * system call, reading the clock, touching a new page.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "measure.h"
#include "models/runtime/tasks/timers.h"

/* A linear congruential generator (Knuth, MMIX), since any spread of deadlines
 * will do. */
static uint64_t step(uint64_t seed)
{
    return seed * 6364136223846793005u + 1442695040888963407u;
}

/* A deadline within a second, in ns. */
static int64_t deadline_ns(uint64_t seed)
{
    return (int64_t)((seed >> 33) % 1000000000);
}

int64_t basics_timer(int64_t operations, int others)
{
    struct timers timers = {0};
    struct timer *waiting = calloc((size_t)others + 1, sizeof *waiting);
    struct timer *own = &waiting[others];
    uint64_t seed = 1;

    if (!waiting || timers_reserve(&timers, (uint32_t)others + 1) < 0) {
        free(waiting);
        return -ENOMEM;
    }
    for (int i = 0; i < others; i++) {
        waiting[i].deadline_ns = deadline_ns(seed = step(seed));
        timers_add(&timers, &waiting[i]);
    }
    int64_t start_ns = measure_cpu();
    for (int64_t i = 0; i < operations; i++) {
        own->deadline_ns = deadline_ns(seed = step(seed));
        timers_add(&timers, own);
        timers_remove(&timers, own);
    }
    int64_t took_ns = measure_cpu() - start_ns;
    timers_deinit(&timers);
    free(waiting);
    return took_ns;
}

int64_t basics_timerfd(int64_t operations, int variant)
{
    const struct itimerspec never = {0}, soon = {.it_value = {.tv_sec = 100}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

    (void)variant;
    if (fd < 0)
        return -errno;
    int64_t start_ns = measure_cpu();
    for (int64_t i = 0; i < operations; i++) {
        timerfd_settime(fd, 0, &soon, NULL);
        timerfd_settime(fd, 0, &never, NULL);
    }
    int64_t took_ns = measure_cpu() - start_ns;
    close(fd);
    return took_ns;
}

int64_t basics_clock(int64_t operations, int variant)
{
    int64_t start_ns = measure_cpu();

    (void)variant;
    for (int64_t i = 0; i < operations; i++)
        measure_wall();
    return measure_cpu() - start_ns;
}

int64_t basics_syscall(int64_t operations, int variant)
{
    int64_t start_ns = measure_cpu();

    (void)variant;
    for (int64_t i = 0; i < operations; i++)
        syscall(SYS_getppid);
    return measure_cpu() - start_ns;
}

int64_t basics_touch(int64_t operations, int variant)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (size_t)operations * page;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)variant;
    if (memory == MAP_FAILED)
        return -errno;
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    int64_t start_ns = measure_cpu();
    for (size_t at = 0; at < bytes; at += page)
        *(volatile char *)(memory + at) = 1;
    int64_t took_ns = measure_cpu() - start_ns;
    munmap(memory, bytes);
    return took_ns;
}
