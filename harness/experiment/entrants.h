/* SPDX-License-Identifier: MIT
 *
 * The models that take part at a load point, with their numbers of workers and
 * their flags.
 */
#pragma once

#include "cell.h"

enum { ENTRANTS_COPY_MARK = '~' };

/* Adds a second copy of the baseline, named MODEL~, wherever the baseline takes
 * part and there is room. */
void entrants_add_copies(struct experiment *experiment);

/* Whether an entrant's name is that of a copy. */
bool entrants_is_copy(const char *name);

/* The model behind an entrant's name: MODEL for MODEL and for MODEL~. */
const struct model_info *entrants_model(const struct model_info *models,
                                        const char *name);

/* Fills point->models, point->model_workers and point->model_settings from the
 * cell's `models`, `workers`, `workers.MODEL` and the flags of models;
 * point->workload and point->workers are set. A model that exists but cannot
 * take part (not built, lacks the workload) is left out with a note. An error
 * if no model remains. Returns 0 or -EINVAL. */
int entrants_choose(const struct reader *reader, const struct cell *cell,
                    struct load_point *point);

/* Flags of models are keys of an experiment: `stack = 128KiB` for every model
 * of a cell that has the flag, `stack.event-loop = 16KiB` for one model, which
 * takes precedence. Whether the key is FLAG or FLAG.ANYTHING and some model has
 * the flag. */
bool entrants_have_setting(const struct reader *reader, const char *key);

/* Adds the names of all flags to names[count] and beyond, up to names[most].
 * Returns the new count. */
int entrants_setting_names(const struct reader *reader, const char **names,
                           int count, int most);
