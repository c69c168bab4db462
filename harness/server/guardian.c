/* SPDX-License-Identifier: MIT
 *
 * The guardian learns of the harness's end in two ways: through a pidfd, and,
 * for kernels without pidfds, through a pipe whose other end the harness holds.
 * The pipe alone is not enough, since processes of the load generator inherit
 * the other end.
 *
 * The harness forks the guardian twice, so that the guardian is not its child
 * and no waitpid of the harness reaps it.
 */
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/child.h"
#include "harness/machine/meter/cgroup.h"
#include "harness/machine/meter/proc.h"
#include "harness/screen/screen.h"

enum { SLOTS = 64 };

struct slot {
    atomic_int used; /* 0 free, 1 being filled in, 2 filled */
    atomic_int root; /* pid, also its session and process group */
    void (*clear)(const char *path); /* removes `paths`; NULL: a tree */
    char paths[3200];
    char tag[128];
};

struct registry {
    struct slot slots[SLOTS];
};

/* One per harness; shared with the guardian and the forked children. */
static struct registry *registry;
static pid_t owner;     /* the harness */
static int alive_fd;    /* open for as long as the harness lives */
static int guardian_fd; /* hangs up when the guardian ends */

static void kill_groups(const char *paths)
{
    char text[sizeof registry->slots[0].paths];

    snprintf(text, sizeof text, "%s", paths);
    for (char *save, *path = strtok_r(text, "\n", &save); path;
         path = strtok_r(NULL, "\n", &save)) {
        meter_cgroup_kill_at(path, 5000000000);
        meter_cgroup_remove_at(path);
    }
}

static void kill_listed(pid_t root, const char *tag)
{
    struct meter_pids pids = {0};

    for (int i = 0; i < 200; i++) {
        meter_proc_tree(root, 0, tag, &pids);
        for (int j = 0; j < pids.count; j++)
            kill(pids.pid[j], SIGKILL);
        if (pids.count == 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    meter_proc_free(&pids);
}

static void kill_slot(const struct slot *slot)
{
    pid_t root = atomic_load(&slot->root);

    if (root > 1)
        kill(-root, SIGKILL);
    kill_groups(slot->paths);
    /* The root is unknown if the harness died before its child had a session.
     * The tag finds that child, or the parent-death signal has killed it. */
    if (!*slot->paths)
        kill_listed(root > 1 ? root : getpid(), slot->tag);
}

static void wait_for_end(int pidfd, int pipe_fd)
{
    struct pollfd ends[2] = {{.fd = pidfd, .events = POLLIN},
                             {.fd = pipe_fd, .events = POLLIN}};

    for (;;) {
        int n = poll(ends, 2, -1);
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && (ends[0].revents || ends[1].revents))
            return;
    }
}

/* Removes groups that the harness made just before it died, which are in no
 * slot yet. A child that tests such a group may need a moment to leave it. */
static void sweep_groups(pid_t harness)
{
    for (int i = 0; i < 200 && meter_cgroup_sweep(harness) > 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* Lets go of the harness's terminal, pipes, directory and session. */
static void detach(int *pidfd, int *pipe_fd, int *ready_fd)
{
    static const int ignored[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                  SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};
    int null = open("/dev/null", O_RDWR);

    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    setsid();
    if (chdir("/")) {
        /* Staying in the directory does no harm. */
    }
    prctl(PR_SET_NAME, "troika-guardian");
    int kept[3] = {fcntl(*pidfd, F_DUPFD, 64), fcntl(*pipe_fd, F_DUPFD, 64),
                   fcntl(*ready_fd, F_DUPFD, 64)};
    for (int i = 0; i < 3; i++) {
        dup2(null, i);
        if (kept[i] >= 0)
            dup2(kept[i], 3 + i);
        else
            close(3 + i);
    }
    *pidfd = kept[0] < 0 ? -1 : 3;
    *pipe_fd = 4;
    *ready_fd = 5;
    close_range(6, ~0U, 0);
}

static void guard(pid_t harness, int pipe_fd, int ready_fd)
{
    int pidfd = (int)syscall(SYS_pidfd_open, harness, 0);

    detach(&pidfd, &pipe_fd, &ready_fd);
    if (write(ready_fd, "", 1) != 1)
        _exit(1);
    wait_for_end(pidfd, pipe_fd);
    /* Signal every tree before waiting for any. */
    for (int i = 0; i < SLOTS; i++) {
        pid_t root = atomic_load(&registry->slots[i].root);
        if (atomic_load(&registry->slots[i].used) == 2 && root > 1)
            kill(-root, SIGKILL);
    }
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load(&registry->slots[i].used) == 2 &&
            !registry->slots[i].clear)
            kill_slot(&registry->slots[i]);
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load(&registry->slots[i].used) == 2 &&
            registry->slots[i].clear)
            registry->slots[i].clear(registry->slots[i].paths);
    sweep_groups(harness);
    _exit(0);
}

static int launch(int alive[2], int ready[2])
{
    pid_t harness = getpid(), pid = fork();
    char byte;

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        pid_t second = fork();
        if (second == 0) {
            close(alive[1]);
            guard(harness, alive[0], ready[1]);
        }
        _exit(second < 0 ? 1 : 0);
    }
    close(ready[1]);
    ready[1] = -1;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    ssize_t n;
    while ((n = read(ready[0], &byte, 1)) < 0 && errno == EINTR)
        ;
    return n == 1 ? 0 : -ECHILD;
}

