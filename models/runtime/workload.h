/* SPDX-License-Identifier: MIT
 *
 * What a file in workloads/ exports: one `const struct workload workload_NAME`
 * (dashes in the file's name become underscores). The build finds it by the
 * file's name; the route, the flag value, the JSON value and the label in
 * charts are that name, so struct workload does not repeat it.
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

/* What a request occupies while it waits, besides its task. */
enum workload_hold {
    HOLD_NOTHING, /* it waits through rt_* calls */
    HOLD_THREAD,  /* the thread that it runs in, even if that is a loop's */
    HOLD_OFFLOAD, /* one of the threads behind rt_offload */
};

/* The answer that a handler builds. The server owns it. Small bodies stay
 * inside the reply's own buffer; larger ones are allocated, and freed with the
 * reply. */
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
    bool needs_backend;                 /* it calls backend_call */
    enum store store;                   /* the store that it calls, if any */

    /* Does the work and builds the answer, which depends only on the arguments
     * (seed included). Runs in a task of the model, and waits only through
     * rt_*. Returns 0, or a negative errno that the server turns into 503; any
     * text in `reply` is then the reason. */
    int (*handle)(const struct arguments *arguments, struct reply *reply);

    /* For a route that is a WebSocket conversation, which has no `handle`:
     * talks on the connection after the handshake of RFC 6455 (see messages.h),
     * until the conversation is over. Runs in one task of the model, and waits
     * only through rt_*. The caller closes the connection. `answer` then builds
     * the message that the harness sends with these arguments, and that the
     * server must echo. */
    void (*session)(int fd, const struct arguments *arguments);

    /* How often a session sends a message without being asked; 0: never. */
    int64_t (*push_ns)(const struct arguments *arguments);

    /* The answer without any wait. Pure; the harness runs it, and compares
     * every response with its result. CPU work is really done again. */
    int (*answer)(const struct arguments *arguments, struct reply *reply);

    /* The answer by a short cut, for who needs many answers and not the work.
     * NULL: there is no short cut. */
    int (*expect)(const struct arguments *arguments, struct reply *reply);

    /* The next four tell the laws of a prediction about a request; if there
     * are heavy and light requests, about a heavy one; if requests vary, about
     * their mean. This one: how long it must wait, at the longest, for things
     * other than the CPU. */
    int64_t (*wait_ns)(const struct arguments *arguments);
    /* Total wait if the waits are sequential. NULL: there is only one wait. */
    int64_t (*waits_ns)(const struct arguments *arguments);
    /* What the wait holds. NULL: HOLD_NOTHING. */
    enum workload_hold (*hold)(const struct arguments *arguments);
    /* How many backend calls it makes. NULL: none. */
    int (*backend_calls)(const struct arguments *arguments);

    /* Whether this is a heavy request, whose latency is recorded separately;
     * seed and arguments decide. NULL: all requests are of one kind. */
    bool (*heavy)(const struct arguments *arguments);

    /* If waits vary from seed to seed, by lognormal factors of mean 1: the
     * coefficient of variation, 1 for 100 %. NULL or 0: all are alike. */
    double (*wait_cv)(const struct arguments *arguments);
    /* How much CPU work this request, by its seed, does of the mean, which is
     * 1. NULL: all do the same. */
    double (*work_factor)(const struct arguments *arguments);

    bool counts_updates; /* it reports its updates to stats_count_updates */
    bool blocks;         /* its handler may block its thread outside rt_* */

    const char *source; /* the claim that it tests, and who made the claim */
};

/* The wait_ns of a workload whose requests need not wait for a given time: 0.
 * How long a store, a disk or a client takes is not known beforehand. */
int64_t workload_never_waits(const struct arguments *arguments);

/* Whether a request is at most one wait for time, and then `answer`: no call to
 * another server, no child tasks, no conversation, no blocking call. A model
 * that cannot suspend a handler in the middle has only these workloads. */
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

/* The workloads that the build left out; ended by a NULL name. */
struct workload_missing {
    const char *name;
    const char *package; /* that is missing, by its pkg-config name */
};
extern const struct workload_missing workloads_missing[];

/* The package that was missing for a workload that the build left out; NULL: no
 * such workload was left out. */
const char *workload_lacks(const char *name);

/* The entry of that name, or NULL. */
const struct workload_entry *workload_find(const char *name);
