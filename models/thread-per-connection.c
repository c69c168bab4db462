/* SPDX-License-Identifier: MIT
 *
 * A thread for each connection, blocking in read between its requests: the
 * scheduler is the kernel's. Threads are detached and their stacks small
 * (only touched pages cost memory, but the kernel accounts for mappings); the
 * main thread does nothing but accept. Idle threads end with the process.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
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

static int start_thread(const pthread_attr_t *attributes, int fd)
{
    pthread_t thread;
    int error = pthread_create(&thread, attributes, run, (void *)(intptr_t)fd);

    if (error)
        refused_say("a connection's thread", error);
    return -error;
}

/* Accepts whatever waits. */
static void accept_all(int listen_fd, const pthread_attr_t *attributes)
{
    while (!server_stopping()) {
        int fd = server_accept(listen_fd, 0);
        if (fd < 0) {
            if (fd != -EAGAIN) /* short of something: not in a busy loop */
                blocking_sleep(1000000);
            return;
        }
        if (start_thread(attributes, fd))
            server_refuse(fd, "the server is out of threads; raise the limit "
                              "(ulimit -u, kernel.threads-max) or open fewer "
                              "connections");
    }
}

static int serve(const struct server_config *config)
{
    struct pollfd waits[] = {{.fd = config->listen_fd, .events = POLLIN},
                             {.fd = config->stop_fd, .events = POLLIN}};
    pthread_attr_t attributes;
    int rc;

    rc = blocking_thread_attributes(&attributes,
                                    argument(&config->arguments, 0));
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (!rc && !waits[1].revents) {
        if (poll(waits, 2, -1) < 0 && errno != EINTR)
            rc = -errno;
        else if (waits[0].revents)
            accept_all(config->listen_fd, &attributes);
    }
    pthread_attr_destroy(&attributes);
    if (!rc)
        server_drain();
    return rc;
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
