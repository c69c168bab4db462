/* SPDX-License-Identifier: MIT
 *
 * Thresholds: limits that a run is to keep, as on a command line: p99<50ms,
 * rps>2000, err<0.1%, mem<512MiB, cpu_us<80. Each is judged for every contender
 * at every load point by the figure of the summary. A missing figure does not
 * meet its limit, since nobody knows whether it would. An estimate of memory
 * meets a limit if the largest value within its error does; a lower bound of
 * memory never does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { THRESHOLDS_MAX = 32 };

struct threshold {
    const char *text;   /* as given; owned by the caller */
    const char *metric; /* in the summary; NULL: the share of errors */
    bool below;         /* the figure must be below the limit, else above */
    double limit;       /* in the metric's unit */
    const char *model;  /* the only one that is judged; NULL: every contender */
};

/* Returns 0, or -EINVAL with a sentence in `why`. */
int threshold_parse(const char *text, struct threshold *threshold, char *why,
                    size_t why_size);

/* Judges a run with its trials (an array). `say` gets one line per threshold
 * and one for every cell that does not meet it. `outcomes`, an array or NULL,
 * gets an object per threshold (docs/results.md). Returns how many thresholds
 * are not met. */
int threshold_judge(const struct threshold *thresholds, int count,
                    const json_t *run, const json_t *trials, json_t *outcomes,
                    void (*say)(const char *line, void *context),
                    void *context);

/* Writes an outcome in one line: "threshold p99<50ms: NOT MET (yours 61.2 ms)".
 * Returns text. */
char *threshold_words(const json_t *outcome, char *text, size_t size);

/* Reads the thresholds from a stored run's outcomes, to judge them again. Their
 * texts are borrowed from `outcomes`. Returns how many there are. */
int threshold_stored(const json_t *outcomes,
                     struct threshold thresholds[THRESHOLDS_MAX]);
