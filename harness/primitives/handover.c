/* SPDX-License-Identifier: MIT
 *
 * One thread wakes another and goes to sleep: through a futex, a pipe, and an
 * eventfd that the other waits for in epoll. Two threads throw a ball to and
 * fro; each throw is a hand-over. Both on one CPU, each on one of its own, or
 * wherever the scheduler has them.
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

struct game {
    /* Wakes the other side, and sleeps until it wakes this one. */
    void (*throw)(struct game *game, int side);
    void (*catch)(struct game *game, int side);
    int64_t rounds;
    cpu_set_t cpus[2];
    _Atomic int turn; /* whose ball it is: 0, 1 */
    int read_fd[2], write_fd[2], epoll_fd[2];
};

static void throw_futex(struct game *game, int side)
{
    atomic_store(&game->turn, !side);
    syscall(SYS_futex, &game->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void catch_futex(struct game *game, int side)
{
    while (atomic_load(&game->turn) != side)
        syscall(SYS_futex, &game->turn, FUTEX_WAIT_PRIVATE, !side, NULL, NULL,
                0);
}

/* The sizes suit a pipe and an eventfd alike. */
static void throw_fd(struct game *game, int side)
{
    const uint64_t one = 1;

    while (write(game->write_fd[!side], &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static void catch_fd(struct game *game, int side)
{
    uint64_t value;

    while (read(game->read_fd[side], &value, sizeof value) < 0 &&
           errno == EINTR)
        ;
}

static void catch_epoll(struct game *game, int side)
{
    struct epoll_event event;

    while (epoll_wait(game->epoll_fd[side], &event, 1, -1) != 1)
        ;
    catch_fd(game, side);
}

static void *play_second(void *arg)
{
    struct game *game = arg;

    sched_setaffinity(0, sizeof game->cpus[1], &game->cpus[1]);
    for (int64_t i = 0; i <= game->rounds; i++) {
        game->catch (game, 1);
        game->throw(game, 1);
    }
    return NULL;
}

/* The first round, which waits for the other thread's start, is not timed. */
static int64_t play(struct game *game)
{
    pthread_t second;
    int64_t start_ns = 0;
    int error = pthread_create(&second, NULL, play_second, game);

    if (error != 0)
        return -error;
    for (int64_t i = 0; i <= game->rounds; i++) {
        if (i == 1)
            start_ns = measure_wall();
        game->throw(game, 0);
        game->catch (game, 0);
    }
    int64_t took_ns = measure_wall() - start_ns;
    pthread_join(second, NULL);
    return took_ns;
}

/* The first and the last of the CPUs, or all of them. */
static int place(struct game *game, const cpu_set_t *all, int placement)
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
        game->cpus[side] = *all;
        if (placement == MEASURE_ANYWHERE)
            continue;
        CPU_ZERO(&game->cpus[side]);
        CPU_SET(side == 1 && placement == MEASURE_TWO_CPUS ? last : first,
                &game->cpus[side]);
    }
    return 0;
}

/* The caller may use all CPUs, and may again afterwards. */
static int64_t place_and_play(struct game *game, int64_t operations,
                              int placement)
{
    cpu_set_t all;
    int64_t result;

    game->rounds = (operations + 1) / 2;
    if (sched_getaffinity(0, sizeof all, &all) < 0)
        return -errno;
    result = place(game, &all, placement);
    if (result == 0 &&
        sched_setaffinity(0, sizeof game->cpus[0], &game->cpus[0]) < 0)
        result = -errno;
    if (result == 0)
        result = play(game);
    sched_setaffinity(0, sizeof all, &all);
    return result;
}

int64_t handover_futex(int64_t operations, int placement)
{
    struct game game = {.throw = throw_futex, .catch = catch_futex};

    return place_and_play(&game, operations, placement);
}

static void close_all(struct game *game)
{
    for (int side = 0; side < 2; side++) {
        if (game->read_fd[side] >= 0)
            close(game->read_fd[side]);
        if (game->write_fd[side] >= 0 &&
            game->write_fd[side] != game->read_fd[side])
            close(game->write_fd[side]);
        if (game->epoll_fd[side] >= 0)
            close(game->epoll_fd[side]);
    }
}

static struct game game_of_descriptors(void (*catch)(struct game *, int))
{
    return (struct game){
        .throw = throw_fd,
        .catch = catch,
        .read_fd = {-1, -1},
        .write_fd = {-1, -1},
        .epoll_fd = {-1, -1},
    };
}

int64_t handover_pipe(int64_t operations, int placement)
{
    struct game game = game_of_descriptors(catch_fd);
    int64_t result = 0;

    for (int side = 0; side < 2 && result == 0; side++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0) {
            result = -errno;
        } else {
            game.read_fd[side] = ends[0];
            game.write_fd[side] = ends[1];
        }
    }
    if (result == 0)
        result = place_and_play(&game, operations, placement);
    close_all(&game);
    return result;
}

static int watch(struct game *game, int side)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd = eventfd(0, EFD_CLOEXEC);

    game->read_fd[side] = game->write_fd[side] = fd;
    game->epoll_fd[side] = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || game->epoll_fd[side] < 0 ||
        epoll_ctl(game->epoll_fd[side], EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    return 0;
}

int64_t handover_epoll(int64_t operations, int placement)
{
    struct game game = game_of_descriptors(catch_epoll);
    int64_t result = watch(&game, 0);

    if (result == 0)
        result = watch(&game, 1);
    if (result == 0)
        result = place_and_play(&game, operations, placement);
    close_all(&game);
    return result;
}
