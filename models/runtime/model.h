/* SPDX-License-Identifier: MIT
 *
 * What a file in models/ exports: `const struct model model`. One model is one
 * server binary, named after its file (the build passes the name as
 * MODEL_NAME), so thread models never map libuv, and `ps`, core files and
 * profilers show which model they are about.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "models/runtime/base/discipline.h"
#include "models/runtime/base/parameter.h"
#include "runtime.h"
#include "workload.h"

/* What runs a request. */
enum task_kind {
    TASK_NONE, /* the only thread */
    TASK_THREAD,
    TASK_COROUTINE,
    TASK_PROCESS,
    TASK_CALLBACK, /* a function called when the wait is over */
};

enum model_flags {
    MODEL_SHARED_MEMORY = 1, /* tasks see each other's memory */
    MODEL_PREEMPTIVE = 2,    /* a busy task cannot stall the others */
    MODEL_PARALLEL = 4,      /* uses more than one CPU */
    MODEL_YARDSTICK = 8,     /* measures the instrument, never a contender */
};

/* The runtime calls as one kind of task makes them; contracts in runtime.h.
 * Models share these sets: tasks/blocking.h has those of tasks that own a
 * kernel thread, tasks/loop.h that of coroutines. A set has every call: the
 * server refuses to start with one missing, and names it. */
struct rt_operations {
    int (*sleep)(int64_t duration_ns);
    int (*connect)(const struct sockaddr_in *address, int64_t deadline_ns);
    ssize_t (*read)(int fd, void *buffer, size_t size, int64_t deadline_ns);
    ssize_t (*write)(int fd, const void *buffer, size_t size,
                     int64_t deadline_ns);
    int (*wait_fd)(int fd, int events, int64_t deadline_ns);
    int (*close)(int fd);
    int (*spawn)(rt_fn *fn, const void *arg, size_t size,
                 struct rt_task **task);
    int (*join)(struct rt_task *task, int64_t *result);
    void (*yield)(void);
};

/* The server's arguments to serve(). */
struct server_config {
    int listen_fd; /* bound and listening, non-blocking */
    int backlog;   /* of listen_fd */
    int stop_fd;   /* becomes readable, and stays so, when serve() must stop
                      accepting, finish the requests in flight and return */
    int workers;   /* --workers, or the model's default */
    struct arguments arguments; /* of model.parameters */
};

struct model {
    const char *name; /* MODEL_NAME */
    const char *summary;
    enum task_kind task_kind;
    enum discipline discipline;
    unsigned flags;
    const struct parameter *parameters; /* its own flags beside the common
                                           ones; may be NULL */
    int (*workers_default)(void); /* NULL: the model has no workers to set */
    /* Whether the model has this workload, judged by what the workload
     * declares. NULL: the model has all of them. */
    bool (*has)(const struct workload *workload);

    const struct rt_operations *operations;

    /* rt_offload, for a model that can run such calls elsewhere. NULL: the call
     * runs in the task that makes it. */
    int (*offload)(rt_fn *fn, const void *arg, size_t size, int64_t *result);

    /* Accepts and serves until stop_fd is readable, then drains. Returns 0,
     * or a negative errno if it could not start. */
    int (*serve)(const struct server_config *config);
};

/* The model this binary is. */
extern const struct model model;
