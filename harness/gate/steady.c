/* SPDX-License-Identifier: MIT
 *
 * Rules about the course of the window: was the rate of answers steady, and
 * did the requests of an open loop go out as they were drawn.
 *
 * Both are statistics of a finite window, so each limit grows with what chance
 * alone can do. The slope of the rate is a least-squares line through ten
 * parts; it fails only where 5 % of the mean and five of its own standard
 * errors do not explain it, the larger of the error from the scatter about
 * the line (waves of equal waits) and that of counts at random (Poisson).
 */
#include <math.h>

#include "rule.h"

enum { ANSWERS_MIN = 20, BINS_MIN = 40, ARRIVALS_MIN = 100 };

struct line {
    double mean, slope, error; /* slope: over the window, part of the mean */
};

static void fit(const uint64_t parts[LOAD_PARTS], struct line *line)
{
    double middle = (LOAD_PARTS - 1) / 2.0, xx = 0, xy = 0, rest = 0;

    line->mean = 0;
    for (int i = 0; i < LOAD_PARTS; i++)
        line->mean += (double)parts[i] / LOAD_PARTS;
    for (int i = 0; i < LOAD_PARTS; i++) {
        xx += (i - middle) * (i - middle);
        xy += (i - middle) * ((double)parts[i] - line->mean);
    }
    for (int i = 0; i < LOAD_PARTS; i++)
        rest += pow((double)parts[i] - line->mean - xy / xx * (i - middle), 2);
    line->slope = xy / xx * LOAD_PARTS / line->mean;
    line->error = fmax(sqrt(rest / (LOAD_PARTS - 2)), 0.8 * sqrt(line->mean)) /
                  sqrt(xx) * LOAD_PARTS / line->mean;
}

/* Requests that came and did not end in the window, as part of those that
 * came; the limit has room for chance, which moves the number in the system
 * by the square root of it. False: it cannot be told. */
static bool growth(const struct trial_plan *plan, const struct trial *trial,
                   double *value, double *limit)
{
    const struct load_result *load = trial->load;
    double came = (double)load->scheduled;
    double ended = (double)(load->completed_in_window + load->wrong +
                            load->http_error + load->io_error);
    double inside = came / (double)plan->point->window_ns *
                    histogram_mean_ns(&load->service);
    int64_t wait_ns =
        plan->point->workload->workload->wait_ns(&plan->point->arguments);

    /* While the first waits last, more requests come than go. */
    if (plan->point->mode != LOAD_OPEN || came < ARRIVALS_MIN ||
        plan->point->warmup_ns < 2 * wait_ns)
        return false;
    *value = (came - ended) / came;
    *limit = 0.01 + 4 * sqrt(2 * fmax(inside, 1)) / came;
    return true;
}

bool gate_overloaded(const struct trial_plan *plan, const struct trial *trial)
{
    double value, limit;

    return trial->end == TRIAL_DONE && growth(plan, trial, &value, &limit) &&
           value > limit;
}

/* A result and no fault: always ok, but its figures are in every trial. */
static void overload(const struct gate_facts *facts, struct gate *gate)
{
    if (!growth(facts->plan, facts->trial, &gate->value, &gate->limit)) {
        gate_skip(gate, !facts->open ? "a closed loop cannot be overloaded"
                                     : "too few requests, or the warm-up is "
                                       "shorter than two waits");
        return;
    }
    gate->applied = true;
    gate_say(gate,
             gate->value > gate->limit
                 ? "overloaded: %.3g %% of the requests that came did not end "
                   "in the window; a result, not a fault"
                 : "%.3g %% of the requests that came did not end in the "
                   "window: the server keeps up",
             100 * gate->value);
}

static void steady(const struct gate_facts *facts, struct gate *gate)
{
    struct line line;
    uint64_t counted = 0;

    for (int i = 0; i < LOAD_PARTS; i++)
        counted += facts->load->parts[i];
    if (counted < ANSWERS_MIN) {
        gate_skip(gate, "fewer than 20 answers");
        return;
    }
    if (gate_overloaded(facts->plan, facts->trial)) {
        gate_skip(gate, "the server is overloaded, which is a result");
        return;
    }
    if (facts->trial->slices != NULL) {
        gate_skip(gate, "the load comes and goes; slices are judged in pairs");
        return;
    }
    fit(facts->load->parts, &line);
    gate_most(gate, fabs(line.slope), 0.05 + 5 * line.error);
    gate_say(gate,
             "the rate of answers %s by %.3g %% over the window, %.3g %% are "
             "within chance%s",
             line.slope < 0 ? "fell" : "rose", 100 * gate->value,
             100 * gate->limit, gate->ok ? "" : "; lengthen the warm-up");
}

/* Counts of Poisson arrivals have a variance equal to their mean. */
static void arrivals(const struct gate_facts *facts, struct gate *gate)
{
    const struct load_result *load = facts->load;
    double mean = 0, variance = 0, k = load->bin_count;

    if (!facts->open || facts->point->arrivals != ARRIVALS_POISSON) {
        gate_skip(gate, "the requests are not to come at random");
        return;
    }
    if (load->bin_count < BINS_MIN || load->scheduled < ARRIVALS_MIN) {
        gate_skip(gate, "too short or too few requests to tell");
        return;
    }
    if ((double)load->lag_free.count < 0.99 * (double)load->scheduled) {
        gate_skip(gate, "requests had to wait for a free connection");
        return;
    }
    for (int i = 0; i < load->bin_count; i++)
        mean += load->bins[i] / k;
    for (int i = 0; i < load->bin_count; i++)
        variance += pow(load->bins[i] - mean, 2) / (k - 1);
    gate_most(gate, fabs(variance / mean - 1),
              4 * sqrt((2 + 1 / mean) / k) + 0.05);
    gate_say(gate,
             "requests sent per %.3g ms have %.3g times the variance of "
             "random arrivals, 1 +- %.2g allowed",
             (double)load->bin_ns / 1e6, variance / mean, gate->limit);
}

const struct gate_rule gate_steady_rules[] = {
    {"overload", overload, "never: overload is a result", 0, EFFECT_WITHHELD},
    {"steady", steady, "the rate of answers rose or fell over the window",
     FIGURES_LOADED, EFFECT_WITHHELD},
    {"arrivals", arrivals, "requests were not sent at random, as drawn",
     FIGURE_LATENCY | FIGURE_CPU | FIGURE_MEMORY, EFFECT_WITHHELD},
    {0},
};
