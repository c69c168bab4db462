/* SPDX-License-Identifier: MIT
 *
 * W processes forked beforehand; a request goes to a free one, or waits in
 * line. The dispatcher sends the request and its connection's descriptor
 * through a socket pair; the worker writes the answer to the client itself and
 * says whether the connection goes on. Workers live on, and with them what
 * they keep open (backend connections). A worker that dies costs its own
 * connection and is replaced.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

struct worker {
    struct dispatch_source source; /* first: found again by it */
    pid_t pid;                     /* 0: not running */
    int fd;
    struct dispatch_connection *connection; /* NULL: free */
    struct worker *next_free;
};

static struct worker *workers;
static int worker_count;
static struct worker *first_free; /* last in, first out: the warm one */
static struct dispatch_job *first_job, **last_job = &first_job;
static pid_t dispatcher_pid;

/* Leaves the worker nothing of the dispatcher's but its own socket: an
 * inherited connection would outlive the dispatcher's closing of it. */
static void close_all_but(int fd)
{
    if (fd > 3)
        close_range(3, (unsigned)fd - 1, 0);
    close_range((unsigned)fd + 1, ~0u, 0);
}

static _Noreturn void run_worker(int fd)
{
    static char target[HTTP_HEAD_MAX];
    struct dispatch_order order;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != dispatcher_pid) /* it ended before the line above */
        _exit(1);
    process_forked();
    close_all_but(fd);
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

static void worker_ready(struct dispatch_source *source);

static int start_worker(struct worker *worker)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return -errno;
    int error = 0;
    pid_t pid = fork();
    if (pid == 0)
        run_worker(ends[1]);
    if (pid < 0)
        error = -errno;
    close(ends[1]);
    worker->source.ready = worker_ready;
    if (error == 0)
        error = dispatch_watch(&worker->source, ends[0]);
    if (error < 0) {
        close(ends[0]); /* which ends the worker, if there is one */
        if (pid > 0)
            waitpid(pid, NULL, 0);
        return error;
    }
    worker->pid = pid;
    worker->fd = ends[0];
    worker->connection = NULL;
    worker->next_free = first_free;
    first_free = worker;
    return 0;
}

static void stop_worker(struct worker *worker)
{
    kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    dispatch_unwatch(worker->fd);
    close(worker->fd);
    worker->pid = 0;
    if (worker->connection)
        dispatch_abort(worker->connection);
    worker->connection = NULL;
}

/* Takes the worker's end for what it is and starts another in its place. */
static void replace_worker(struct worker *worker)
{
    struct worker **at = &first_free;
    while (*at && *at != worker)
        at = &(*at)->next_free;
    if (*at)
        *at = worker->next_free;
    stop_worker(worker);
    (void)start_worker(worker); /* else with the next request: revive */
}

/* After a failed fork: tries again. Only called when nobody is free. */
static int revive(void)
{
    int error = 0, running = 0;
    for (int i = 0; i < worker_count; i++) {
        if (workers[i].pid == 0)
            error = start_worker(&workers[i]);
        running += workers[i].pid != 0;
    }
    return running > 0 ? 0 : error;
}

/* Gives the request to a free worker. A worker found dead is replaced and the
 * next one tried, each once. */
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

/* Hands out what waits in line while somebody is free. */
static void give_waiting(void)
{
    while (first_job && first_free) {
        struct dispatch_job *job = first_job;
        int error = give(job->connection, &job->request);
        if (error == -EAGAIN)
            return;
        first_job = job->next;
        if (!first_job)
            last_job = &first_job;
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
    int error = first_free ? 0 : revive();
    if (error == 0 && first_free && !first_job) {
        error = give(connection, request);
        return error ? error : DISPATCH_LATER;
    }
    struct dispatch_job *job =
        error == 0 ? dispatch_job_new(connection, request) : NULL;
    if (!job)
        return error ? error : -ENOMEM;
    *last_job = job;
    last_job = &job->next;
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
        worker->connection = NULL;
        worker->next_free = first_free;
        first_free = worker;
    } else {
        replace_worker(worker);
    }
    give_waiting();
}

static int start_workers(int count)
{
    int error = 0;
    workers = calloc((size_t)count, sizeof *workers);
    if (!workers)
        return -ENOMEM;
    worker_count = count;
    for (int i = 0; i < count && error == 0; i++)
        error = start_worker(&workers[i]);
    return error;
}

static void stop_workers(void)
{
    for (int i = 0; i < worker_count; i++)
        if (workers[i].pid != 0)
            stop_worker(&workers[i]);
    free(workers);
}

static int serve(const struct server_config *config)
{
    dispatcher_pid = getpid();
    int error = dispatch_open(config, serve_request, true);
    if (error == 0)
        error = start_workers(config->workers);
    if (error == 0)
        error = dispatch_run();
    stop_workers();
    dispatch_close();
    return error;
}

static int workers_default(void)
{
    return 2 * server_cpus() + 1;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "worker processes forked beforehand; a request goes to a free "
               "one",
    .task_kind = TASK_PROCESS,
    .discipline = DISCIPLINE_WORKER,
    .flags = MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .workers_default = workers_default,
    .operations = &blocking_processes,
    .serve = serve,
};
