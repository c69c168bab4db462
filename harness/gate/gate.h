/* SPDX-License-Identifier: MIT
 *
 * Which of a trial's figures are given. Each gate is one rule with a value, a
 * limit, words, and the figures that it can spoil: where it fails these are
 * withheld and no others, or told as bounds. A trial that is left with no
 * figure is invalid. The rules judge the instrument (generator, backend,
 * harness) and whether all was identical work, never how good a server is:
 * overload, for example, is a result.
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

#include "harness/figures/figures.h"
#include "harness/trial/trial.h"

enum { GATES_MAX = 48 };

struct gate {
    const char *id;
    bool applied;        /* false: it says nothing here, and words say why */
    double value, limit; /* only when applied */
    bool ok;             /* true when not applied */
    bool lasting;        /* failed, it would fail again */
    unsigned figures;    /* that it spoils when it fails (enum gate_figure) */
    enum gate_effect effect; /* and how */
    const char *by;          /* with EFFECT_BOUND: what was the limit instead */
    char words[512];         /* a sentence without its full stop */
};

struct gate_about {
    const char *id, *fails_when;
    unsigned figures;
    enum gate_effect effect;
};

/* All gates, in the order in which they judge. Returns how many were
 * written. */
int gate_all(struct gate_about about[GATES_MAX]);

/* Judges a trial that was carried out (TRIAL_DONE) or failed (one gate,
 * "carried_out"). Returns how many gates were written, at most GATES_MAX. */
int gate_judge(const struct trial_spec *plan, const struct trial *trial,
               struct gate *gates);

/* Whether one failed for a reason that lasts. */
bool gate_lasting(const struct gate *gates, int count);

/* The figures of failed gates that are withheld as a whole. */
unsigned gate_withheld(const struct gate *gates, int count);

/* Whether a figure that the load point asks for is left; if not, the failed
 * gates' words, joined by "; ", in `reason`. */
bool gate_valid(const struct load_point *point, const struct gate *gates,
                int count, char *reason, size_t size);

/* The gate that says that something else than the server was the limit (its
 * `by`), or NULL. */
const struct gate *gate_bound(const struct gate *gates, int count);

/* Whether another attempt may come out differently where that matters: a gate
 * withholds what is asked for, for no reason that lasts. What failed in
 * `before` as well, an earlier trial of the cell (NULL: none), lasts. */
bool gate_worth_repeating(const struct load_point *point,
                          const struct gate *gates, int count,
                          const json_t *before);

/* Whether an open loop's requests came faster than they ended, beyond chance:
 * a result, and no gate. */
bool gate_overloaded(const struct trial_spec *plan, const struct trial *trial);

/* CPU time in the window of processes that are no part of the trial; -1 when
 * it is unknown. */
double gate_foreign_ns(const struct trial *trial);

/* Whether all are ok; if not, the failed ones' words, joined by "; ", in
 * `reason`: for who holds the instrument itself to all of them. */
bool gate_all_ok(const struct gate *gates, int count, char *reason,
                 size_t size);
