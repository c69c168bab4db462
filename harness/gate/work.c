/* SPDX-License-Identifier: MIT
 *
 * Rules about the work: was it asked for at the rate that was planned, was
 * none of it left out by the server, was it one and the same server that did
 * it, and did the looks at that server cost next to nothing.
 *
 * Rules about slice mode: servers that wait for their turn must cost nothing,
 * or their work would be measured as another's lost CPU; and the CPU of a
 * counted part must have been read at its edges.
 */
#include <math.h>

#include "rule.h"

/* A wait that ends this much early is a matter of timers. */
static const double SLACK_NS = 100e3;
static const double SLACK_SHARE = 0.01;

/* The looks at the window's two ends, however short it is. */
static const double EDGES_NS = 10e6;

/* The right body can be known without waiting for it; the time cannot. */
static void service_floor(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_point *point = facts->point;
    double wait = (double)point->workload->workload->wait_ns(&point->arguments);
    /* Light requests need not wait. */
    const struct histogram *times = point->workload->workload->heavy
                                        ? &facts->load->classes[CLASS_HEAVY]
                                        : &facts->load->service;
    double least = (double)times->min_ns;
    double slack = SLACK_NS + SLACK_SHARE * wait;

    if (facts->plan->model->target) {
        gate_skip(gate, "what a target does for a request is its own");
        return;
    }
    if (wait <= 2 * slack || times->count == 0) {
        gate_skip(gate, wait <= 2 * slack ? "the work has no wait to leave out"
                                          : "there was no answer");
        return;
    }
    gate_most(gate, fmax(0, wait - least), slack);
    gate->lasting = true; /* a later wait does not unmake it */
    gate_say(
        gate, "the quickest answer took %.4g ms, the work waits for %.4g ms%s",
        least / 1e6, wait / 1e6, gate->ok ? "" : ": the server left waits out");
}

/* Against the plan, not against the schedule that was made from it. */
static void offered_rate(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_point *point = facts->point;
    double asked = point->rate_per_s * (double)point->window_ns / 1e9;
    double came = (double)facts->load->scheduled, chance = 1 / asked;

    if (!facts->open || !(asked >= 1)) {
        gate_skip(gate, facts->open ? "less than one request was asked for"
                                    : "a closed loop has no rate to keep");
        return;
    }
    if (point->arrivals == ARRIVALS_POISSON)
        chance = 4.5 * sqrt(fmax(1, point->burst) / asked);
    gate_most(gate, fabs(came / asked - 1), 0.01 + chance);
    gate_say(gate,
             "%.0f requests came, %.0f were asked for; %.2g %% are within "
             "1 %% and chance",
             came, asked, 100 * gate->limit);
}

static void server_restarted(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial *trial = facts->trial;

    if (trial->listeners_first == 0) {
        gate_skip(gate, "the server's listening sockets were not found");
        return;
    }
    gate_most(gate, trial->listeners_first != trial->listeners_last, 0);
    gate_say(gate, gate->ok
                       ? "the server listens on the sockets it began with"
                       : "the server does not listen on the sockets it began "
                         "with: it ended, or was started again");
}

static void sampler_cost(const struct gate_facts *facts, struct gate *gate)
{
    const struct sampler *sampler = &facts->trial->sampler;

    if (sampler->count == 0) {
        gate_skip(gate, "the server was not looked at");
        return;
    }
    gate_most(gate, (double)sampler->cpu_ns / facts->window_ns,
              0.01 + EDGES_NS / facts->window_ns);
    gate_say(gate, "%d looks at the server took %.3g %% of a CPU",
             sampler->count, 100 * gate->value);
}

const struct gate_rule gate_work_rules[] = {
    {"service_floor", service_floor,
     "an answer came sooner than the work's own wait", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"offered_rate", offered_rate,
     "an open loop's requests came at another rate than asked for", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"server_restarted", server_restarted,
     "the server's listening sockets are not those it began with", FIGURES_ALL,
     EFFECT_WITHHELD},
    {"sampler_cost", sampler_cost,
     "looking at the server took over 1 % of a CPU", FIGURES_TIMED,
     EFFECT_WITHHELD},
    {0},
};

static const struct trial_slices *slices_of(const struct gate_facts *facts,
                                            struct gate *gate)
{
    if (!facts->trial->slices)
        gate_skip(gate, "not in slice mode");
    return facts->trial->slices;
}

/* Over all slices: in a single one, a process's housekeeping of a few ms may
 * be more than the limit and means nothing. */
static void idle(const struct gate_facts *facts, struct gate *gate)
{
    const struct trial_slices *slices = slices_of(facts, gate);
    double used_ns = 0, counted_ns = 0;

    if (!slices)
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

    if (!slices)
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
