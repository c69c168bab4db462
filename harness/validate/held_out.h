/* SPDX-License-Identifier: MIT
 *
 * Services that no constant was fitted to, drawn from a seed, and how far
 * forecasts of them were from what was measured. The draw is a Latin hypercube
 * (M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21, 1979): of n
 * services each has another n-th of the range of every input, on a logarithmic
 * scale.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/predict/forecast.h"

enum { HELD_OUT_MAX = 256 };

/* A service as the workload `mixed` can be asked for it. */
struct held_out {
    int64_t delay_ns, steps;
    int connections;
};

/* Draws `count` services. Returns 0, or -EINVAL for a count that is not from 1
 * to HELD_OUT_MAX. */
int held_out_draw(uint64_t seed, int count, struct held_out *services);

/* The service as a forecast of this machine takes it. */
void held_out_service(const struct held_out *drawn,
                      const struct machine *machine, struct service *service);

/* Writes the experiment that measures them: the cell pN is service N, from 1.
 * `models` are comma-separated. */
void held_out_write(const struct held_out *services, int count,
                    const char *models, int workers, FILE *file);

/* Errors of forecasts: shares, 0.03 where the forecast is 3 % too high. */
struct errors {
    int n;
    double median; /* of the absolute values */
    double p90;
    double bias; /* the median with its sign */
};

/* `errors` is put in order. */
struct errors held_out_errors(double *errors, int n);
