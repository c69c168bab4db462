/* SPDX-License-Identifier: MIT
 *
 * A hand-over: one thread wakes another and goes to sleep. It goes through a
 * futex, a pipe, or an eventfd that the other thread waits for in epoll. Two
 * threads wake each other in turn, both on one CPU, each on its own, or where
 * the scheduler puts them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure.h"

struct pair {
    /* Wakes the other side; sleeps until the other side wakes this one. */
    void (*wake)(struct pair *pair, int side);
    void (*wait)(struct pair *pair, int side);
    int64_t rounds;
    cpu_set_t cpus[2];
    _Atomic int turn; /* the side that runs: 0 or 1 */
    int read_fd[2], write_fd[2], epoll_fd[2];
};

static void wake_futex(struct pair *pair, int side)
{
    atomic_store(&pair->turn, !side);
    syscall(SYS_futex, &pair->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_futex(struct pair *pair, int side)
{
    while (atomic_load(&pair->turn) != side)
        syscall(SYS_futex, &pair->turn, FUTEX_WAIT_PRIVATE, !side, NULL, NULL,
                0);
}

/* 8 bytes suit a pipe and an eventfd alike. */
static void wake_fd(struct pair *pair, int side)
{
    const uint64_t one = 1;

    while (write(pair->write_fd[!side], &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void wait_fd(struct pair *pair, int side)
{
    uint64_t value;

    while (read(pair->read_fd[side], &value, sizeof value) < 0 &&
           errno == EINTR)
        ;
}

static void wait_epoll(struct pair *pair, int side)
{
    struct epoll_event event;

    while (epoll_wait(pair->epoll_fd[side], &event, 1, -1) != 1)
        ;
    wait_fd(pair, side);
}

static void *run_second(void *arg)
{
    struct pair *pair = arg;

    sched_setaffinity(0, sizeof pair->cpus[1], &pair->cpus[1]);
    for (int64_t i = 0; i <= pair->rounds; i++) {
        pair->wait(pair, 1);
        pair->wake(pair, 1);
    }
    return NULL;
}

/* Runs all rounds. The first one, which waits for the other thread to start, is
 * not timed. */
static int64_t run(struct pair *pair)
{
    pthread_t second;
    int64_t start_ns = 0;
    int error = pthread_create(&second, NULL, run_second, pair);

    if (error != 0)
        return -error;
    for (int64_t i = 0; i <= pair->rounds; i++) {
        if (i == 1)
            start_ns = measure_wall();
        pair->wake(pair, 0);
        pair->wait(pair, 0);
    }
    int64_t took_ns = measure_wall() - start_ns;
    pthread_join(second, NULL);
    return took_ns;
}

/* Chooses each side's CPUs: the first and the last of `all`, the first for
 * both, or all. */
static int place(struct pair *pair, const cpu_set_t *all, int placement)
{
    int first = -1, last = -1;

    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, all)) {
            first = first < 0 ? cpu : first;
            last = cpu;
        }
    if (first == last && placement != MEASURE_SAME_CPU)
        return -ENOTSUP;
    for (int side = 0; side < 2; side++) {
        pair->cpus[side] = *all;
        if (placement == MEASURE_ANYWHERE)
            continue;
        CPU_ZERO(&pair->cpus[side]);
        CPU_SET(side == 1 && placement == MEASURE_TWO_CPUS ? last : first,
                &pair->cpus[side]);
    }
    return 0;
}

/* Runs the rounds on the chosen CPUs, then restores the caller's affinity. */
static int64_t place_and_run(struct pair *pair, int64_t operations,
                             int placement)
{
    cpu_set_t all;
    int64_t result;

    pair->rounds = (operations + 1) / 2;
    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return -errno;
    result = place(pair, &all, placement);
    if (result == 0 &&
        sched_setaffinity(0, sizeof pair->cpus[0], &pair->cpus[0]) < 0)
        result = -errno;
    if (result == 0)
        result = run(pair);
    sched_setaffinity(0, sizeof all, &all);
    return result;
}

int64_t handover_futex(int64_t operations, int placement)
{
    struct pair pair = {.wake = wake_futex, .wait = wait_futex};

    return place_and_run(&pair, operations, placement);
}

static void close_all(struct pair *pair)
{
    for (int side = 0; side < 2; side++) {
        if (pair->read_fd[side] >= 0)
            close(pair->read_fd[side]);
        if (pair->write_fd[side] >= 0 &&
            pair->write_fd[side] != pair->read_fd[side])
            close(pair->write_fd[side]);
        if (pair->epoll_fd[side] >= 0)
            close(pair->epoll_fd[side]);
    }
}

static struct pair pair_of_descriptors(void (*wait)(struct pair *, int))
{
    return (struct pair){
        .wake = wake_fd,
        .wait = wait,
        .read_fd = {-1, -1},
        .write_fd = {-1, -1},
        .epoll_fd = {-1, -1},
    };
}

int64_t handover_pipe(int64_t operations, int placement)
{
    struct pair pair = pair_of_descriptors(wait_fd);
    int64_t result = 0;

    for (int side = 0; side < 2 && result == 0; side++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) {
            result = -errno;
        } else {
            pair.read_fd[side] = ends[0];
            pair.write_fd[side] = ends[1];
        }
    }
    if (result == 0)
        result = place_and_run(&pair, operations, placement);
    close_all(&pair);
    return result;
}

static int watch(struct pair *pair, int side)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd = eventfd(0, EFD_CLOEXEC);

    pair->read_fd[side] = pair->write_fd[side] = fd;
    pair->epoll_fd[side] = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || pair->epoll_fd[side] < 0 ||
        epoll_ctl(pair->epoll_fd[side], EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    return 0;
}

int64_t handover_epoll(int64_t operations, int placement)
{
    struct pair pair = pair_of_descriptors(wait_epoll);
    int64_t result = watch(&pair, 0);

    if (result == 0)
        result = watch(&pair, 1);
    if (result == 0)
        result = place_and_run(&pair, operations, placement);
    close_all(&pair);
    return result;
}
