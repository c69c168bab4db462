/* SPDX-License-Identifier: MIT
 *
 * The trials of a run as they lie on the disk. A file that cannot be read is
 * not a trial that is missing: whoever reads stored trials learns which one it
 * is and why.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum stored {
    STORED_NONE,    /* there is no file: the trial was not carried out yet */
    STORED_WHOLE,   /* *trial is a new reference */
    STORED_DAMAGED, /* `why` names the file, the place and the reason */
};

/* Reads trials/ID.json below `directory`, ID being that of `row`, a row of the
 * plan of `run`. Damaged is what is no JSON, not UTF-8, of another schema
 * version, another trial than the row's, or has a figure of another type than
 * results/schema/trial.schema.json says. Damaged is as well a trial that is
 * called valid and contradicts that: a figure is missing, a gate failed and
 * took none, or the requests do not add up. */
enum stored stored_trial(const char *directory, const json_t *run,
                         const json_t *row, json_t **trial, char *why,
                         size_t why_size);

/* What stored_all found beside the trials that it read. */
struct stored_problems {
    int damaged_trials;
    int damaged_attempts; /* files ID.attemptN.json, which no figure uses */
    int missing;
    char first_missing[400]; /* trial_id */
};

/* Appends every whole trial of the plan of `run` to `trials`, and looks at the
 * earlier attempts of each. Calls tell(why, context) for each damaged file. */
struct stored_problems stored_all(const char *directory, const json_t *run,
                                  json_t *trials,
                                  void (*tell)(const char *why, void *context),
                                  void *context);

/* Reads `path`. NULL with a sentence in `why`: the file, the place in it and
 * the reason. *exists, which may be NULL, says whether there is a file. */
json_t *stored_json(const char *path, bool *exists, char *why, size_t why_size);
