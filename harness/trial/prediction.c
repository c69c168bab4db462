/* SPDX-License-Identifier: MIT
 *
 * The smallest of the bounds, and its name.
 */
#include "prediction.h"

#include <stddef.h>

static void bound(struct prediction *prediction, const char *law, double per_s)
{
    if (prediction->law != NULL && prediction->per_s <= per_s)
        return;
    prediction->law = law;
    prediction->per_s = per_s;
}

void prediction_make(const struct prediction_input *input,
                     struct prediction *prediction)
{
    double request_s = (double)input->wait_ns / 1e9 + input->cpu_s;
    double round_s = request_s + (double)input->think_ns / 1e9;

    *prediction = (struct prediction){.input = *input};
    if (input->open)
        bound(prediction, "offered rate", input->rate_per_s);
    else if (round_s > 0)
        bound(prediction, "closed loop", input->connections / round_s);
    if (input->holding_workers > 0 && request_s > 0)
        bound(prediction, "workers", input->holding_workers / request_s);
    if (input->backend_workers > 0 && input->backend_ns > 0)
        bound(prediction, "backend",
              input->backend_workers / ((double)input->backend_ns / 1e9));
    if (input->cpu_s > 0 && input->cpus > 0)
        bound(prediction, "cpu", input->cpus / input->cpu_s);
}
