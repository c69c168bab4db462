/* SPDX-License-Identifier: MIT
 *
 * The backend that workloads call: one server for the whole run. The harness
 * meters the backend, too, because a late or busy one would look like latency
 * of the model. The backend is an event loop, which takes any number of calls
 * at once, or a pool of as many threads as calls are allowed. The harness
 * starts one when a trial first needs it, and again if it has died or a trial
 * needs another number of calls.
 */
#pragma once

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/machine/meter/meter.h"
#include "process.h"

struct backend_server {
    struct process process;   /* pid 0: not running */
    char address[64];         /* "127.0.0.1:PORT" */
    const char *path;         /* of the event loop; NULL: not built */
    const char *limited_path; /* of the pool; NULL: not built */
    int workers;              /* calls at once, at most; 0: any number */
    int starts;               /* how often it was started */
    bool urgent;              /* runs before all others on its CPUs */
};

/* What the backend did in one window. Unknown: -1. */
struct backend_report {
    int64_t lateness_p90_ns, lateness_p99_ns, lateness_max_ns;
    int64_t cpu_ns;
    int64_t span_ns; /* between the two samples */
    bool urgent;     /* ran before all others on its CPUs */
};

/* The name of the model that serves as backend, for any number of calls at once
 * or a limited one. */
const char *backend_server_model(bool limited);

/* Sets the paths of both. */
struct model_info;
void backend_server_find(struct backend_server *server,
                         const struct model_info *models);

/* Makes sure that the backend runs on these CPUs and serves `workers` calls at
 * once (0: any number). Returns 0 or a negative errno with a message in `why`:
 * -ENOENT not built. */
int backend_server_ensure(struct backend_server *server, const cpu_set_t *cpus,
                          int workers, char *why, size_t why_size);

/* Resets the lateness statistics. Returns 0 or a negative errno. */
int backend_server_reset(const struct backend_server *server);

void backend_server_sample(struct backend_server *server,
                           struct meter_sample *sample);

/* Fills the report from the two samples and the lateness since the reset. */
void backend_server_read(struct backend_server *server,
                         const struct meter_sample *start,
                         const struct meter_sample *end,
                         struct backend_report *report);

void backend_server_stop(struct backend_server *server);
