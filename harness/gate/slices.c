/* SPDX-License-Identifier: MIT
 *
 * Rules about slice mode: servers that wait for their turn must cost nothing,
 * or their work would be measured as another's lost CPU; and the CPU of a
 * counted part must have been read at its edges.
 */
#include <math.h>

#include "harness/trial/slice_figures.h"
#include "rule.h"

static const struct trial_slices *slices_of(const struct gate_facts *facts,
                                            struct gate *gate)
{
    if (facts->trial->slices == NULL)
        gate_skip(gate, "not in slice mode");
    return facts->trial->slices;
}

/* Over all slices: in a single one, a process's housekeeping of a few ms may
 * be more than the limit and means nothing. */
static void idle(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial_slices *slices = slices_of(facts, gate);
    double used_ns = 0, counted_ns = 0;

    if (slices == NULL)
        return;
    for (int i = 0; i < slices->count; i++) {
        if (slices->rows[i].idle_cpu_ns < 0) {
            gate_skip(gate, "the kernel does not tell the servers' CPU time");
            return;
        }
        used_ns += (double)slices->rows[i].idle_cpu_ns;
        counted_ns += (double)slices->rows[i].counted_ns;
    }
    gate_most(gate, used_ns / counted_ns, 0.01);
    gate_say(gate,
             "the servers that were not under load used %.3g %% of a CPU%s",
             100 * gate->value, gate->ok ? "" : "; lengthen discard");
}

static void sampled(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial_slices *slices = slices_of(facts, gate);
    int late = 0;

    if (slices == NULL)
        return;
    for (int i = 0; i < slices->count; i++)
        late += !slice_sampled(&slices->rows[i]);
    gate_most(gate, (double)late / slices->count, 0.5);
    gate_say(gate,
             "CPU was read 5 %% of the counted part or more (5 ms at least) "
             "off its edges in %d of %d slices%s",
             late, slices->count,
             late > 0 && gate->ok ? ", which are left out" : "");
}

const struct gate_rule gate_slices_rules[] = {
    {"slices_idle", idle, "servers not under load used over 1 % of a CPU",
     FIGURE_THROUGHPUT | FIGURE_CPU, EFFECT_WITHHELD},
    {"slices_sampled", sampled,
     "CPU was not read at the edges of half of the slices", FIGURE_CPU,
     EFFECT_WITHHELD},
    {0},
};
