/* SPDX-License-Identifier: MIT
 *
 * The experiment `calibrate` for other models than its own: the same cells, and
 * in each of them the asked models for which one of the file's models stands. A
 * model's stand-in has its discipline: event-loop for a loop, thread-pool for
 * workers. A target answers its own path alone, so that it takes part only
 * where a request does nothing.
 */
#pragma once

#include <stddef.h>

#include "harness/server/models.h"

struct selection {
    const char *models[MODELS_MAX]; /* names; borrowed */
    int count;
    const char *target_file; /* whose [target] sections take part, all; NULL */

    /* Made by selection_write. */
    char home[512];  /* the folder of target_file; "" without */
    char folder[64]; /* of the file, made for it; "" without */
    char path[96];   /* the experiment */
};

/* Writes the experiment into a folder of its own in /tmp, which
 * selection_remove removes. Returns 0 or a negative errno with a sentence:
 * -EINVAL for a model that does not exist or cannot run, and for a file without
 * a target. */
int selection_write(struct selection *selection, char *why, size_t why_size);

/* Safe on a zeroed struct, and twice. */
void selection_remove(struct selection *selection);
