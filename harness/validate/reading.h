/* SPDX-License-Identifier: MIT
 *
 * What a trial says of a forecast, beside the metrics.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* A percentile of the latency, where no gate withholds latencies; NAN: it is
 * withheld, or the trial has too few requests for it. */
double reading_percentile(const json_t *trial, double percentile);

/* Whether the machine stood still for so long, a tenth of that latency, that it
 * may have made it. */
bool reading_is_stalled(const json_t *trial, double latency_ns);

/* Whether not the server was the limit of that figure: "throughput",
 * "latency". */
bool reading_is_bound(const json_t *trial, const char *figure);
