/* SPDX-License-Identifier: MIT
 *
 * The loop of loop.h with callbacks instead of coroutines: code that must wait
 * registers a function to be called. The other parts are alike, so that a
 * comparison of the two shows the cost of coroutines: sockets in an epoll set
 * of our own, edge-triggered, registered once, and watched by libuv as one
 * descriptor; deadlines in a heap, with one timerfd. One reactor a process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "timers.h"

/* Embedded in the caller's own struct, which a callback finds again by it. */
struct reactor_watch {
    /* `events`: of epoll_ctl(2). */
    void (*ready)(struct reactor_watch *watch, uint32_t events);
};
struct reactor_timer {
    struct timer timer; /* first: the heap's handle is the timer */
    void (*due)(struct reactor_timer *timer);
};

/* Makes the loop, which calls `after` after each batch of events. A watch may
 * be freed in its own callback, once the callback has closed the descriptor, or
 * in `after`. Returns 0 or a negative errno. */
int reactor_open(void (*after)(void));

/* Calls watch->ready for `events` on fd, until fd is closed or removed. Returns
 * 0 or a negative errno. */
int reactor_add(struct reactor_watch *watch, int fd, uint32_t events);
void reactor_remove(int fd);

/* Makes room for `timers` timers in all, so that reactor_set cannot fail.
 * Returns 0 or -ENOMEM. */
int reactor_reserve(uint32_t timers);

/* Calls timer->due once when the deadline has passed. A second call moves the
 * deadline.
 */
void reactor_set(struct reactor_timer *timer, int64_t deadline_ns);
void reactor_clear(struct reactor_timer *timer);

/* Runs until reactor_stop, or the deadline given to reactor_stop_at. */
void reactor_run(void);
void reactor_stop(void);
void reactor_stop_at(int64_t deadline_ns);

/* Frees the loop. Watched descriptors stay open. */
void reactor_close(void);
