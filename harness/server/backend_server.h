/* SPDX-License-Identifier: MIT
 *
 * The backend that workloads call: one server for the whole run, measured
 * like everything else, because a late or busy backend would be reported as
 * the model's latency. Started when first needed, and again when it died or
 * another number of calls at once is asked for: an event loop that takes any
 * number, or a pool of that many threads.
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
    const char *path;         /* of the model's program */
    const char *limited_path; /* of the one with a limit */
    int workers;              /* calls at once as it runs; 0: any number */
    int starts;               /* how often it had to be started */
    bool urgent;              /* before all others on its CPUs */
};

/* What the backend did in one window. Unknown: -1. */
struct backend_report {
    int64_t lateness_p90_ns, lateness_p99_ns, lateness_max_ns;
    int64_t cpu_ns;
    int64_t span_ns; /* between the two samples */
    bool urgent;     /* it ran before all others */
};

/* The model that serves as backend: any number of calls at once, or limited. */
const char *backend_server_model(bool limited);

/* Where both are; NULL: not built. */
struct model_info;
void backend_server_find(struct backend_server *server,
                         const struct model_info *models);

/* Makes sure that it runs, on these CPUs, and serves `workers` calls at once
 * (0: any number). Returns 0 or a negative errno with a sentence in `why`. */
int backend_server_ensure(struct backend_server *server, const cpu_set_t *cpus,
                          int workers, char *why, size_t why_size);

/* Forgets the lateness so far. Returns 0 or a negative errno. */
int backend_server_reset(const struct backend_server *server);

void backend_server_sample(struct backend_server *server,
                           struct meter_sample *sample);

/* Fills the report from the two samples and the lateness since the reset. */
void backend_server_read(struct backend_server *server,
                         const struct meter_sample *start,
                         const struct meter_sample *end,
                         struct backend_report *report);

void backend_server_stop(struct backend_server *server);
