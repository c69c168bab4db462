/* SPDX-License-Identifier: MIT
 *
 * The stores that a trial's workloads call: starting them, telling the server
 * under test where they are, metering them in the window.
 */
#pragma once

#include <jansson.h>

#include "harness/machine/meter/meter.h"
#include "harness/server/store_server.h"
#include "models/runtime/clients/store.h"

struct load_point;
struct live_trial;
struct trial;
struct trial_spec;

/* What one store did in a trial. */
struct trial_store {
    bool used;  /* by the workload or the workload beside it */
    bool own;   /* the harness started it; else the experiment names it */
    bool alive; /* at the window's end; with `own` */
    int starts; /* in this run so far */
    char address[64];
    char version[96];
    char words[256];                 /* its state at the window's end */
    struct meter_sample first, last; /* at the window's edges; with `own` */
};

/* Makes sure that the needed stores run. Returns 0, or a negative errno with
 * the reason in trial->failure. */
int trial_store_prepare(struct live_trial *live);

/* Appends the flags that give the addresses of the stores. Returns the new
 * number of words. */
int trial_store_flags(const struct trial *trial, const char **argv, int n);

/* Writes the environment variables that the server under test needs to call the
 * stores: `environment` points into `words` and ends with NULL. */
void trial_store_environment(const struct trial_spec *spec,
                             const struct trial *trial,
                             char (*words)[STORE_WORD_SIZE],
                             const char *environment[STORES * STORE_WORDS + 1]);

/* Read the meters at the window's edges. */
void trial_store_first(struct live_trial *live);
void trial_store_last(struct live_trial *live);

/* Whether every store that we started runs; if not, `words` says which and
 * why. */
bool trial_store_alive(struct live_trial *live, char *words, size_t size);

/* CPU time in the window of the stores that we started. */
double trial_store_cpu_ns(const struct trial *trial);

/* The used stores as an array, for the trial's JSON. */
json_t *trial_store_json(const struct trial *trial);
