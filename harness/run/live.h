/* SPDX-License-Identifier: MIT
 *
 * The state of a run on a terminal: how far it is, what each model reached at
 * each load point so far, and whether the machine is quiet. Lines that say
 * something (an invalid trial, a warning) stand above; the line of a trial that
 * went well is in the log alone.
 */
#pragma once

#include "attempt.h"
#include "harness/machine/noise.h"
#include "harness/search/search.h"

struct live;

/* NULL where stderr is no terminal, where the run is quiet, or without memory.
 */
struct live *live_open(const struct run *run);

/* A trial was carried out; `trial` is its JSON, and `last` that it is no longer
 * repeated. */
void live_trial(struct live *live, const struct run *run,
                const struct planned_trial *planned, const json_t *trial,
                bool last, int64_t eta_ns);

/* The next step of searches begins, whose contenders have these names. */
void live_search(struct live *live, const struct run *run,
                 const struct search_group *group, const char *const *names,
                 int64_t eta_ns);

/* Takes the state away. `live` may be NULL. */
void live_close(struct live *live);
