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
 */
#pragma once

#include <stdbool.h>
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
