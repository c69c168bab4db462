/* SPDX-License-Identifier: MIT
 *
 * The trials of a run as they are on the disk. A file that cannot be read is
 * not a missing trial: the caller learns which file it is and why.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum stored {
    STORED_NONE,    /* there is no file: the trial was not run yet */
    STORED_WHOLE,   /* *trial is a new reference */
    STORED_DAMAGED, /* `why` names the file, the place and the reason */
};

/* Reads trials/ID.json below `directory`; ID is that of `row`, a row of the
 * plan of `run`. A file is damaged if it is no JSON or not UTF-8, has another
 * schema version, is another trial than that of the row, or has a figure whose
 * type contradicts results/schema/trial.schema.json. A trial that is called
 * valid is also damaged if a figure is missing, if a gate failed and withheld
 * no figure, or if the requests do not add up. */
enum stored stored_trial(const char *directory, const json_t *run,
                         const json_t *row, json_t **trial, char *why,
                         size_t why_size);

/* Problems that stored_all found. */
struct stored_problems {
    int damaged_trials;
    int damaged_attempts; /* files ID.attemptN.json, which no figure uses */
    int missing;
    char first_missing[400]; /* trial_id */
};

/* Appends every whole trial of the plan of `run` to `trials` and checks the
 * earlier attempts of each. Calls tell(why, context) for each damaged file. */
struct stored_problems stored_all(const char *directory, const json_t *run,
                                  json_t *trials,
                                  void (*tell)(const char *why, void *context),
                                  void *context);

/* Reads `path`. Returns NULL with a sentence in `why`: the file, the place in
 * it and the reason. *exists says whether there is a file; it may be NULL. */
json_t *stored_json(const char *path, bool *exists, char *why, size_t why_size);
