/* SPDX-License-Identifier: MIT
 *
 * Decides which of a trial's figures are trustworthy. Each gate is one rule
 * with a value, a limit, words, and the figures that it can spoil. If it fails,
 * only these figures are withheld, or reported as bounds. A trial without any
 * figure left is invalid. The rules judge the instrument (generator, backend,
 * harness) and whether all servers did equal work, never how good a server is:
 * overload, for example, is a result.
 *
 * TROIKA_DISABLE_GATE=ID,ID switches gates off. It is for tests only; the
 * gates' words say that they are off.
 *
 * A limit allows for the uncertainty of a short window: a rule that fails on a
 * good server is as bad as one that misses its fault.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "harness/figures/figures.h"
#include "harness/trial/trial.h"

enum { GATES_MAX = 48 };

struct gate {
    const char *id;
    bool applied; /* false: the gate does not apply here; words say why */
    double value, limit; /* only when applied */
    bool ok;             /* true when not applied */
    bool lasting;        /* a failure that would occur again */
    /* Figures that it spoils if it fails (enum gate_figure). */
    unsigned figures;
    enum gate_effect effect; /* what happens to these figures */
    const char *by;  /* with EFFECT_BOUND: what limited the figures instead of
                        the server */
    char words[512]; /* a sentence without its full stop */
};

struct gate_about {
    const char *id, *fails_when;
    unsigned figures;
    enum gate_effect effect;
};

/* Lists all gates in the order in which they judge. Returns how many. */
int gate_all(struct gate_about about[GATES_MAX]);

/* Judges a trial. A trial that was not carried out gets one failed gate,
 * "carried_out". Returns how many gates were written, at most GATES_MAX. */
int gate_judge(const struct trial_spec *plan, const struct trial *trial,
               struct gate *gates);

/* Whether any gate failed for a reason that would occur again. */
bool gate_lasting(const struct gate *gates, int count);

/* The figures that failed gates withhold. */
unsigned gate_withheld(const struct gate *gates, int count);

/* Whether any figure that the load point asks for is left. If not, `reason`
 * gets the words of the failed gates that withhold figures, joined by "; ". */
bool gate_valid(const struct load_point *point, const struct gate *gates,
                int count, char *reason, size_t size);

/* The gate that found something other than the server to be the limit (its
 * `by`), or NULL. */
const struct gate *gate_bound(const struct gate *gates, int count);

/* Whether another attempt is worthwhile: a gate withholds figures that the load
 * point asks for, and may pass the next time. A gate that also failed in
 * `before`, an earlier trial of the cell (NULL: none), would fail again. */
bool gate_worth_repeating(const struct load_point *point,
                          const struct gate *gates, int count,
                          const json_t *before);

/* Whether an open loop's requests arrived faster than they ended, beyond
 * chance. Overload is a result; no gate fails for it. */
bool gate_overloaded(const struct trial_spec *plan, const struct trial *trial);

/* CPU time that processes outside the trial used in the window; -1: unknown. */
double gate_foreign_ns(const struct trial *trial);

/* Whether all gates passed, which the self-test demands. If not, `reason` gets
 * the failed gates' words, joined by "; ". */
bool gate_all_ok(const struct gate *gates, int count, char *reason,
                 size_t size);
