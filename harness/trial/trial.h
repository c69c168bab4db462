/* SPDX-License-Identifier: MIT
 *
 * One trial: its inputs (struct trial_spec) and the facts that it leaves
 * (struct trial). The gates in harness/gate decide which facts earn a figure;
 * harness/run/trial_json.c stores them.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "activity.h"
#include "harness/experiment/experiment.h"
#include "harness/load/load.h"
#include "harness/machine/bare.h"
#include "harness/machine/machine.h"
#include "harness/machine/meter/meter.h"
#include "harness/machine/meter/sampler.h"
#include "harness/machine/metronome.h"
#include "harness/machine/placement.h"
#include "harness/server/backend_server.h"
#include "harness/server/models.h"
#include "inspection.h"
#include "prediction.h"
#include "recovery.h"
#include "store.h"

struct store_server;

struct trial_spec {
    const struct load_point *point;
    const struct model_info *model;
    int workers;          /* the value of --workers; 0: no such flag */
    const char *settings; /* the model's own flags (settings.h); NULL: none */
    uint64_t seed;        /* of requests and arrivals; equal for all models */
    struct backend_server *backend;    /* for workloads that call it */
    struct store_server *stores;       /* one of each, likewise */
    const char (*store_addresses)[64]; /* of the stores that the experiment
                                          names; "" or NULL: ours */
    const struct metronome *metronome; /* NULL: there is none */
    double usual_speed; /* of the machine in earlier trials of the cell;
                           0: unknown */
    const char *id;     /* of the trial */
    int attempt;        /* from 1 */
    FILE *predictions;  /* takes one line before the load begins; NULL: none */
    const volatile sig_atomic_t *stop; /* not 0: abandon the trial */
};

enum trial_end {
    TRIAL_DONE,
    TRIAL_FAILED,  /* could not be carried out; `failure` says why */
    TRIAL_STOPPED, /* *stop was set */
};

/* Updates of a shared value, which the server counts from its start. */
struct trial_updates {
    bool known;
    int64_t made, kept;
};

/* One turn of one server in slice mode. Unknown: -1. */
struct slice {
    int64_t started_ns;  /* since the block's window opened */
    int64_t counted_ns;  /* length of the counted part at the turn's end */
    int64_t late_ns;     /* how late CPU was read at the two edges of the
                            counted part, the worse of both */
    uint64_t completed;  /* right answers in the counted part */
    int64_t cpu_ns;      /* of the server's tree in the counted part */
    int64_t idle_cpu_ns; /* of all other servers together, meanwhile */
};

struct trial_slices {
    int count;
    int64_t slice_ns; /* of the experiment, with the discarded part */
    struct slice rows[];
};

struct trial {
    enum trial_end end;
    char failure[1024];
    bool lasting; /* another attempt would fail in the same way */
    time_t started_at;
    int workers; /* from the server's ready line; 0: not told */
    struct cpu_split cpus;
    struct bare bare;
    int requests_made; /* different ones, of which the load repeats; 0: unknown
                        */
    struct prediction prediction; /* made before the load began */

    struct load_result *load;    /* NULL unless TRIAL_DONE */
    struct load_result *beside;  /* NULL without a second load */
    struct trial_slices *slices; /* NULL outside slice mode */

    enum meter_source source;
    struct meter_sample idle;   /* before the first connection; with PSS */
    struct meter_sample opened; /* all connections open, no request yet; with
                                   PSS */
    struct meter_sample warm;   /* in the middle of the warm-up; with PSS */
    struct meter_sample first, last;           /* at the window's edges */
    struct meter_sample walk_first, walk_last; /* with context switches, just
                                                  before the window's edges */
    bool has_warm, has_walks;
    int threads_max, processes_max; /* in the window */
    /* A soak: the sum of the memory samples in each tenth of the window, and
     * their number. */
    double part_bytes[LOAD_PARTS];
    int part_samples[LOAD_PARTS];
    struct sampler sampler; /* in the window */
    struct trial_activity activity;
    struct recovery recovery; /* after the window, if the load point asks */

    bool has_backend;
    struct backend_report backend;
    struct trial_store stores[STORES];
    struct trial_updates updates;

    struct meter_throttled throttled_first, throttled_last; /* at the window's
                                                              edges */
    struct machine_sample machine_first,
        machine_last;                  /* at the window's edges */
    int64_t faults_first, faults_last; /* major page faults of the server; -1:
                                          unknown */
    struct inspection inspection;      /* at the window's end */
    uint64_t listeners_first, listeners_last; /* the server's sockets: ready,
                                                 and at the window's end */
    struct metronome_report platform;         /* in the window */
    double others_ns;    /* slice mode: CPU time in the window of the other
                            servers of the block, of their loads, and of the
                            backend for them */
    char exhausted[160]; /* the limit of the system that was hit, or "" */

    double ceiling_per_s; /* the null server's rate; 0: this trial's rate was
                             nowhere near one */

    bool alive; /* at the window's end */
    bool clean; /* exited with code 0 after SIGTERM */
    char server_words[512];
    char meter_note[256];
};

/* The number of workers that the server had. If it did not start: the spec's
 * number. 0: the model has no workers to set. */
int trial_workers(const struct trial_spec *spec, const struct trial *trial);

/* Whether the workload, or the one of the second load, calls the backend. */
bool trial_needs_backend(const struct load_point *point);

/* Whether a rate is so close to the null server's that it may not be the
 * model's own limit. */
bool trial_ceiling_binds(double per_s, double ceiling_per_s);

/* The window's length as the load kept it. */
int64_t trial_window_ns(const struct trial *trial);

/* Right answers per second in the window, in slice mode in the counted parts.
 * 0: the trial was not carried out. */
double trial_per_s(const struct trial *trial);

/* CPU time of the server's tree per right answer; -1: unknown, for example
 * because a second load shares the server. */
int64_t trial_cpu_per_request_ns(const struct trial *trial);

/* How long the quota that the load point asks for held tasks back in the
 * window, summed over CPUs; -1: it asks for none, or nothing counts it. */
int64_t trial_throttled_ns(const struct trial_spec *spec,
                           const struct trial *trial);

/* The growth of a counter that was read twice, span_ns apart, scaled to the
 * window; -1: unknown. */
int64_t trial_scaled(const struct trial *trial, int64_t span_ns, int64_t first,
                     int64_t last);

/* The growth of a counter between the two walks, scaled to the window; -1:
 * unknown. */
int64_t trial_walked(const struct trial *trial, int64_t first, int64_t last);

/* Whether CPU was read close enough to the edges of the slice's counted part:
 * within 5 % of its length or 5 ms. The decision looks at the clock alone,
 * never at what was read. */
bool slice_sampled(const struct slice *slice);

void trial_free(struct trial *trial);
