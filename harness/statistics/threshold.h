/* SPDX-License-Identifier: MIT
 *
 * Limits that a run is asked to keep, as on a command line: p99<50ms,
 * rps>2000, err<0.1%, mem<512MiB, cpu_us<80. Each holds for every contender at
 * every load point, and is judged by the figure of the summary. Where there is
 * no figure a limit is not met: what was not measured is not known to be well.
 * An estimate of memory meets a limit if the limit holds for the most that its
 * error allows; a lower bound of memory meets none.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { THRESHOLDS_MAX = 32 };

struct threshold {
    const char *text;   /* as given; the caller's */
    const char *metric; /* of the summary; NULL: the share of errors */
    bool below;         /* the figure must be below the limit, else above */
    double limit;       /* in the metric's unit */
};

/* Returns 0, or -EINVAL with a sentence in `why`. */
int threshold_parse(const char *text, struct threshold *threshold, char *why,
                    size_t why_size);

/* Judges a run with its trials (an array): one line per threshold through
 * `say`, and one for every cell that does not meet it; in `outcomes`, an
 * array or NULL, an object per threshold (docs/results.md). Returns how many
 * thresholds are not met. */
int threshold_judge(const struct threshold *thresholds, int count,
                    const json_t *run, const json_t *trials, json_t *outcomes,
                    void (*say)(const char *line, void *context),
                    void *context);

/* The thresholds of a stored run's outcomes, for judging them again. Their
 * texts are `outcomes`'. Returns how many. */
int threshold_stored(const json_t *outcomes,
                     struct threshold thresholds[THRESHOLDS_MAX]);
