/* SPDX-License-Identifier: MIT
 *
 * A step passes if the percentile is within the limit, at most 0.1 % of its
 * requests failed (timeouts included), and requests did not arrive faster than
 * they were answered (under 99 %, after an allowance for chance). Failed
 * requests make a trial invalid, but a step of a search fails because of them:
 * they are the server's answer to the rate. All other gates judge the
 * instrument. A step that trips one is invalid, or at the limit of the
 * generator if the gate is about that.
 */
#include "trial.h"
#include "harness/trial/trial_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/order.h"

/* A summary wants 20 requests beyond a percentile; half as many again allow for
 * chance and for steps below the estimate. */
static const double BEYOND = 20, SPARE = 1.5;
static const double ERRORS_MAX = 0.001;
static const double BOUND = 0.9;
static const int64_t WINDOW_MAX_NS = 60000000000;

void search_trial_point(const struct load_point *cell, double rate_per_s,
                        struct load_point *point)
{
    double beyond = (100 - cell->slo.percentile) / 100;
    double need_ns = SPARE * BEYOND / beyond / fmax(rate_per_s, 1e-3) * 1e9;

    *point = *cell;
    point->search = false;
    point->mode = rate_per_s > 0 ? LOAD_OPEN : LOAD_CLOSED;
    point->rate_per_s = rate_per_s;
    if (rate_per_s > 0 && need_ns > (double)point->window_ns)
        point->window_ns =
            need_ns < (double)WINDOW_MAX_NS ? (int64_t)need_ns : WINDOW_MAX_NS;
}

bool search_trial_bound(const struct load_point *cell, double ceiling_per_s)
{
    int64_t wait_ns = cell->workload->workload->wait_ns(&cell->arguments);

    return wait_ns > 0 &&
           ceiling_per_s > BOUND * cell->connections * 1e9 / (double)wait_ns;
}

/* Judges the instrument: SEARCH_PASS if nothing is wrong with it. */
static enum search_verdict judge_gates(const struct gate *gates, int count,
                                       struct search_step *step)
{
    enum search_verdict verdict = SEARCH_PASS;

    for (int i = 0; i < count; i++) {
        /* A gate that spoils only memory or CPU does not matter to a step. */
        if (gates[i].ok || !strcmp(gates[i].id, "errors") ||
            !(gates[i].figures & (FIGURE_THROUGHPUT | FIGURE_LATENCY)))
            continue;
        if (verdict == SEARCH_PASS)
            snprintf(step->why, sizeof step->why, "%.150s", gates[i].words);
        step->lasting |= gates[i].lasting;
        if (gates[i].effect != EFFECT_BOUND)
            return SEARCH_INVALID;
        verdict = SEARCH_LIMIT;
    }
    return verdict;
}

static void judge_limit(const struct trial_spec *plan,
                        const struct trial *trial, struct search_step *step)
{
    const struct load_result *load = trial->load;
    const struct load_point *point = plan->point;
    double beyond =
        (double)load->response.count * (100 - point->slo.percentile) / 100;

    step->verdict = SEARCH_FAIL;
    if (load->scheduled > 0)
        step->error_share =
            (double)(load->scheduled - load->ok) / (double)load->scheduled;
    step->quantile_ns =
        histogram_percentile_ns(&load->response, point->slo.percentile);
    if (step->error_share > ERRORS_MAX) {
        snprintf(step->why, sizeof step->why, "%.3g %% of the requests failed",
                 100 * step->error_share);
    } else if (gate_overloaded(plan, trial)) {
        snprintf(step->why, sizeof step->why,
                 "requests came faster than they ended");
    } else if (step->quantile_ns > point->slo.limit_ns) {
        snprintf(step->why, sizeof step->why, "p%g is %.4g ms",
                 point->slo.percentile, (double)step->quantile_ns / 1e6);
    } else if (beyond < BEYOND) {
        step->verdict = SEARCH_INVALID;
        step->lasting = true;
        snprintf(step->why, sizeof step->why,
                 "%.0f requests are too few for a p%g",
                 (double)load->response.count, point->slo.percentile);
    } else {
        step->verdict = SEARCH_PASS;
    }
}

void search_trial_judge(const struct trial_spec *plan,
                        const struct trial *trial, const struct gate *gates,
                        int gate_count, struct search_step *step)
{
    const struct load_result *load = trial->load;

    *step = (struct search_step){.rate_per_s = plan->point->rate_per_s,
                                 .quantile_ns = -1};
    step->verdict = judge_gates(gates, gate_count, step);
    if (!load || load->window_end_ns <= load->window_start_ns)
        return;
    step->achieved_per_s =
        (double)load->completed_in_window * 1e9 /
        (double)(load->window_end_ns - load->window_start_ns);
    if (step->verdict == SEARCH_PASS && plan->point->mode == LOAD_OPEN)
        judge_limit(plan, trial, step);
}

int search_trial_run(const struct trial_spec *cell, double rate_per_s,
                     int number, struct search_trial *step)
{
    uint64_t state = cell->seed + (uint64_t)number;

    search_trial_point(cell->point, rate_per_s, &step->point);
    step->plan = *cell;
    step->plan.point = &step->point;
    step->plan.seed = order_random(&state);
    trial_run(&step->plan, &step->trial);
    if (step->trial.end == TRIAL_STOPPED)
        return -EINTR;
    step->gate_count = gate_judge(&step->plan, &step->trial, step->gates);
    return 0;
}

void search_trial_free(struct search_trial *step)
{
    trial_free(&step->trial);
}
