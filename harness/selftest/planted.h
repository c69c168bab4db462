/* SPDX-License-Identifier: MIT
 *
 * At least one fault for each gate, as facts to be written into a good trial.
 * The self-test writes them into a real trial of `wait`, one at a time, since
 * few of them can be made to happen at will: a swapped page, a stolen CPU, a
 * suspended machine. The unit tests of gates write them into a made-up trial,
 * in which every gate but those of the row must stay silent.
 */
#pragma once

#include "harness/gate/gate.h"

/* A closed loop's trial that no gate objects to. */
struct good_trial {
    struct trial_spec *plan;
    struct load_point *point;
    struct trial *trial;
};

struct planted_fault {
    const char *gate; /* must fail, wherever the fault is planted */
    const char *what;
    void (*plant)(const struct good_trial *good);
    const char *fails; /* every gate that fails in the made-up trial, in the
                          order of gate_all; NULL: `gate` alone */
};

/* Ended by a NULL gate. A fault may point the trial at memory of its own,
 * which the next one overwrites. */
extern const struct planted_fault planted_faults[];
