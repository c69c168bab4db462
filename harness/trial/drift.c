/* SPDX-License-Identifier: MIT
 *
 * Growth over the whole window must exceed a margin to count as drift. Memory:
 * 1 %, and at least 512 KiB, because the kernel charges memory to a group in
 * advance, up to 256 KiB per CPU. Latency: 10 %.
 */
#include "drift.h"

#include <math.h>
#include <stdio.h>

#include "harness/base/json.h"
#include "harness/figures/drift.h"

/* A tenth has a percentile if at least so many requests lie beyond it. */
enum { BEYOND_MIN = 20 };

static const double MEMORY_SHARE = 0.01;
static const double MEMORY_LEAST_BYTES = 512 * 1024;
static const double LATENCY_SHARE = 0.1;

void trial_drift_note(struct trial *trial, int64_t since_start_ns,
                      int64_t window_ns, int64_t total_bytes)
{
    int64_t part = since_start_ns * LOAD_PARTS / window_ns;

    if (total_bytes < 0 || part < 0 || part >= LOAD_PARTS)
        return;
    trial->part_bytes[part] += (double)total_bytes;
    trial->part_samples[part]++;
}

static double percentile(const struct histogram *histogram, double p)
{
    if ((double)histogram->count * (100 - p) / 100 < BEYOND_MIN)
        return NAN;
    return (double)histogram_percentile_ns(histogram, p);
}

static json_t *json_verdict(const double values[LOAD_PARTS],
                            const struct trial *trial, double share,
                            double least, const char *metric)
{
    struct drift drift;
    double level = 0;

    for (int i = 0; i < LOAD_PARTS; i++)
        level += values[i] / LOAD_PARTS;
    drift_judge(values, (double)trial_window_ns(trial),
                fmax(share * level, least), metric, &drift);
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:s}", "per_hour",
                     json_finite(drift.per_hour), "lo", json_finite(drift.lo),
                     "hi", json_finite(drift.hi), "margin_per_hour",
                     json_finite(drift.margin), "verdict",
                     drift_verdict_name(drift.verdict), "words", drift.words);
}

json_t *trial_drift_json(const struct trial *trial)
{
    double memory[LOAD_PARTS], p50[LOAD_PARTS], p99[LOAD_PARTS];
    json_t *parts = json_array();

    for (int i = 0; i < LOAD_PARTS; i++) {
        const struct histogram *histogram = &trial->load->tenths[i];

        memory[i] = trial->part_samples[i] > 0
                        ? trial->part_bytes[i] / trial->part_samples[i]
                        : NAN;
        p50[i] = percentile(histogram, 50);
        p99[i] = percentile(histogram, 99);
        json_array_append_new(parts,
                              json_pack("{s:o, s:I, s:o, s:o}", "memory_bytes",
                                        json_finite(memory[i]), "requests",
                                        (json_int_t)histogram->count, "p50_ns",
                                        json_finite(p50[i]), "p99_ns",
                                        json_finite(p99[i])));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "parts", parts, "memory",
                     json_verdict(memory, trial, MEMORY_SHARE,
                                  MEMORY_LEAST_BYTES, "memory_bytes"),
                     "latency_p50",
                     json_verdict(p50, trial, LATENCY_SHARE, 0, "latency_ns"),
                     "latency_p99",
                     json_verdict(p99, trial, LATENCY_SHARE, 0, "latency_ns"));
}

char *trial_drift_words(const json_t *drift, char *text, size_t size)
{
    static const char *const keys[][2] = {
        {"memory", "memory"}, {"latency_p50", "p50"}, {"latency_p99", "p99"}};
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys && used < size; i++)
        used += (size_t)snprintf(
            text + used, size - used, "%s%s %s", i > 0 ? "; " : "", keys[i][1],
            json_string_of(json_object_get(drift, keys[i][0]), "words"));
    return text;
}
