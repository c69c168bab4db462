/* SPDX-License-Identifier: MIT
 *
 * Flags of a model's own as keys of an experiment: `stack = 128KiB` for every
 * model of a cell that has it, `stack.event-loop = 16KiB` for one, which wins.
 */
#pragma once

#include <stdbool.h>

#include "cell.h"

/* Whether the key is `FLAG` or `FLAG.ANYTHING`, and some model has the flag. */
bool entrant_settings_known(const struct reader *reader, const char *key);

/* Adds the flags' names to names[count], up to names[most]. Returns the new
 * count. */
int entrant_settings_names(const struct reader *reader, const char **names,
                           int count, int most);

/* What the cell says of this model's flags, as a choice (settings.h). Returns
 * 0 or -EINVAL. */
int entrant_settings_choose(const struct reader *reader,
                            const struct cell *cell,
                            const struct model_info *model,
                            char choice[SETTINGS_TEXT_MAX]);

/* Refuses what no model of the finished load point can use, and the name of a
 * model that does not exist or lacks the flag. Returns 0 or -EINVAL. */
int entrant_settings_check(const struct reader *reader, const struct cell *cell,
                           const struct load_point *point);
