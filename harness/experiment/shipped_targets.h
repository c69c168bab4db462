/* SPDX-License-Identifier: MIT
 *
 * The servers that Troika ships as targets: the sections of models/servers/.
 * An experiment that names one among its models gets its section, as if it
 * stood in the file. A section of that name in the file counts before it.
 */
#pragma once

#include "reader.h"

/* Adds the shipped targets that the experiment names. Returns 0, or a negative
 * errno with a sentence in reader->why. */
int shipped_targets_add(const struct reader *reader);

/* Reads all of them into an experiment without cells, behind the models.
 * experiment_free releases it. Returns 0, or a negative errno with a sentence.
 */
int shipped_targets_read(const struct model_info *models,
                         struct experiment **experiment, char *why,
                         size_t why_size);
