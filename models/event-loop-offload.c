/* SPDX-License-Identifier: MIT
 *
 * The loop of event-loop, and libuv's thread pool for the calls that a handler
 * passes to rt_offload. In the wild: asyncio.to_thread, nginx's thread pools. A
 * request's life:
 *
 *   accept -> a new coroutine, suspended until there is something to read
 *          -> readable: the loop resumes it, it parses a whole request
 *          -> the handler offers its work: queued for one of W threads
 *          -> the coroutine is parked; the loop runs others
 *          -> the work is done: the loop is woken, and resumes the coroutine
 *          -> the answer is written; suspended again
 *
 * The loop stays free while W threads compute. Each offloaded call pays for two
 * wake-ups: one of a thread, one of the loop.
 *
 * requires: libuv
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/runtime/connection/loop_serve.h"
#include "models/runtime/tasks/blocking.h"
#include "models/runtime/tasks/loop.h"

/* libuv's own limit, which it would silently use for any larger number. */
enum { POOL_MAX = 1024 };

static const struct parameter parameters[] = {
    LOOP_STACK_PARAMETER,
    {.name = NULL},
};

/* One offloaded call. */
struct call {
    uv_work_t work; /* first: the callbacks cast it back */
    struct loop_task *task;
    rt_fn *fn;
    int64_t result;
    alignas(16) char arg[];
};

static void run_call(uv_work_t *work)
{
    struct call *call = (struct call *)work;
    call->result = call->fn(call->arg);
}

static void call_done(uv_work_t *work, int status)
{
    (void)status; /* never cancelled */
    loop_unpark(((struct call *)work)->task);
}

/* libuv starts the pool's threads at the first call, and they inherit the
 * caller's signal mask. Stop signals must go to the main thread, so block them
 * during that call. */
static int queue(struct call *call)
{
    static bool begun;
    sigset_t stop_signals, before;
    if (begun)
        return uv_queue_work(loop_uv(), &call->work, run_call, call_done);
    blocking_stop_signals(&stop_signals);
    pthread_sigmask(SIG_BLOCK, &stop_signals, &before);
    int error = uv_queue_work(loop_uv(), &call->work, run_call, call_done);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    begun = true;
    return error;
}

static int offload(rt_fn *fn, const void *arg, size_t size, int64_t *result)
{
    struct call *call = malloc(sizeof *call + size);
    if (!call)
        return -ENOMEM;
    call->task = loop_self();
    call->fn = fn;
    if (size > 0)
        memcpy(call->arg, arg, size);
    int error = queue(call);
    if (error == 0) {
        loop_park();
        *result = call->result;
    }
    free(call);
    return error;
}

/* libuv takes the size of its pool from the environment (docs.libuv.org,
 * "Thread pool work scheduling"). */
static int serve(const struct server_config *config)
{
    char threads[16];
    if (config->workers > POOL_MAX) {
        fprintf(stderr, "%s: --workers %d: libuv's pool ends at %d threads\n",
                model.name, config->workers, POOL_MAX);
        return -EINVAL;
    }
    snprintf(threads, sizeof threads, "%d", config->workers);
    if (setenv("UV_THREADPOOL_SIZE", threads, 1))
        return -errno;
    return loop_serve(config, (size_t)argument(&config->arguments, 0));
}

const struct model model = {
    .name = MODEL_NAME,
    .summary = "one libuv loop, a coroutine per connection; CPU work in a pool "
               "of W threads",
    .task_kind = TASK_COROUTINE,
    .discipline = DISCIPLINE_LOOP,
    .flags = MODEL_SHARED_MEMORY | MODEL_PARALLEL,
    .parameters = parameters,
    .workers_default = server_cpus,
    .operations = &loop_operations,
    .offload = offload,
    .serve = serve,
};
