/* SPDX-License-Identifier: MIT
 *
 * Goes through the tables of rules. A new rule is a function and a row in the
 * file of its theme.
 *
 * TROIKA_DISABLE_GATE, a list of ids, switches gates off. Tests need that to
 * show that a fault is caught by its gate and by no other, and to run on a busy
 * machine. A trial's JSON says which gates were off.
 */
#include "gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

/* Causes come before their consequences: the first gate that fails is given as
 * the trial's reason. */
static const struct gate_rule *const tables[] = {
    gate_store_rules,  gate_load_rules,   gate_work_rules,
    gate_slices_rules, gate_steady_rules, gate_machine_rules};

static bool disabled(const char *id)
{
    const char *list = getenv("TROIKA_DISABLE_GATE");
    size_t length = strlen(id);

    for (const char *at = list; at && *at != '\0';) {
        size_t word = strcspn(at, ", ");

        if (word == length && !strncmp(at, id, length))
            return true;
        at += word + strspn(at + word, ", ");
    }
    return false;
}

static void judge(const struct gate_rule *rule, const struct gate_facts *facts,
                  struct gate *gate)
{
    char words[sizeof gate->words];

    *gate = (struct gate){.id = rule->id,
                          .ok = true,
                          .figures = rule->figures,
                          .effect = rule->effect};
    rule->judge(facts, gate);
    if (!disabled(rule->id))
        return;
    snprintf(words, sizeof words, "switched off by TROIKA_DISABLE_GATE: %.400s",
             gate->words);
    memcpy(gate->words, words, sizeof words);
    gate->ok = true;
}

int gate_all(struct gate_about about[GATES_MAX])
{
    int count = 0;

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct gate_rule *rule = tables[i];
             rule->id && count < GATES_MAX; rule++)
            about[count++] = (struct gate_about){rule->id, rule->fails_when,
                                                 rule->figures, rule->effect};
    return count;
}

int gate_judge(const struct trial_spec *plan, const struct trial *trial,
               struct gate *gates)
{
    struct gate_facts facts = {.plan = plan,
                               .point = plan->point,
                               .trial = trial,
                               .load = trial->load};
    int count = 0;

    if (trial->end != TRIAL_DONE) {
        gates[0] = (struct gate){.id = "carried_out",
                                 .lasting = trial->lasting,
                                 .figures = FIGURES_ALL};
        gate_say(&gates[0], "%s", trial->failure);
        return 1;
    }
    facts.open = plan->point->mode == LOAD_OPEN;
    facts.window_ns =
        (double)(trial->load->window_end_ns - trial->load->window_start_ns);
    facts.active_ns = facts.window_ns;
    if (trial->slices)
        facts.active_ns =
            (double)trial->slices->count * (double)trial->slices->slice_ns;
    facts.completed = (double)trial->load->completed_in_window;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct gate_rule *rule = tables[i];
             rule->id && count < GATES_MAX; rule++)
            judge(rule, &facts, &gates[count++]);
    return count;
}

/* Joins the words of the failed gates; with `withheld_alone`, only of those
 * that withhold figures. Returns whether there are none. */
static bool join(const struct gate *gates, int count, bool withheld_alone,
                 char *reason, size_t size)
{
    size_t used = 0;

    reason[0] = '\0';
    for (int i = 0; i < count; i++) {
        if (gates[i].ok || used >= size ||
            (withheld_alone && gates[i].effect != EFFECT_WITHHELD))
            continue;
        used += (size_t)snprintf(reason + used, size - used, "%s%s",
                                 used > 0 ? "; " : "", gates[i].words);
    }
    return used == 0;
}

bool gate_lasting(const struct gate *gates, int count)
{
    for (int i = 0; i < count; i++)
        if (!gates[i].ok && gates[i].lasting)
            return true;
    return false;
}

bool gate_all_ok(const struct gate *gates, int count, char *reason, size_t size)
{
    return join(gates, count, false, reason, size);
}

/* The figures that a load point asks for. */
static unsigned figures_asked(const struct load_point *point)
{
    unsigned figures = FIGURE_THROUGHPUT | FIGURE_CPU;

    if (point->slicing.count > 0)
        return figures;
    figures |= FIGURE_LATENCY | FIGURE_MEMORY;
    if (point->idle)
        figures |= FIGURE_IDLE_MEMORY;
    if (point->beside.workload)
        figures |= FIGURE_BESIDE;
    if (point->recovery_ns > 0)
        figures |= FIGURE_RECOVERY;
    return figures;
}

unsigned gate_withheld(const struct gate *gates, int count)
{
    unsigned figures = 0;

    for (int i = 0; i < count; i++)
        if (!gates[i].ok && gates[i].effect == EFFECT_WITHHELD)
            figures |= gates[i].figures;
    return figures;
}

bool gate_valid(const struct load_point *point, const struct gate *gates,
                int count, char *reason, size_t size)
{
    reason[0] = '\0';
    if ((figures_asked(point) & ~gate_withheld(gates, count)) != 0)
        return true;
    join(gates, count, true, reason, size);
    return false;
}

const struct gate *gate_bound(const struct gate *gates, int count)
{
    for (int i = 0; i < count; i++)
        if (!gates[i].ok && gates[i].effect == EFFECT_BOUND)
            return &gates[i];
    return NULL;
}

static bool failed_in(const json_t *trial, const char *id)
{
    const json_t *gate;
    size_t i;

    json_array_foreach (json_object_get(trial, "gates"), i, gate) {
        const char *name = json_string_value(json_object_get(gate, "id"));

        if (name && !strcmp(name, id))
            return json_is_false(json_object_get(gate, "ok"));
    }
    return false;
}

bool gate_worth_repeating(const struct load_point *point,
                          const struct gate *gates, int count,
                          const json_t *before)
{
    unsigned asked = figures_asked(point);
    bool worth = false;

    /* Idle connections are measured for their memory. */
    if (point->idle)
        asked &= ~(unsigned)FIGURE_LATENCY;
    for (int i = 0; i < count; i++) {
        const struct gate *gate = &gates[i];

        if (gate->ok || gate->effect != EFFECT_WITHHELD ||
            (gate->figures & asked) == 0)
            continue;
        if (gate->lasting || failed_in(before, gate->id))
            return false;
        worth = true;
    }
    return worth;
}
