/* SPDX-License-Identifier: MIT
 *
 * Rules about the work: whether requests came at the planned rate, whether the
 * server left work out, whether one server did all of it, and whether reading
 * the server's memory and CPU time cost next to nothing.
 *
 * Rules about slice mode: servers that wait for their turn must use no CPU
 * time, since another server would lack it; and the CPU time of a counted part
 * must have been read at its edges.
 */
#include <math.h>

#include "harness/arithmetic/digits.h"
#include "rule.h"

/* A wait may end this much early because of timers. */
static const double SLACK_NS = 100e3;
static const double SLACK_SHARE = 0.01;

/* Cost of the readings at the window's two ends, however short the window is.
 */
static const double EDGES_NS = 10e6;

/* How far the waits of this trial's requests may be below the workload's mean
 * by chance, as a share of that mean. */
static double chance_of(const struct gate_facts *facts, double cv)
{
    int made = facts->trial->requests_made;
    double n = (double)facts->load->service.count;

    n = made > 0 && made < n ? made : n;
    return n > 0 ? 4.5 * cv / sqrt(n) : 1;
}

/* If waits vary, one that is short says nothing, but their mean does. */
static void mean_floor(const struct gate_facts *facts, double wait, double cv,
                       struct gate *gate)
{
    double mean = histogram_mean_ns(&facts->load->service);
    double chance = chance_of(facts, cv);
    double slack = SLACK_NS + (SLACK_SHARE + chance) * wait;

    if (wait <= 2 * slack) {
        gate_skip(gate, wait <= 2 * SLACK_NS
                            ? "the work has no wait to leave out"
                            : "too few answers for waits that vary so much");
        return;
    }
    gate_most(gate, fmax(0, wait - mean), slack);
    gate->lasting = true;
    gate_say(gate,
             "the answers took %s on average, the work waits for %s, "
             "by chance %.2g %% less%s",
             digits_ns(mean).text, digits_ns(wait).text, 100 * chance,
             gate->ok ? "" : ": the server left waits out");
}

/* A server can give the right body without the wait; only the time shows that.
 */
static void service_floor(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_point *point = facts->point;
    double wait = (double)point->workload->workload->wait_ns(&point->arguments);
    /* If some requests are heavy, only those must wait. */
    const struct histogram *times = point->workload->workload->heavy
                                        ? &facts->load->classes[CLASS_HEAVY]
                                        : &facts->load->service;
    double least = (double)times->min_ns;
    double slack = SLACK_NS + SLACK_SHARE * wait;
    double cv = point->workload->workload->wait_cv
                    ? point->workload->workload->wait_cv(&point->arguments)
                    : 0;

    const struct target *target = facts->plan->model->target;
    if (target && !target_serves(target)) {
        gate_skip(gate, "how long a target waits for a request is unknown");
        return;
    }
    if (cv > 0) {
        mean_floor(facts, wait, cv, gate);
        return;
    }
    if (wait <= 2 * slack || times->count == 0) {
        gate_skip(gate, wait <= 2 * slack ? "the work has no wait to leave out"
                                          : "there was no answer");
        return;
    }
    gate_most(gate, fmax(0, wait - least), slack);
    gate->lasting = true; /* waiting in another attempt does not undo it */
    gate_say(gate, "the quickest answer took %s, the work waits for %s%s",
             digits_ns(least).text, digits_ns(wait).text,
             gate->ok ? "" : ": the server left waits out");
}

/* Compares with the planned rate, not with the schedule made from it. */
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
        gate_skip(gate, "no reading of the server fell into the window");
        return;
    }
    gate_most(gate, (double)sampler->cpu_ns / facts->window_ns,
              0.01 + EDGES_NS / facts->window_ns);
    gate_say(gate, "%d readings of the server took %.3g %% of a CPU",
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
     "reading the server's memory and CPU took over 1 % of a CPU",
     FIGURES_TIMED, EFFECT_WITHHELD},
    {0},
};

static const struct trial_slices *slices_of(const struct gate_facts *facts,
                                            struct gate *gate)
{
    if (!facts->trial->slices)
        gate_skip(gate, "not in slice mode");
    return facts->trial->slices;
}

/* Judges all slices together: in a single one, a process's housekeeping of a
 * few ms may exceed the limit without any harm. */
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
