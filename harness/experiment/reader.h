/* SPDX-License-Identifier: MIT
 *
 * What every part of reading an experiment shares: the file, the models that
 * exist, and ways to refuse an entry so that the error has file, line and the
 * nearest valid name.
 */
#pragma once

#include <stddef.h>

#include "experiment.h"
#include "ini.h"

struct reader {
    const char *path;
    const struct ini_file *ini;
    const struct model_info *models;
    struct experiment *experiment;
    char *why;
    size_t why_size;
};

/* The type of a key's value, and of the member that it is put into. */
enum key_kind {
    KEY_OWN,   /* `take` reads it */
    KEY_TEXT,  /* char[] */
    KEY_TIME,  /* int64_t, ns */
    KEY_BYTES, /* int64_t */
    KEY_COUNT, /* int */
    KEY_SHARE, /* double, 0.05 for 5% */
    KEY_YES,   /* bool: yes or no */
};

/* One row of a table of keys: the check, the suggestion and the page in docs/
 * all read it. A section's table also says where each value goes. */
struct key {
    const char *name;
    const char *value;        /* the values that it takes, for the page */
    const char *default_text; /* for the page; NULL: none */
    const char *help;
    enum key_kind kind;
    size_t offset, size; /* of the member; see KEY_IN */
    int64_t min, max;    /* of a time, a size or a count */
    int (*take)(const struct reader *reader, const struct ini_entry *entry,
                const struct key *key, void *into);
};

#define KEY_IN(type, member)                                                   \
    .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)

/* Writes "PATH:LINE: sentence" and returns -EINVAL. */
int reader_fail(const struct reader *reader, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a sentence to experiment->left_out, once. */
void reader_leave_out(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Index of the row of that name, or -1. The table ends with a NULL name. */
int reader_key(const struct key *keys, const char *name);

/* Copies the entry's value, or refuses it if it is too long. */
int reader_copy_text(const struct reader *reader, const struct ini_entry *entry,
                     char *text, size_t size);

/* Finishes a value_* call: returns 0 if `result` is 0; otherwise refuses the
 * entry for the reason in `why`. */
int reader_judged(const struct reader *reader, const struct ini_entry *entry,
                  int result, const char *why);

/* Refuses the entry if its key is above it in the same section already. */
int reader_duplicate(const struct reader *reader, int index);

/* Refuses the entry's key, with the nearest of one or two tables (`more` may
 * be NULL). */
int reader_unknown_key(const struct reader *reader,
                       const struct ini_entry *entry, const struct key *keys,
                       const struct key *more);

/* Puts the entry's value into the member of *into that the key names. Returns 0
 * or -EINVAL. */
int reader_take(const struct reader *reader, const struct ini_entry *entry,
                const struct key *key, void *into);

/* Takes every entry of the section. Unknown keys and keys given twice are
 * errors. Returns 0 or -EINVAL. */
int reader_section(const struct reader *reader, int section,
                   const struct key *keys, void *into);

/* The model or target of that name, or NULL after an error with the nearest
 * name. */
const struct model_info *reader_model(const struct reader *reader, int line,
                                      const char *name);

/* Whether the file names a workload that the build left out: then parameters
 * and load points may be meant that cannot be known here. */
bool reader_lacks_workload(const struct reader *reader);

/* Whether a cell or a target can have this name, which becomes part of file
 * names and labels. */
bool reader_good_name(const char *name);
