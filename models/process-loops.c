/* SPDX-License-Identifier: MIT
 *
 * The loop of event-loop in each of W processes, forked beforehand. In the
 * wild: nginx, uvicorn --workers, Node cluster. A request's life:
 *
 *   connect -> the kernel chooses the listening socket of one of the workers
 *           -> that worker accepts: a new coroutine, which never leaves it
 *           -> readable: its loop resumes it, it parses a whole request
 *           -> the handler runs in it; where it waits, the loop runs others
 *           -> the answer is written
 *           -> suspended again
 *
 * The parent only watches. A worker that dies takes its own connections with it
 * and is replaced; the replacement inherits its listening socket, with the
 * connections that wait there.
 *
 * requires: libuv
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/runtime/connection/listener.h"
#include "models/runtime/connection/loop_serve.h"
#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/loop.h"

enum {
    STACK,
    SPREAD,
    RETRY_MS = 100, /* after a fork that failed */
    DRAIN_TICK_MS = 50,
};
static const struct parameter parameters[] = {
    [STACK] = LOOP_STACK_PARAMETER,
    [SPREAD] = LISTENER_SPREAD_PARAMETER,
    {.name = NULL},
};

static struct {
    const struct server_config *config;
    int count, running;
    pid_t *pids; /* 0: not running */
    int *listeners;
    pid_t parent;
    sigset_t child_signal;
    int signal_fd;
    int failure; /* why a worker could not serve: a negative errno */
} all;

static _Noreturn void run_worker(int number)
{
    struct server_config config = *all.config;
    sigprocmask(SIG_UNBLOCK, &all.child_signal, NULL);
    close(all.signal_fd);
    for (int i = 0; i < all.count; i++)
        if (all.listeners[i] != all.listeners[number])
            close(all.listeners[i]);
    process_forked(all.parent);
    config.listen_fd = all.listeners[number];
    int error = loop_serve(&config, (size_t)argument(&config.arguments, STACK));
    _exit(error < 0 ? -error : 0);
}

/* Forks the workers that are missing. Returns 0 or a negative errno. */
static int start_workers(void)
{
    for (int i = 0; i < all.count; i++) {
        if (all.pids[i] != 0)
            continue;
        pid_t pid = fork();
        if (pid == 0)
            run_worker(i);
        if (pid < 0)
            return -errno;
        all.pids[i] = pid;
        all.running++;
    }
    return 0;
}

/* Notes which workers have ended; one signal may stand for several. A worker
 * exits by itself only after the stop, or when it could not serve. */
static void collect(void)
{
    struct signalfd_siginfo info[16];
    int status;
    pid_t pid;
    while (read(all.signal_fd, info, sizeof info) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < all.count; i++) {
            if (all.pids[i] != pid)
                continue;
            all.pids[i] = 0;
            all.running--;
            if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
                all.failure = -WEXITSTATUS(status);
        }
    }
}

static int watch_children(void)
{
    sigemptyset(&all.child_signal);
    sigaddset(&all.child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &all.child_signal, NULL);
    all.signal_fd = signalfd(-1, &all.child_signal, SFD_NONBLOCK | SFD_CLOEXEC);
    return all.signal_fd < 0 ? -errno : 0;
}

/* Keeps W workers running until the stop. Workers watch the stop descriptor
 * themselves, so nobody has to tell them. */
static int supervise(void)
{
    struct pollfd waits[] = {{.fd = all.config->stop_fd, .events = POLLIN},
                             {.fd = all.signal_fd, .events = POLLIN}};
    int error = start_workers();
    while (error == 0 && all.failure == 0 && !waits[0].revents) {
        int timeout_ms = all.running < all.count ? RETRY_MS : -1;
        if (poll(waits, 2, timeout_ms) < 0 && errno != EINTR)
            return -errno;
        collect();
        if (!waits[0].revents && all.failure == 0)
            (void)start_workers(); /* if that fails, again after RETRY_MS */
    }
    return error ? error : all.failure;
}

/* Waits until the workers have drained, then kills those that are left. */
static void end_workers(bool at_once)
{
    struct pollfd wait = {.fd = all.signal_fd, .events = POLLIN};
    int64_t deadline_ns = at_once ? 0 : rt_now() + SERVER_DRAIN_NS;
    while (all.running > 0 && rt_now() < deadline_ns) {
        poll(&wait, 1, DRAIN_TICK_MS);
        collect();
    }
    for (int i = 0; i < all.count; i++) {
        if (all.pids[i] != 0)
            process_kill_child(all.pids[i]);
    }
}

static int serve(const struct server_config *config)
{
    all.config = config;
    all.count = config->workers;
    all.parent = getpid();
    all.pids = calloc((size_t)all.count, sizeof *all.pids);
    all.listeners = calloc((size_t)all.count, sizeof *all.listeners);
    if (!all.pids || !all.listeners)
        return -ENOMEM;
    int error = listener_spread(config, argument(&config->arguments, SPREAD),
                                all.listeners, all.count);
    if (error < 0)
        return error;
    error = watch_children();
    if (error == 0) {
        error = supervise();
        server_stop();
        end_workers(error < 0);
        close(all.signal_fd);
    }
    listener_close(config, all.listeners, all.count);
    free(all.listeners);
    free(all.pids);
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "W processes, a libuv loop in each, a coroutine per connection",
    .task_kind = TASK_COROUTINE,
    .discipline = DISCIPLINE_LOOP,
    .flags = MODEL_PARALLEL,
    .parameters = parameters,
    .workers_default = server_cpus,
    .operations = &loop_operations,
    .serve = serve,
};
