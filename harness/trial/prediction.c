/* SPDX-License-Identifier: MIT
 *
 * A prediction is the smallest of the bounds, and its name. A residual's causes
 * come one after another, each a condition on the trial's counters.
 */
#include "prediction.h"

#include <math.h>
#include <stdio.h>

/* Beyond this a residual needs a cause. */
static const double RESIDUAL_LIMIT = 0.20;

static const double BUSY = 0.9;        /* of CPUs that have nothing to spare */
static const double SHARE = 0.5;       /* of the difference: the main cause */
static const double SWITCH_S = 1.5e-6; /* a low guess, so that switches are
                      blamed only where they are many (`troika primitives`) */

static void bound(struct prediction *prediction, const char *law, double per_s)
{
    if (prediction->law && prediction->per_s <= per_s)
        return;
    prediction->law = law;
    prediction->per_s = per_s;
}

void prediction_make(const struct prediction_input *input,
                     struct prediction *prediction)
{
    double request_s = (double)input->wait_ns / 1e9 + input->cpu_s;
    double round_s = request_s + (double)input->think_ns / 1e9;

    *prediction = (struct prediction){.input = *input};
    if (input->open)
        bound(prediction, "offered rate", input->rate_per_s);
    else if (round_s > 0)
        bound(prediction, "closed loop", input->connections / round_s);
    if (input->holding_workers > 0 && request_s > 0)
        bound(prediction, "workers", input->holding_workers / request_s);
    if (input->backend_workers > 0 && input->backend_ns > 0)
        bound(prediction, "backend",
              input->backend_workers / ((double)input->backend_ns / 1e9));
    if (input->cpu_s > 0 && input->cpus > 0)
        bound(prediction, "cpu", input->cpus / input->cpu_s);
}

double residual_of(const struct residual_facts *facts)
{
    return facts->measured_per_s / facts->predicted_per_s - 1;
}

/* What hinders the law from being applied at all. */
static const char *outside(const struct residual_facts *facts, char *words,
                           size_t size)
{
    double missing = facts->predicted_per_s - facts->measured_per_s;

    if (facts->exhausted && facts->exhausted[0] != '\0') {
        snprintf(words, size, "%s", facts->exhausted);
        return "limit";
    }
    if (missing > 0 && facts->failed_per_s >= SHARE * missing) {
        snprintf(words, size, "%.0f requests failed in the window",
                 facts->failed_per_s * facts->window_s);
        return "failures";
    }
    if (missing > 0 && facts->generator_bound) {
        snprintf(words, size, "near the ceiling of the null server");
        return "generator";
    }
    if (fabs(missing) * facts->window_s < facts->wave) {
        snprintf(words, size,
                 "%d at once, %.1f times in the window, is too coarse",
                 facts->wave,
                 facts->predicted_per_s * facts->window_s / facts->wave);
        return "waves";
    }
    if (missing > 0 && facts->backend_busy >= BUSY) {
        snprintf(words, size, "the backend was busy for %.0f %% of the window",
                 100 * facts->backend_busy);
        return "backend";
    }
    return NULL;
}

/* What the server did longer than the law has it. */
static const char *inside(const struct residual_facts *facts, char *words,
                          size_t size)
{
    double extra_s = facts->cpu_s - facts->bare_s;
    double late_s =
        facts->wave * (1 / facts->measured_per_s - 1 / facts->predicted_per_s);

    if (facts->server_busy >= BUSY && extra_s > 0) {
        bool switching = facts->switches * SWITCH_S >= SHARE * extra_s;

        snprintf(words, size,
                 "CPUs %.0f %% busy; a request took %.1f us of CPU beyond the "
                 "bare work and %.1f switches",
                 100 * facts->server_busy, extra_s * 1e6, facts->switches);
        return switching ? "switches" : "cpu";
    }
    if (late_s > 0 && facts->run_wait_s >= SHARE * late_s) {
        snprintf(words, size,
                 "a request waited %.1f us for a CPU, of %.1f us that it took "
                 "longer",
                 facts->run_wait_s * 1e6, late_s * 1e6);
        return "run queue";
    }
    return NULL;
}

const char *residual_cause(const struct residual_facts *facts, char *words,
                           size_t words_size)
{
    const char *cause;

    words[0] = '\0';
    if (fabs(residual_of(facts)) <= RESIDUAL_LIMIT)
        return NULL;
    cause = outside(facts, words, words_size);
    if (!cause && facts->measured_per_s > 0 &&
        facts->measured_per_s < facts->predicted_per_s)
        cause = inside(facts, words, words_size);
    return cause ? cause : "unexplained";
}
