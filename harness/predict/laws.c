/* SPDX-License-Identifier: MIT */
#include "laws.h"

#include <math.h>

const char *law_name(enum law law)
{
    static const char *const names[LAWS] = {
        [LAW_OFFERED] = "offered rate",
        [LAW_CLIENTS] = "closed loop",
        [LAW_WORKERS] = "workers",
        [LAW_BACKEND] = "backend",
        [LAW_CPU] = "cpu",
        [LAW_THREAD] = "one thread",
        [LAW_MEMORY] = "memory",
    };
    return names[law];
}

/* The least of the bounds from `from` on; of those that equal `first`, that. */
static enum law least(const double *per_s, enum law first, enum law from)
{
    enum law found = first;
    for (enum law law = from; law < LAWS; law++)
        if (per_s[law] < per_s[found])
            found = law;
    return found;
}

struct laws laws_of(const struct laws_input *in)
{
    double held_s = in->wait_s + in->cpu_s;
    double round_s = held_s + in->think_s;
    struct laws laws;
    double *per_s = laws.per_s;

    for (enum law law = 0; law < LAWS; law++)
        per_s[law] = INFINITY;
    if (in->open)
        per_s[LAW_OFFERED] = in->rate_per_s;
    else if (round_s > 0)
        per_s[LAW_CLIENTS] = in->connections / round_s;
    if (in->holding_workers > 0 && held_s > 0)
        per_s[LAW_WORKERS] = in->holding_workers / held_s;
    if (in->offload_workers > 0 && in->offload_s > 0)
        per_s[LAW_WORKERS] =
            fmin(per_s[LAW_WORKERS], in->offload_workers / in->offload_s);
    if (in->backend_workers > 0 && in->backend_s > 0)
        per_s[LAW_BACKEND] = in->backend_workers / in->backend_s;
    if (in->cpus > 0 && in->cpu_s > 0)
        per_s[LAW_CPU] =
            (in->quota_cpus > 0 ? fmin(in->quota_cpus, in->cpus) : in->cpus) /
            in->cpu_s;
    if (in->thread_s > 0)
        per_s[LAW_THREAD] = 1 / in->thread_s;
    if (in->flight_bytes > 0 && isfinite(in->memory_left) && held_s > 0)
        per_s[LAW_MEMORY] =
            fmax(0, in->memory_left) / in->flight_bytes / held_s;
    laws.binding = least(per_s, LAW_OFFERED, LAW_OFFERED);
    laws.capacity = least(per_s, LAW_CPU, LAW_WORKERS);
    return laws;
}
