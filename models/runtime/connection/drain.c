/* SPDX-License-Identifier: MIT
 *
 * The state of the process behind server.h: whether the server was told to
 * stop, and how many requests are in flight, for which a drain waits.
 */
#include <stdatomic.h>

#include "models/runtime/tasks/blocking.h"
#include "server.h"

static atomic_int in_flight;
static atomic_bool stopping;

void server_request_begin(void)
{
    atomic_fetch_add_explicit(&in_flight, 1, memory_order_relaxed);
}

void server_request_end(void)
{
    atomic_fetch_sub_explicit(&in_flight, 1, memory_order_release);
}

int server_in_flight(void)
{
    return atomic_load_explicit(&in_flight, memory_order_acquire);
}

bool server_stopping(void)
{
    return atomic_load_explicit(&stopping, memory_order_relaxed);
}

void server_stop(void)
{
    atomic_store_explicit(&stopping, true, memory_order_relaxed);
}

bool server_drain(void)
{
    int64_t deadline_ns = rt_now() + SERVER_DRAIN_NS;

    server_stop();
    /* Pause first, for tasks that have read a request but not counted it
     * yet. */
    do
        blocking_sleep(5000000);
    while (server_in_flight() > 0 && rt_now() < deadline_ns);
    return server_in_flight() == 0;
}
