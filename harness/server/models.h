/* SPDX-License-Identifier: MIT
 *
 * Which models there are: the executables in models/ beside this program,
 * each asked once per run with --describe (docs/contract.md). The file's name
 * is the model's name, so a model that cannot describe itself is still listed,
 * with the reason. A model whose source is there but whose program is not (a
 * package was missing when it was built) is listed as not available.
 *
 * A script is a foreign model. Its interpreter takes its time to start, so it
 * is asked when it is first looked for by name, and it takes part in an
 * experiment only where it is named.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "models/runtime/base/discipline.h"

enum { MODELS_MAX = 64 };

struct parameter;
struct target;

struct model_info {
    const char *name;
    const char *path;           /* of the executable */
    const char *summary;        /* "" when unknown */
    const char *task;           /* "none", "thread", "coroutine", "process" */
    enum discipline discipline; /* what a waiting request holds */
    const char *flags;          /* "shared-memory, parallel"; "" for none */
    const char *parameters;     /* its own flags as JSON text: "[...]" */
    const struct parameter *settings; /* the same as a table; NULL: none */
    const char *runtime;     /* what runs it, as JSON text; NULL: none said */
    bool foreign;            /* a script, not among `all` */
    bool unasked;            /* foreign, and not looked for yet */
    bool yardstick;          /* measures the instrument, never a contender */
    bool has_workers;        /* takes --workers */
    int workers_default;     /* 0 without has_workers */
    const char *const *only; /* workloads it has, ended by NULL; NULL: all */
    bool available;          /* it can be started and described itself */
    const char *reason;      /* why it is not available, else NULL */
    const struct target *target; /* started and asked in another way; NULL: as
                                    docs/contract.md says */
};

/* All models, sorted by name, ended by a NULL name. The first call asks them
 * (bounded in time); the result lives as long as the program. Never NULL. Not
 * for use by several threads. */
const struct model_info *models_all(void);

/* Takes in what a model printed for --describe: its name and path are there
 * already, the rest is set, or the reason why it is not available. */
void models_take_description(struct model_info *model, const char *text);

/* The model of that name in such an array (or in a copy of it, not constant),
 * or NULL. */
const struct model_info *models_find(const struct model_info *models,
                                     const char *name);

/* Whether the model has the workload (its `only` list). */
bool models_has_workload(const struct model_info *model, const char *workload);

/* What runs it, for results: null where it is machine code. */
json_t *models_runtime(const struct model_info *model);

/* The names in such an array into names[MODELS_MAX + 1], ended by NULL: what
 * names_suggest wants. */
void models_names(const struct model_info *models, const char **names);
