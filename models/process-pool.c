/* SPDX-License-Identifier: MIT
 *
 * W processes forked beforehand. A request's life:
 *
 *   accept -> idle in the dispatcher's epoll set
 *          -> readable: the dispatcher parses a whole request
 *          -> a free worker gets it, or it waits in line for one
 *          -> sent through a socket pair, with the connection's descriptor
 *          -> the handler runs in the worker, which writes the answer itself
 *          -> one byte back: the worker is free, the connection idle again
 *
 * Workers live on, and so do the backend connections that they keep open. A
 * worker that dies takes its own connection with it and is replaced.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

struct worker {
    struct dispatch_source source; /* first: the callbacks cast it back */
    pid_t pid;                     /* 0: not running */
    int fd;
    struct dispatch_connection *connection; /* NULL: free */
    struct worker *next_free;
};

static struct worker *workers, *first_free; /* last in, first out: warm */
static int worker_count, running;
static struct dispatch_line line; /* of requests, while no worker is free */
static pid_t dispatcher_pid;

static _Noreturn void run_worker(int fd)
{
    static char target[HTTP_HEAD_MAX];
    struct dispatch_order order;
    process_forked(dispatcher_pid);
    /* An inherited connection would outlive its end in the dispatcher. */
    process_close_all_but(fd);
    for (;;) {
        int client = dispatch_receive(fd, &order, target);
        if (client < 0)
            _exit(client == -EPIPE ? 0 : 1);
        char keep = dispatch_answer(client, &order.request, order.close);
        close(client);
        if (send(fd, &keep, 1, MSG_NOSIGNAL) != 1)
            _exit(1);
    }
}

static void set_free(struct worker *worker)
{
    worker->connection = NULL;
    worker->next_free = first_free;
    first_free = worker;
}

static int start_worker(struct worker *worker)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        run_worker(ends[1]);
    int error = pid < 0 ? -errno : dispatch_watch(&worker->source, ends[0]);
    close(ends[1]);
    if (error < 0) {
        close(ends[0]);
        if (pid > 0)
            process_kill_child(pid);
        return error;
    }
    worker->pid = pid;
    worker->fd = ends[0];
    running++;
    set_free(worker);
    return 0;
}

static void stop_worker(struct worker *worker)
{
    process_kill_child(worker->pid);
    dispatch_unwatch(worker->fd);
    close(worker->fd);
    worker->pid = 0;
    running--;
    if (worker->connection)
        dispatch_abort(worker->connection);
}

/* Gives up a worker that has ended and starts another in its place. */
static void replace_worker(struct worker *worker)
{
    struct worker **at = &first_free;
    while (*at && *at != worker)
        at = &(*at)->next_free;
    if (*at)
        *at = worker->next_free;
    stop_worker(worker);
    (void)start_worker(worker); /* if that fails, again with the next request */
}

/* Starts the workers that do not run: all at first, then those that failed. */
static int start_missing(void)
{
    int error = 0;
    for (int i = 0; i < worker_count; i++)
        if (workers[i].pid == 0)
            error = start_worker(&workers[i]);
    return error;
}

/* Gives the request to a free worker. A worker found dead is replaced, and the
 * next free one tried, each worker once. */
static int give(struct dispatch_connection *connection,
                const struct http_request *request)
{
    for (int i = 0; i <= worker_count && first_free; i++) {
        struct worker *worker = first_free;
        int error = dispatch_send(worker->fd, dispatch_fd(connection), request);
        if (error == 0) {
            first_free = worker->next_free;
            worker->connection = connection;
            return 0;
        }
        if (error != -EPIPE && error != -ECONNRESET)
            return error;
        replace_worker(worker);
    }
    return -EAGAIN;
}

/* Hands out waiting requests while a worker is free. */
static void give_waiting(void)
{
    while (line.first && first_free) {
        struct dispatch_job *job = line.first;
        int error = give(job->connection, &job->request);
        if (error == -EAGAIN)
            return;
        dispatch_line_pop(&line);
        if (error)
            dispatch_done(job->connection,
                          dispatch_refuse(dispatch_fd(job->connection),
                                          &job->request, error));
        free(job);
    }
}

static int serve_request(struct dispatch_connection *connection,
                         const struct http_request *request)
{
    int error = first_free ? 0 : start_missing();
    if (running == 0)
        return error;
    error = line.first ? -EAGAIN : give(connection, request);
    if (error != -EAGAIN)
        return error ? error : DISPATCH_LATER;
    struct dispatch_job *job = dispatch_job_new(connection, request);
    if (!job)
        return -ENOMEM;
    dispatch_line_push(&line, job);
    give_waiting();
    return DISPATCH_LATER;
}

static void worker_ready(struct dispatch_source *source)
{
    struct worker *worker = (struct worker *)source;
    char keep;
    ssize_t count = recv(worker->fd, &keep, 1, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count == 1 && worker->connection) {
        dispatch_done(worker->connection, keep);
        set_free(worker);
    } else {
        replace_worker(worker);
    }
    give_waiting();
}

static int serve(const struct server_config *config)
{
    dispatcher_pid = getpid();
    workers = calloc((size_t)config->workers, sizeof *workers);
    if (!workers)
        return -ENOMEM;
    worker_count = config->workers;
    for (int i = 0; i < worker_count; i++)
        workers[i].source.ready = worker_ready;
    int error = dispatch_open(config, serve_request, true);
    if (error == 0)
        error = start_missing();
    if (error == 0)
        error = dispatch_run();
    for (int i = 0; i < worker_count; i++)
        if (workers[i].pid != 0)
            stop_worker(&workers[i]);
    free(workers);
    dispatch_close();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "worker processes forked beforehand; a request goes to a free "
               "one",
    .task_kind = TASK_PROCESS,
    .discipline = DISCIPLINE_WORKER,
    .flags = MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .workers_default = server_blocking_workers,
    .operations = &blocking_processes,
    .serve = serve,
};
