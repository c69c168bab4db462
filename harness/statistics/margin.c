/* SPDX-License-Identifier: MIT
 *
 * Latencies have a margin of their own: queueing alone moves a p99 by more
 * than anybody should care for in a throughput.
 */
#include "margin.h"

#include <math.h>
#include <string.h>

#include "harness/base/json.h"

static const double MARGIN = 0.05, LATENCY_MARGIN = 0.1;

bool margin_is_primary(const struct metric *metric)
{
    static const char *const names[] = {"throughput_per_s", "capacity_per_s",
                                        "latency_p99_ns", "memory_total_bytes",
                                        "cpu_per_request_ns"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(metric->name, names[i]))
            return true;
    return false;
}

static bool is_latency(const struct metric *metric)
{
    return !strncmp(metric->name, "latency_", 8) ||
           !strncmp(metric->name, "beside_", 7);
}

double margin_declared(const json_t *experiment, const struct metric *metric)
{
    bool latency = is_latency(metric);
    double margin =
        json_number_of(experiment, latency ? "latency_margin" : "margin");

    if (margin > 0)
        return margin;
    return latency ? LATENCY_MARGIN : MARGIN;
}
