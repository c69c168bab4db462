/* SPDX-License-Identifier: MIT
 *
 * What a file in workloads/ exports: one `const struct workload workload_NAME`
 * (dashes in the file's name become underscores). The build finds it by the
 * file's name; the route, the flag value, the JSON value and the label in
 * charts are that name, so it is not repeated here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/runtime/base/parameter.h"
#include "runtime.h"

/* Data servers that a workload may call (clients/store.h). */
enum store {
    STORE_NONE,
    STORE_POSTGRESQL,
    STORE_REDIS,
    STORES,
};

enum workload_kind {
    WORKLOAD_IO,
    WORKLOAD_CPU,
    WORKLOAD_MIXED,
    WORKLOAD_IDLE,
};

/* "io", "cpu", "mixed", "idle". */
const char *workload_kind_name(enum workload_kind kind);

/* What a request keeps from others while it waits, besides its task. */
enum workload_hold {
    HOLD_NOTHING, /* it waits through rt_* */
    HOLD_THREAD,  /* the thread that it runs in, a loop's as well */
    HOLD_OFFLOAD, /* one of those that rt_offload has */
};

/* The answer a handler builds. Owned by the server; small bodies stay inside
 * the reply's own buffer, larger ones are allocated and freed by it. */
struct reply;

/* Appends to the body. Returns 0 or -ENOMEM. */
int reply_append(struct reply *reply, const void *bytes, size_t size);
int reply_printf(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Extends the body by `size` bytes and returns where to write them, or NULL
 * when out of memory. Valid until the next call on this reply. */
char *reply_extend(struct reply *reply, size_t size);

struct workload {
    const char *summary; /* one line for lists and help */
    enum workload_kind kind;
    const struct parameter *parameters; /* ends with a NULL name */
    bool needs_backend;                 /* calls backend_call */
    enum store store;                   /* that it calls, if any */

    /* Does the work and builds the answer, which depends on the arguments
     * (seed included) alone. Runs in a task of the model; waits only through
     * rt_*. Returns 0, or a negative errno that the server turns into 503
     * with `reply`'s text as the reason if there is one. */
    int (*handle)(const struct arguments *arguments, struct reply *reply);

    /* Instead of `handle` (NULL then), for a route that is a conversation: has
     * the connection after the handshake of RFC 6455 (messages.h) until it is
     * over, in one task of the model, waiting only through rt_*. Whoever called
     * it closes the connection. `answer` is what the server sends back for the
     * message with these arguments, and that message. */
    void (*session)(int fd, const struct arguments *arguments);

    /* How often a session sends something by itself; 0: never. */
    int64_t (*push_ns)(const struct arguments *arguments);

    /* The answer without the waiting: pure, runs in the harness, which
     * compares every response with it. CPU work is done again, for real. */
    int (*answer)(const struct arguments *arguments, struct reply *reply);

    /* The longest the request must wait for things other than the CPU, and
     * how many backend calls it makes (NULL: none): what the laws predict
     * from. Where there are two kinds of requests: of the heavy ones. */
    int64_t (*wait_ns)(const struct arguments *arguments);
    /* Total wait if the waits are sequential. NULL: there is only one wait.
     * What the wait holds; NULL: HOLD_NOTHING. */
    int64_t (*waits_ns)(const struct arguments *arguments);
    enum workload_hold (*hold)(const struct arguments *arguments);
    int (*backend_calls)(const struct arguments *arguments);

    /* Whether this is one of the heavy requests, for which latency is kept
     * apart; seed and arguments decide. NULL: all are of one kind. */
    bool (*heavy)(const struct arguments *arguments);

    bool counts_updates; /* tells stats_count_updates of its updates */
    bool blocks; /* its handler may make a call that blocks its thread */

    const char *source; /* the claim it tests and who made it */
};

/* Whether a request is one wait for time, if any, and then `answer`: no call to
 * a server, no tasks of its own, no conversation, no call that blocks. A model
 * that cannot leave a handler in the middle has these workloads alone. */
bool workload_waits_once(const struct workload *workload);

/* Whether a request with the default arguments neither waits nor computes. */
bool workload_is_nothing(const struct workload *workload);

/* The table that the build generates from workloads/ *.c, sorted by name and
 * ended by a NULL name. */
struct workload_entry {
    const char *name;
    const struct workload *workload;
};
extern const struct workload_entry workloads[];

/* The workloads that the build left out; ended by a NULL name as well. */
struct workload_missing {
    const char *name;
    const char *package; /* that was not there, by its pkg-config name */
};
extern const struct workload_missing workloads_missing[];

/* The entry of that name, or NULL. */
const struct workload_entry *workload_find(const char *name);
