/* SPDX-License-Identifier: MIT
 *
 * A run's directory (docs/results.md). Files appear whole or not at all:
 * written beside, flushed to the disk, renamed. A directory is never reused
 * but by --resume, and never by two runs at once.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "models/runtime/base/histogram.h"

/* run.json as it was before the first trial. */
#define RESULTS_START "start.json"

struct results {
    char root[512];      /* the directory of all runs */
    char directory[640]; /* this run's */
    char run_id[64];     /* <UTC>-<4 hex> */
    FILE *log;           /* log.txt */
    FILE *predictions;   /* predictions.jsonl */
    int lock_fd;
    bool begun; /* run.json is there */
    bool quiet; /* progress goes to the log alone */
};

/* Writes the default root: results/ of the source tree this program was built
 * in, else of the current directory. */
void results_default_root(char *root, size_t size);

/* Makes the folder of a new run below `root`. `need_bytes` is what the run may
 * write; less free space is an error now rather than later. Returns 0 or a
 * negative errno with a sentence in `why`. */
int results_create(const char *root, long long need_bytes,
                   struct results *results, char *why, size_t why_size);

/* Stores the plan: from then on the run can be resumed, and root/latest points
 * at it. Returns as above. */
int results_begin(struct results *results, const json_t *run, char *why,
                  size_t why_size);

/* Whether the run's folder was removed, or moved, since it was opened. */
bool results_gone(const struct results *results);

/* Opens an existing run for --resume or summarise, for this program alone.
 * Nothing is written: the folder may be no run's. */
int results_open(const char *directory, struct results *results, char *why,
                 size_t why_size);

/* Goes on with a run that was opened and is one: clears away what a program
 * that was killed had half written, and opens the files that only grow. */
int results_go_on(struct results *results, char *why, size_t why_size);
void results_close(struct results *results);

/* Writes DIRECTORY/name: the JSON, the histogram, or a text. Each returns 0
 * or a negative errno with a sentence in `why`; then nothing was changed. */
int results_write_json(const struct results *results, const char *name,
                       const json_t *value, char *why, size_t why_size);
int results_write_hgrm(const struct results *results, const char *name,
                       const struct histogram *histogram, char *why,
                       size_t why_size);
int results_write_text(const struct results *results, const char *name,
                       const char *text, char *why, size_t why_size);

/* Copies a file into the run as `name`. */
int results_copy(const struct results *results, const char *name,
                 const char *from, char *why, size_t why_size);

/* One line of progress: to stderr unless quiet, and to the log. */
void results_say(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints to stdout and the log: results proper. */
void results_tell(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Stores what is no run as ROOT/WHAT-<UTC>.json, whole or not at all, and says
 * so, or what was wrong, on stderr. ROOT is results_default_root if NULL.
 * Returns 0 or a negative errno. */
int results_store_apart(const char *root, const char *what, const json_t *value,
                        time_t at);
