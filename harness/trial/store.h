/* SPDX-License-Identifier: MIT
 *
 * The data servers that a trial's workloads call: started or found, told to
 * the server under test, measured in the window, judged afterwards.
 */
#pragma once

#include <jansson.h>

#include "harness/machine/meter/meter.h"
#include "harness/server/store_server.h"
#include "models/runtime/clients/store.h"

struct load_point;
struct stage;
struct trial;
struct trial_plan;

/* What one store did in a trial. */
struct trial_store {
    bool used;  /* by the workload, or the one beside it */
    bool own;   /* the harness started it */
    bool alive; /* at the window's end, with `own` */
    int starts; /* in this run so far */
    char address[64];
    char version[96];
    char words[256];                 /* how it was, when it was not alive */
    struct meter_sample first, last; /* at the window's edges, with `own` */
};

/* Makes sure that they are there. Returns 0, or a negative errno with the
 * reason in the trial. */
int trial_store_prepare(struct stage *stage);

/* Appends the flags that say where they are; returns the number of words. */
int trial_store_flags(const struct trial *trial, const char **argv, int n);

/* What the server under test needs in its environment to call them: pointers
 * into `words`, NULL at the end. */
void trial_store_environment(const struct trial_plan *plan,
                             const struct trial *trial,
                             char (*words)[STORE_WORD_SIZE],
                             const char *environment[STORES * STORE_WORDS + 1]);

/* At the window's edges. */
void trial_store_first(struct stage *stage);
void trial_store_last(struct stage *stage);

/* Whether every one that we started lives; else in words. */
bool trial_store_alive(struct stage *stage, char *words, size_t size);

/* CPU time in the window, of those that we started. */
double trial_store_cpu_ns(const struct trial *trial);

json_t *trial_store_json(const struct trial *trial);
