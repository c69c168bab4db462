/* SPDX-License-Identifier: MIT
 *
 * A thread for each connection; the kernel schedules. A request's life:
 *
 *   accept -> a new thread, which blocks in read
 *          -> bytes come: the kernel wakes the thread
 *          -> the thread parses a whole request
 *          -> the handler runs in the thread, which waits where it waits
 *          -> the answer is written
 *          -> the thread blocks in read again
 *
 * Threads are detached. Their stacks are small: only touched pages cost memory,
 * but the kernel accounts for the whole mapping. The main thread does nothing
 * but accept. Idle threads end with the process.
 */
#include <pthread.h>
#include <stdint.h>

#include "models/runtime/base/refused.h"
#include "models/runtime/connection/server.h"
#include "models/runtime/tasks/blocking.h"

static const struct parameter parameters[] = {
    {"stack", UNIT_BYTES, "64KiB", 32 << 10, 64 << 20, 0,
     "stack of a connection's thread"},
    {0},
};

static void *run(void *argument)
{
    server_connection((int)(intptr_t)argument);
    return NULL;
}

static pthread_attr_t attributes;

static void start_thread(int fd)
{
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run, (void *)(intptr_t)fd);

    if (!error)
        return;
    refused_say("a connection's thread", error);
    server_refuse(fd, "the server is out of threads; raise the limit (ulimit "
                      "-u, kernel.threads-max) or open fewer connections");
}

static int serve(const struct server_config *config)
{
    int error = blocking_thread_attributes(&attributes,
                                           argument(&config->arguments, 0));

    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (!error)
        error = server_accept_until_stop(config, start_thread, -1, NULL);
    pthread_attr_destroy(&attributes);
    if (!error)
        server_drain();
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "a thread for each connection",
    .task_kind = TASK_THREAD,
    .discipline = DISCIPLINE_THREAD,
    .flags = MODEL_SHARED_MEMORY | MODEL_PREEMPTIVE | MODEL_PARALLEL,
    .parameters = parameters,
    .operations = &blocking_threads,
    .serve = serve,
};
