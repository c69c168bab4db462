/* SPDX-License-Identifier: MIT
 *
 * A new thread for each request: created, used once, gone. A request's life:
 *
 *   accept -> idle in the dispatcher's epoll set
 *          -> readable: the dispatcher parses a whole request
 *          -> a thread is created for it
 *          -> the handler runs in the thread, which waits where it waits
 *          -> the thread writes the answer
 *          -> the thread puts the connection back into the set, and ends
 *
 * The last arrow does not wake the dispatcher.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "models/runtime/connection/dispatch.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

enum { STACK };
static const struct parameter parameters[] = {
    [STACK] = {"stack", UNIT_BYTES, "64KiB", 32 << 10, 64 << 20, 0,
               "stack of a request's thread"},
    {.name = NULL},
};

static pthread_attr_t attributes;

static void *run(void *argument)
{
    struct dispatch_job *job = argument;
    struct dispatch_connection *connection = job->connection;
    bool keep = dispatch_answer(dispatch_fd(connection), &job->request,
                                server_stopping());
    free(job);
    dispatch_done(connection, keep);
    return NULL;
}

static int serve_request(struct dispatch_connection *connection,
                         const struct http_request *request)
{
    struct dispatch_job *job = dispatch_job_new(connection, request);
    pthread_t thread;
    if (!job)
        return -ENOMEM;
    int error = pthread_create(&thread, &attributes, run, job);
    if (error) {
        free(job);
        return -error;
    }
    return DISPATCH_LATER;
}

static int serve(const struct server_config *config)
{
    int error = blocking_thread_attributes(&attributes,
                                           argument(&config->arguments, STACK));
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (error == 0)
        error = dispatch_open(config, serve_request, true);
    if (error == 0)
        error = dispatch_run();
    dispatch_close();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "a new thread for each request",
    .task_kind = TASK_THREAD,
    .discipline = DISCIPLINE_THREAD,
    .flags = MODEL_SHARED_MEMORY | MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .parameters = parameters,
    .operations = &blocking_threads,
    .serve = serve,
};