/* Starts the guardian with its two pipes. alive[1] stays open as long as this
 * process lives; ready[0] hangs up when the guardian ends. */
static int start(void)
{
    int alive[2], ready[2], result;

    if (pipe2(alive, O_CLOEXEC))
        return -errno;
    if (pipe2(ready, O_CLOEXEC)) {
        result = -errno;
        close(alive[0]);
        close(alive[1]);
        return result;
    }
    result = launch(alive, ready);
    close(alive[0]);
    if (ready[1] >= 0)
        close(ready[1]);
    if (result < 0) {
        close(alive[1]);
        close(ready[0]);
        return result;
    }
    owner = getpid();
    alive_fd = alive[1];
    guardian_fd = ready[0];
    return 0;
}

int guardian_start(void)
{
    if (registry)
        return 0;
    registry = child_share(sizeof *registry);
    if (!registry)
        return -ENOMEM;
    int result = start();
    if (result < 0) {
        munmap(registry, sizeof *registry);
        registry = NULL;
    }
    return result;
}

/* Starts another guardian if somebody killed the last one. The new one takes
 * over the registry. */
static int replace_dead_guardian(void)
{
    struct pollfd end = {.fd = guardian_fd};
    int result;

    if (getpid() != owner || poll(&end, 1, 0) <= 0)
        return 0;
    close(guardian_fd);
    close(alive_fd);
    result = start();
    if (result == 0)
        screen_print(stderr, "troika: the guardian was killed; a new one was "
                             "started, so that no server stays behind");
    return result;
}

static int take_slot(const char *paths, const char *tag,
                     void (*clear)(const char *path))
{
    if (!registry || replace_dead_guardian() < 0)
        return -ENOTCONN;
    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &registry->slots[i];
        int unused = 0;
        if (!atomic_compare_exchange_strong(&slot->used, &unused, 1))
            continue;
        atomic_store(&slot->root, 0);
        slot->clear = clear;
        snprintf(slot->paths, sizeof slot->paths, "%s", paths);
        snprintf(slot->tag, sizeof slot->tag, "%s", tag);
        atomic_store(&slot->used, 2);
        return i;
    }
    return -ENOSPC;
}

int guardian_register(const char *paths, const char *tag)
{
    return take_slot(paths, tag, NULL);
}

int guardian_keep(const char *path, void (*clear)(const char *path))
{
    return take_slot(path, "", clear);
}

void guardian_set_root(int slot, pid_t root)
{
    if (registry && slot >= 0 && slot < SLOTS)
        atomic_store(&registry->slots[slot].root, root);
}

void guardian_forget(int slot)
{
    if (registry && slot >= 0 && slot < SLOTS)
        atomic_store(&registry->slots[slot].used, 0);
}
