/* SPDX-License-Identifier: MIT
 *
 * The loop of event-loop in each of W threads. In the wild: Seastar, Envoy,
 * tokio. A request's life:
 *
 *   connect -> the kernel chooses the listening socket of one of the loops
 *           -> that loop accepts: a new coroutine, which never leaves the loop
 *           -> readable: the loop resumes it, it parses a whole request
 *           -> the handler runs in it; where it waits, the loop runs others
 *           -> the answer is written
 *           -> suspended again
 *
 * Loops share nothing. Compared with event-loop, all CPUs are used; but a
 * connection may wait behind a busy one while another loop is idle.
 *
 * requires: libuv
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "models/runtime/connection/listener.h"
#include "models/runtime/connection/loop_serve.h"
#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/loop.h"

enum {
    STACK,
    SPREAD,
    /* Stack of a loop's thread. Coroutines have stacks of their own. */
    THREAD_STACK_BYTES = 256 << 10,
};
static const struct parameter parameters[] = {
    [STACK] = LOOP_STACK_PARAMETER,
    [SPREAD] = LISTENER_SPREAD_PARAMETER,
    {.name = NULL},
};

/* Where the loops meet before any of them accepts. If one loop fails to start,
 * none may serve: with a loop less the server would not be the model that was
 * asked for. And connections accepted early could take the descriptors that
 * another loop still needs to start. */
struct gathering {
    pthread_barrier_t barrier;
    atomic_int error;
};

struct loop_thread {
    pthread_t thread;
    struct server_config config; /* with a listening socket of its own */
    struct gathering *all;
    int result;
};

static struct loop_thread *loops; /* never freed, as is `all` below */

static void *run(void *argument_of_thread)
{
    struct loop_thread *self = argument_of_thread;
    const struct server_config *config = &self->config;
    int error = loop_init((size_t)argument(&config->arguments, STACK));

    if (error < 0)
        atomic_store(&self->all->error, error);
    pthread_barrier_wait(&self->all->barrier);
    self->result = atomic_load(&self->all->error);
    if (self->result == 0)
        self->result = loop_serve_here(config);
    if (error == 0)
        loop_deinit();
    return NULL;
}

/* Starts a thread for each loop but the first, which runs in the calling
 * thread. If a thread cannot be created, those that were wait at the barrier
 * until the process ends, which is soon. */
static int start(int count)
{
    pthread_attr_t attributes;
    int error = blocking_thread_attributes(&attributes, THREAD_STACK_BYTES);

    if (error < 0)
        return error;
    for (int i = 1; i < count && error == 0; i++)
        error = -pthread_create(&loops[i].thread, &attributes, run, &loops[i]);
    pthread_attr_destroy(&attributes);
    return error;
}

static int run_loops(int count)
{
    static struct gathering all; /* outlives serve() if a thread is missing */
    int error = -pthread_barrier_init(&all.barrier, NULL, (unsigned)count);

    for (int i = 0; i < count; i++)
        loops[i].all = &all;
    if (error == 0)
        error = start(count);
    if (error < 0)
        return error;
    run(&loops[0]);
    for (int i = 1; i < count; i++)
        pthread_join(loops[i].thread, NULL);
    for (int i = 0; i < count && error == 0; i++)
        error = loops[i].result;
    pthread_barrier_destroy(&all.barrier);
    return error;
}

static int serve(const struct server_config *config)
{
    int count = config->workers;
    int *listeners = calloc((size_t)count, sizeof *listeners);

    loops = calloc((size_t)count, sizeof *loops);
    int error = loops && listeners ? 0 : -ENOMEM;
    if (error == 0)
        error = listener_spread(config, argument(&config->arguments, SPREAD),
                                listeners, count);
    if (error == 0) {
        for (int i = 0; i < count; i++) {
            loops[i].config = *config;
            loops[i].config.listen_fd = listeners[i];
        }
        error = run_loops(count);
        listener_close(config, listeners, count);
    }
    free(listeners);
    return error;
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "a libuv loop in each of W threads, a coroutine per connection",
    .task_kind = TASK_COROUTINE,
    .discipline = DISCIPLINE_LOOP,
    .flags = MODEL_SHARED_MEMORY | MODEL_PARALLEL,
    .parameters = parameters,
    .workers_default = server_cpus,
    .operations = &loop_operations,
    .serve = serve,
};
