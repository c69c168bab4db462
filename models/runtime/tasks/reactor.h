/* SPDX-License-Identifier: MIT
 *
 * The loop of loop.h without its coroutines: who waits leaves a function to be
 * called, not a stack. The same parts otherwise, so that what remains between
 * the two is the coroutines: sockets in an epoll set of our own, edge-triggered
 * and registered once, watched by libuv as one descriptor; deadlines in a heap
 * on one timerfd. One a process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "timers.h"

/* Embedded in what is to be found again. */
struct reactor_watch {
    /* `events`: of epoll_ctl(2). */
    void (*ready)(struct reactor_watch *watch, uint32_t events);
};
struct reactor_timer {
    struct timer timer; /* first: the heap's handle is the timer */
    void (*due)(struct reactor_timer *timer);
};

/* Makes the loop. `after` is called after each batch of events. The memory of a
 * watch may be freed when its own callback has closed the descriptor, or then.
 * Returns 0 or a negative errno. */
int reactor_open(void (*after)(void));

/* Calls watch->ready for `events` on fd, until fd is closed or reactor_remove.
 * Returns 0 or a negative errno. */
int reactor_add(struct reactor_watch *watch, int fd, uint32_t events);
void reactor_remove(int fd);

/* Room for so many timers in all; reactor_set cannot fail then. Returns 0 or
 * -ENOMEM. */
int reactor_reserve(uint32_t timers);

/* Calls timer->due once when the deadline has passed; a second call moves it.
 */
void reactor_set(struct reactor_timer *timer, int64_t deadline_ns);
void reactor_clear(struct reactor_timer *timer);

/* Runs until reactor_stop, or the time given to reactor_stop_at. */
void reactor_run(void);
void reactor_stop(void);
void reactor_stop_at(int64_t deadline_ns);

/* Frees the loop. Watched descriptors stay open. */
void reactor_close(void);
