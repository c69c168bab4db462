/* SPDX-License-Identifier: MIT
 *
 * The directory of a run (docs/results.md). Files appear whole or not at all:
 * they are written under another name, flushed to the disk and renamed. A
 * directory is reused only by --resume, and never by two runs at once.
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
    bool begun; /* run.json exists */
    bool quiet; /* progress is written to the log only */
    bool mute;  /* and so are results */
};

/* Writes the default root: results/ in the source tree of this program, else in
 * the current directory. */
void results_default_root(char *root, size_t size);

/* Makes the folder of a new run below `root`. `need_bytes` is the most that the
 * run may write; too little free space is an error now rather than later.
 * Returns 0 or a negative errno with a sentence in `why`. */
int results_create(const char *root, long long need_bytes,
                   struct results *results, char *why, size_t why_size);

/* Stores the plan. From then on the run can be resumed, and root/latest points
 * to it. Returns as above. */
int results_begin(struct results *results, const json_t *run, char *why,
                  size_t why_size);

/* Whether the folder of the run was removed or moved since it was opened. */
bool results_gone(const struct results *results);

/* Opens an existing run for --resume or summarise and locks out other programs.
 * Writes nothing, since the folder may not be that of a run. */
int results_open(const char *directory, struct results *results, char *why,
                 size_t why_size);

/* Goes on with a run that was opened: removes files that a killed program left
 * half written, and opens the files that only grow. */
int results_go_on(struct results *results, char *why, size_t why_size);
void results_close(struct results *results);

/* Write DIRECTORY/name: JSON, a histogram or a text. Each returns 0, or a
 * negative errno with a sentence in `why`; then nothing was changed. */
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

/* Prints a line of progress to the log, and to stderr unless quiet. */
void results_say(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes an error to the log and to stderr, also where progress is quiet; above
 * the state on a terminal. */
void results_complain(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a line to the log alone. */
void results_note(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints a line of results to the log, and to stdout unless mute. */
void results_tell(const struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How stored JSON is written. */
#define RESULTS_JSON_FLAGS (JSON_INDENT(1) | JSON_REAL_PRECISION(12))

/* Makes a new folder, and those above it. Returns 0, or a negative errno with a
 * sentence in `why`; -EEXIST, which says that `what` ("a decision") is never
 * overwritten. */
int results_new_folder(const char *path, const char *what, char *why,
                       size_t why_size);

/* Writes JSON that is not part of a run to `path`, whole or not at all. Makes
 * the default root if the path is in it. Returns 0, or a negative errno with a
 * sentence in `why`. */
int results_store_at(const char *path, const json_t *value, char *why,
                     size_t why_size);

/* Stores JSON that is not part of a run as ROOT/WHAT-<UTC>.json, whole or not
 * at all. Reports success or the error on stderr. ROOT is results_default_root
 * if NULL. Returns 0 or a negative errno. */
int results_store_apart(const char *root, const char *what, const json_t *value,
                        time_t at);
