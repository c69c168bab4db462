/* SPDX-License-Identifier: MIT
 *
 * Queueing laws (harness/predict/laws.h) say beforehand what a trial can reach
 * at most, so that a measured figure far from its law is noticed. The bounds
 * come from the cell's own numbers and from the bare ceiling alone; nothing is
 * fitted. The least bound is the prediction.
 *
 * A residual is the distance of the measured rate from the prediction. If it
 * is large, the trial's own counters are searched for a known cause; without
 * one the cause is "unexplained". The first cause that holds is given, in this
 * order, from what makes the law void to what is a matter of degree:
 *
 *   limit         a limit of the system was hit
 *   failures      failed requests make up half of what is missing
 *   generator     the rate is near the ceiling of generator and kernel
 *   waves         the workers move in step, and the difference is less than
 *                 one wave of requests in the window
 *   backend       the backend's one loop had no CPU time left
 *   switches      the CPUs were busy, and the switches of a request take half
 *                 of the CPU time that it costs beyond the bare work
 *   cpu           the CPUs were busy: a request costs more than the bare work
 *   run queue     a request held its connection, worker or place in the backend
 *                 for longer than in the law, and half of that time it waited
 *                 for a CPU
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trial;
struct trial_spec;

/* The laws' input as it is stored. */
struct prediction_input {
    bool open;
    double rate_per_s;
    int connections;
    int64_t think_ns;
    int64_t wait_ns;     /* the longest wait; their sum where a model makes
                            them in turn */
    int64_t backend_ns;  /* the sum of all waits */
    double cpu_s;        /* from the bare ceiling; 0: unknown */
    int holding_workers; /* 0: requests hold no worker */
    int cpus;
    double quota_cpus;   /* of them; 0: all */
    int backend_workers; /* 0: no limit, or the backend is not called */
};

struct prediction {
    const char *law; /* NULL: no law gives a finite figure */
    double per_s;
    struct prediction_input input;
};

void prediction_make(const struct prediction_input *input,
                     struct prediction *prediction);

/* Makes trial->prediction before the load begins, from the spec, the server's
 * CPUs and workers and the bare ceiling. If a law applies, one line of
 * spec->predictions is on the disk when this returns, which proves that the
 * prediction came first. No law applies to yardsticks, targets and trials with
 * a second load. Returns 0, or a negative errno with the reason in
 * trial->failure. */
int prediction_record(const struct trial_spec *spec, struct trial *trial);

/* "prediction" of a trial that was carried out: law, residual, cause; null if
 * no law applies. */
json_t *prediction_json(const struct trial_spec *spec,
                        const struct trial *trial);

/* Counters of the window; an unknown one is 0 or "". */
struct residual_facts {
    double predicted_per_s, measured_per_s;
    double window_s;
    double bare_s;         /* the law's CPU time of a request */
    int wave;              /* requests that can begin at the same moment */
    const char *exhausted; /* the limit that was hit */
    double failed_per_s;
    bool generator_bound;
    double backend_busy; /* share of one CPU */
    double server_busy;  /* share of the CPUs that the model can use */
    double cpu_s;        /* CPU time per request */
    double switches;     /* per request */
    double run_wait_s;   /* per request */
    double throttled;    /* share of the window, by the CPU quota asked for */
};

/* 0: as predicted; -0.5: half of it. */
double residual_of(const struct residual_facts *facts);

/* The cause of a large residual, and its evidence in `words`. NULL: the
 * residual is within the limit. */
const char *residual_cause(const struct residual_facts *facts, char *words,
                           size_t words_size);
