/* SPDX-License-Identifier: MIT
 *
 * Which models there are: the executables in models/ beside this program,
 * each asked once per run with --describe (docs/contract.md). A model's name is
 * the name of its file, so a model that cannot describe itself is still listed,
 * with the reason. A model with a source but no program (a package was missing
 * at build time) is listed as not available.
 *
 * A script is a foreign model. Its interpreter is slow to start, so the harness
 * asks it only when somebody looks for it by name, and it takes part in an
 * experiment only if the experiment names it.
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
    const char *summary;        /* "" if unknown */
    const char *task;           /* "none", "thread", "coroutine", "process" */
    enum discipline discipline; /* what a waiting request holds */
    const char *flags;          /* "shared-memory, parallel"; "" for none */
    const char *parameters;     /* its own flags as JSON text: "[...]" */
    const struct parameter *settings; /* its own flags as a table; or NULL */
    const char *runtime;     /* its interpreter, as JSON text; NULL: none */
    bool foreign;            /* a script, not among `all` */
    bool unasked;            /* foreign, and not asked yet */
    bool yardstick;          /* measures the instrument, never a contender */
    bool has_workers;        /* takes --workers */
    int workers_default;     /* 0 without has_workers */
    const char *const *only; /* workloads it has, ended by NULL; NULL: all */
    bool available;          /* can be started, and has described itself */
    const char *reason;      /* why it is not available, else NULL */
    const struct target *target; /* says how to start and ask it; NULL: by the
                                    process contract */
};

/* All models, sorted by name, ended by a NULL name; never NULL. The first call
 * asks them, with a time limit for each. The result lives as long as the
 * program. Not thread-safe. */
const struct model_info *models_all(void);

/* Reads what a model printed for --describe. Its name and path must be set;
 * sets the rest, or the reason why the model is not available. */
void models_take_description(struct model_info *model, const char *text);

/* The model of that name in an array like that of models_all, or NULL. A copy
 * of the array must be writable: a foreign model is asked now. */
const struct model_info *models_find(const struct model_info *models,
                                     const char *name);

/* Whether the model has the workload (its `only` list). */
bool models_has_workload(const struct model_info *model, const char *workload);

/* Whether it says "parallel", "offloads" ... of itself. */
bool models_has_flag(const struct model_info *model, const char *flag);

/* The model's interpreter, for results; null for machine code. */
json_t *models_runtime(const struct model_info *model);

/* Writes the names of an array of models into names[MODELS_MAX + 1], ended by
 * NULL, for names_suggest. */
void models_names(const struct model_info *models, const char **names);
