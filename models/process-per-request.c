/* SPDX-License-Identifier: MIT
 *
 * A fork for each request. A request's life:
 *
 *   accept -> idle in the dispatcher's epoll set
 *          -> readable: the dispatcher parses a whole request
 *          -> fork: the child starts with a copy of the parent's memory
 *          -> the handler runs in the child, which waits where it waits
 *          -> the child writes the answer, and exits with a status
 *          -> signalfd: the status says whether the connection is idle again
 *
 * A child that crashes takes its own connection with it and nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

enum { BUCKETS = 4096 };

/* EXIT_CLOSE is not 1: a child that fails on its own often exits with 1. */
enum { EXIT_KEEP = 0, EXIT_CLOSE = 64 };

struct child {
    pid_t pid;
    struct dispatch_connection *connection;
    struct child *next; /* in its bucket */
};

static struct child *children[BUCKETS];
static struct dispatch_source endings;
static sigset_t child_signal;
static int signal_fd = -1;
static pid_t dispatcher_pid;

static struct child **bucket_of(pid_t pid)
{
    return &children[pid % BUCKETS];
}

static _Noreturn void run_child(struct dispatch_connection *connection,
                                const struct http_request *request)
{
    sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
    process_forked(dispatcher_pid);
    dispatch_forked();
    close(signal_fd);
    bool keep =
        dispatch_answer(dispatch_fd(connection), request, server_stopping());
    _exit(keep ? EXIT_KEEP : EXIT_CLOSE);
}

static int serve_request(struct dispatch_connection *connection,
                         const struct http_request *request)
{
    struct child *child = malloc(sizeof *child);
    if (!child)
        return -ENOMEM;
    pid_t pid = fork();
    if (pid == 0)
        run_child(connection, request);
    if (pid < 0) {
        int error = -errno;
        free(child);
        return error;
    }
    struct child **bucket = bucket_of(pid);
    *child = (struct child){pid, connection, *bucket};
    *bucket = child;
    return DISPATCH_LATER;
}

static void child_ended(pid_t pid, int status)
{
    struct child **at = bucket_of(pid);
    while (*at && (*at)->pid != pid)
        at = &(*at)->next;
    struct child *child = *at;
    if (!child)
        return;
    *at = child->next;
    if (WIFEXITED(status) &&
        (WEXITSTATUS(status) == EXIT_KEEP || WEXITSTATUS(status) == EXIT_CLOSE))
        dispatch_done(child->connection, WEXITSTATUS(status) == EXIT_KEEP);
    else
        dispatch_abort(child->connection);
    free(child);
}

/* Reaps every child that has ended: one signal may stand for several. */
static void children_ended(struct dispatch_source *source)
{
    struct signalfd_siginfo info[16];
    int status;
    pid_t pid;
    (void)source;
    while (read(signal_fd, info, sizeof info) > 0)
        ;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        child_ended(pid, status);
}

static int watch_children(void)
{
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, NULL);
    signal_fd = signalfd(-1, &child_signal, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signal_fd < 0)
        return -errno;
    endings.ready = children_ended;
    return dispatch_watch(&endings, signal_fd);
}

/* Kills the children that outlived the drain. */
static void kill_children(void)
{
    for (int i = 0; i < BUCKETS; i++) {
        while (children[i]) {
            struct child *child = children[i];
            process_kill_child(child->pid);
            children[i] = child->next;
            dispatch_abort(child->connection);
            free(child);
        }
    }
}

static int serve(const struct server_config *config)
{
    dispatcher_pid = getpid();
    int error = dispatch_open(config, serve_request, true);
    if (error == 0)
        error = watch_children();
    if (error == 0)
        error = dispatch_run();
    kill_children();
    dispatch_close();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "a fork for each request",
    .task_kind = TASK_PROCESS,
    .discipline = DISCIPLINE_PROCESS,
    .flags = MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .operations = &blocking_processes,
    .serve = serve,
};
