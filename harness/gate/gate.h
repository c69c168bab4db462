/* SPDX-License-Identifier: MIT
 *
 * Which trials earn a figure. Each gate is one rule with a value, a limit and
 * words; a trial with one failed gate is invalid and takes no part in any
 * summary. The rules judge the instrument (generator, backend, harness) and
 * whether all was identical work, never how good a server is: overload, for
 * example, is a result.
 *
 * TROIKA_DISABLE_GATE=ID,ID switches gates off, for tests alone: their words
 * say so.
 *
 * A limit takes into account how much a short window can tell: a rule that
 * cries wolf on a good server is as bad as one that sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/run/trial.h"

enum { GATES_MAX = 48 };

struct gate {
    const char *id;
    bool applied;        /* false: it says nothing here, and words say why */
    double value, limit; /* only when applied */
    bool ok;             /* true when not applied */
    bool lasting;        /* failed, it would fail again */
    char words[512];     /* a sentence without its full stop */
};

struct gate_about {
    const char *id, *fails_when;
};

/* All gates, in the order in which they judge. Returns how many were
 * written. */
int gate_all(struct gate_about about[GATES_MAX]);

/* Judges a trial that was carried out (TRIAL_DONE) or failed (one gate,
 * "carried_out"). Returns how many gates were written, at most GATES_MAX. */
int gate_judge(const struct trial_plan *plan, const struct trial *trial,
               struct gate *gates);

/* Whether another attempt may come out differently: no gate failed for a
 * reason that lasts. */
bool gate_worth_repeating(const struct gate *gates, int count);

/* Whether an open loop's requests came faster than they ended, beyond chance:
 * a result, and no gate. */
bool gate_overloaded(const struct trial_plan *plan, const struct trial *trial);

/* CPU time in the window of processes that are no part of the trial; -1 when
 * it is unknown. */
double gate_foreign_ns(const struct trial *trial);

/* Whether all are ok; if not, the failed ones' words, joined by "; ", in
 * `reason`. */
bool gate_all_ok(const struct gate *gates, int count, char *reason,
                 size_t size);
