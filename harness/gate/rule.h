/* SPDX-License-Identifier: MIT
 *
 * The inputs and outputs of rules. Rules are in files by theme, each with a
 * table that ends with an empty row; gate.c goes through the tables.
 */
#pragma once

#include "gate.h"

struct gate_facts {
    const struct trial_spec *plan;
    const struct load_point *point;
    const struct trial *trial;
    const struct load_result *load;
    bool open;
    double window_ns;
    /* The part of the window in which this trial's load ran. */
    double active_ns;
    double completed;
};

struct gate_rule {
    const char *id;
    void (*judge)(const struct gate_facts *facts, struct gate *gate);
    const char *fails_when; /* one line, for lists */
    unsigned figures; /* figures that it can spoil; a rule may remove some */
    enum gate_effect effect;
};

extern const struct gate_rule gate_load_rules[];
extern const struct gate_rule gate_work_rules[];
extern const struct gate_rule gate_steady_rules[];
extern const struct gate_rule gate_machine_rules[];
extern const struct gate_rule gate_slices_rules[];
extern const struct gate_rule gate_store_rules[];

/* Sets the gate's words. */
void gate_say(struct gate *gate, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Applies the gate: ok if value <= limit. */
void gate_most(struct gate *gate, double value, double limit);

/* The gate does not apply to this trial, because of `why`. */
void gate_skip(struct gate *gate, const char *why);
