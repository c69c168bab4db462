/* SPDX-License-Identifier: MIT
 *
 * What queueing laws say of a trial beforehand, so that a measured figure far
 * from its law is noticed. Upper bounds, from the cell's own numbers and the
 * bare ceiling alone; nothing is fitted.
 *
 *   closed loop   C / (D + c + Z)   every connection always busy or thinking
 *   workers       W / (D + c)       a worker is held for the whole request
 *   cpu           P / c             all CPUs of the server busy
 *   backend       K / B             the backend serves K calls at once
 *   offered rate  the rate          open loop
 *
 * C connections, Z think time, D longest wait of a request, B the sum of its
 * backend calls, whether they are made at once or in turn, c CPU time of one
 * (from the bare ceiling; 0 when none was taken), W workers that can each
 * hold one request, P CPUs that the model can use. The smallest binds.
 * (P. J. Denning and J. P. Buzen, The Operational Analysis of Queueing
 * Network Models, ACM Computing Surveys 10, 1978.)
 *
 * Why a figure is far from what the laws said of it: the one of the known
 * causes that the trial's own counters show, or the word "unexplained".
 *
 *   limit         a limit of the system was hit
 *   failures      requests failed, and make up half of what is missing
 *   generator     the rate is near what generator and kernel can do at most
 *   waves         the workers move in step, and what is missing (or too much)
 *                 is less than one wave of them in the window
 *   backend       the backend's one loop had no CPU time left
 *   switches      the CPUs were busy, and the switches of a request take half
 *                 of the CPU time that it costs beyond the bare work
 *   cpu           the CPUs were busy: a request costs more than the bare work
 *   run queue     a request waited for a CPU for half of the time by which it
 *                 held its connection, worker or place in the backend longer
 *                 than the law has it
 *
 * The first that holds is given, in this order: from what makes the law void
 * to what is a matter of degree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prediction_input {
    bool open;
    double rate_per_s;
    int connections;
    int64_t think_ns, wait_ns, backend_ns;
    double cpu_s;        /* c, in seconds; 0: unknown */
    int holding_workers; /* W; 0: requests are not held by workers */
    int cpus;            /* P */
    int backend_workers; /* K; 0: it has no limit, or is not called */
};

struct prediction {
    const char *law; /* NULL: no law gives a finite figure */
    double per_s;
    struct prediction_input input;
};

void prediction_make(const struct prediction_input *input,
                     struct prediction *prediction);

/* Of the window; what is not known is 0 or "". */
struct residual_facts {
    double predicted_per_s, measured_per_s;
    double window_s;
    double bare_s;         /* c */
    int wave;              /* requests that can begin at once */
    const char *exhausted; /* the limit that was hit */
    double failed_per_s;
    bool generator_bound;
    double backend_busy; /* share of one CPU */
    double server_busy;  /* share of the CPUs that the model can use */
    double cpu_s;        /* CPU time of a request */
    double switches;     /* of a request */
    double run_wait_s;   /* of a request */
};

double residual_of(const struct residual_facts *facts);

/* NULL when the residual is within the limit; otherwise the cause, with what
 * shows it in `words`. */
const char *residual_cause(const struct residual_facts *facts, char *words,
                           size_t words_size);
