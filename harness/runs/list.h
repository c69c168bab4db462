/* SPDX-License-Identifier: MIT
 *
 * The stored runs of a folder, their names and tags. A name is a link beside
 * the runs; tags are words in the run's labels.json.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum { RUNS_PATH_SIZE = 4096, RUNS_NAME_SIZE = 128, RUNS_TEXT_SIZE = 512 };

/* A stored run; what could not be read is "" or NULL. */
struct runs_row {
    char id[RUNS_NAME_SIZE]; /* the name of its folder */
    char name[RUNS_TEXT_SIZE], tags[RUNS_TEXT_SIZE],
        experiments[RUNS_TEXT_SIZE];
    char started[40], version[64], why[RUNS_TEXT_SIZE];
    json_int_t valid, planned;
    bool complete, damaged, latest;
    bool unlabelled; /* its labels are there and cannot be read */
    bool untrusted;  /* gates were switched off */
    bool reported;   /* it has a page */
    json_t *leads;   /* who leads where (conclusion.h), of a sound run */
};

struct runs_list {
    struct runs_row *rows; /* the oldest first */
    int count;
};

typedef void runs_visit(const struct runs_row *row, const json_t *run,
                        void *context);

/* Reads the list. `visit`, unless NULL, gets each run.json that can be read, in
 * no order and before names are known. Returns 0 or a negative errno. */
int runs_read(const char *root, struct runs_list *list, runs_visit *visit,
              void *context);

void runs_free(struct runs_list *list);

/* The list, by results/schema/runs.schema.json; the caller's. */
json_t *runs_json(const struct runs_list *list);

/* Writes ROOT/ID/FILE, or ROOT/ID if `file` is "". Returns path, which has
 * RUNS_PATH_SIZE bytes. */
const char *runs_below(const char *root, const char *id, const char *file,
                       char *path);

/* Whether a directory has what a run has. */
bool runs_is_run(const char *root, const char *id);

/* Whether the JSON of labels.json has tags: an array of texts. */
bool runs_are_labels(const json_t *labels);

/* Finds a run that is given as an id, a name, or a path below the root. False,
 * after a message, if there is none. */
bool runs_find(const char *root, const char *word, char id[RUNS_NAME_SIZE]);
