/* SPDX-License-Identifier: MIT
 *
 * One trial: what is to be done, and what happened, as facts. Whether they
 * earn a figure is decided in gate/, how they are stored in run/trial_json.c.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "activity.h"
#include "bare.h"
#include "harness/experiment/experiment.h"
#include "harness/load/load.h"
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
struct trial_slices; /* slices.h */

struct trial_plan {
    const struct load_point *point;
    const struct model_info *model;
    int workers; /* to pass as --workers; 0: pass nothing */
    const char
        *settings; /* flags of its own to pass (settings.h); NULL: none */
    uint64_t seed; /* of requests and arrivals; never of a model */
    struct backend_server *backend;    /* used when the workload needs one */
    struct store_server *stores;       /* likewise, one of each */
    const char (*store_addresses)[64]; /* of those that the experiment names;
                                          "" and NULL: none */
    const struct metronome *metronome; /* NULL: none beats */
    double usual_speed; /* of the machine in the cell's earlier trials;
                           0: unknown */
    const char *id;     /* of the trial, and which attempt at it */
    int attempt;
    FILE *predictions; /* takes a line before the load begins; NULL: none */
    const volatile sig_atomic_t *stop; /* set: abandon the trial */
};

enum trial_end {
    TRIAL_DONE,
    TRIAL_FAILED,  /* could not be carried out: failure says why */
    TRIAL_STOPPED, /* *stop was set */
};

/* From the server's start on (stage_read_updates). */
struct trial_updates {
    bool known;
    int64_t made, kept;
};

struct trial {
    enum trial_end end;
    char failure[1024];
    bool lasting; /* the failure: it would be the same again */
    time_t started_at;
    int workers; /* as the server said; 0: it did not */
    struct cpu_split cpus;
    struct bare bare;
    struct prediction prediction; /* made before the load began */

    struct load_result *load;    /* NULL unless TRIAL_DONE */
    struct load_result *beside;  /* NULL without a second load */
    struct trial_slices *slices; /* NULL but in slice mode */

    enum meter_source source;
    struct meter_sample idle;   /* before the load's first connection; PSS */
    struct meter_sample opened; /* all connections open, nothing asked; PSS */
    struct meter_sample warm;   /* with PSS, in the middle of the warm-up */
    struct meter_sample first;  /* at the window's start */
    struct meter_sample last;   /* at the window's end */
    struct meter_sample walk_first, walk_last; /* with switches, just before
                                   the window's edges */
    bool has_warm, has_walks;
    int threads_max, processes_max; /* in the window */
    double part_bytes[LOAD_PARTS];  /* a soak: sum of the memory seen in each
                                       tenth of the window, and how often */
    int part_samples[LOAD_PARTS];
    struct sampler sampler; /* in the window */
    struct trial_activity activity;
    struct recovery recovery; /* after it, where the load point asks */

    bool has_backend;
    struct backend_report backend;
    struct trial_store stores[STORES];
    struct trial_updates updates;

    struct machine_sample machine_first, machine_last; /* the window's edges */
    int64_t faults_first,
        faults_last;              /* major ones of the server; -1 unknown */
    struct inspection inspection; /* at the window's end */
    uint64_t listeners_first, listeners_last; /* the server's sockets, ready
                                                 and at the window's end */
    struct metronome_report platform;         /* in the window */
    double others_ns;    /* CPU in the window of all else that belongs to it:
                            the servers and loads beside it in slice mode */
    char exhausted[160]; /* the limit of the system that was hit, or "" */

    double ceiling_per_s; /* the null server's; 0: the rate was nowhere near */

    bool alive; /* at the window's end */
    bool clean; /* ended by itself after SIGTERM, with exit code 0 */
    char server_words[512];
    char meter_note[256];
};

/* The number of workers it ran with, which a model may choose by the CPUs that
 * it is given; the plan's where the server did not start. 0 for a model that
 * has none to set. */
int trial_workers(const struct trial_plan *plan, const struct trial *trial);

/* Right answers per second in the window, or in the parts of it that count.
 * The trial is TRIAL_DONE. */
double trial_per_s(const struct trial *trial);

/* Whether the workload or the one beside it calls the backend. */
bool trial_needs_backend(const struct load_point *point);

/* Whether a rate is too near the null server's to be the server's alone. */
bool trial_ceiling_binds(double per_s, double ceiling_per_s);

void trial_free(struct trial *trial);
