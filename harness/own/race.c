/* SPDX-License-Identifier: MIT
 *
 * The verdict on the two rates is the run's own comparison: this file only puts
 * it into words. What the rest goes into follows from two figures of the
 * service: if the CPU time of its requests fills its CPUs, that is it; if its
 * CPUs are idle, it serves fewer requests at once than there are connections
 * (Little's law).
 */
#include "race.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/machine/placement.h"

/* A window has at least so many rounds of requests. */
enum { ROUNDS = 25, BLOCKS = 6 };

/* With fewer, no difference can be significant. */
enum { BLOCKS_LEAST = 6 };

/* From so many busy CPUs on, CPU time is told as the limit; and below such a
 * share of the connections, how many are served at once. */
static const double FULL = 0.75;

/* Below this wait the models wait for nothing. */
static const double WAIT_LEAST_NS = 20e3;

char *race_work(const struct race *race, char *text, size_t size)
{
    bool waits = race->wait_ns >= WAIT_LEAST_NS, computes = race->cpu_ns > 0;

    if (waits || computes)
        snprintf(text, size, "%s%s%s%s%s", waits ? "wait " : "",
                 waits ? digits_ns(race->wait_ns).text : "",
                 waits && computes ? " and " : "", computes ? "compute " : "",
                 computes ? digits_ns(race->cpu_ns).text : "");
    else
        snprintf(text, size, "answer at once");
    return text;
}

static void write_work(const struct race *race, FILE *file)
{
    if (race->cpu_ns > 0 && race->wait_ns >= WAIT_LEAST_NS)
        fprintf(file, "workload = mixed\ndelay = %.0fus\nsteps = %.0f\n",
                race->wait_ns / 1e3, race->cpu_ns / race->step_ns);
    else if (race->cpu_ns > 0)
        fprintf(file, "workload = spin\nsteps = %.0f\n",
                race->cpu_ns / race->step_ns);
    else if (race->wait_ns >= WAIT_LEAST_NS)
        fprintf(file, "workload = wait\ndelay = %.0fus\n", race->wait_ns / 1e3);
    else
        fputs("workload = hello\n", file);
}

int race_write(const struct race *race, FILE *file, char *why, size_t why_size)
{
    double window_ns = fmin(30e9, fmax(1.1e9, ROUNDS * race->response_ns));
    double warmup_ns = fmin(30e9, fmax(510e6, 4 * race->response_ns));

    fputs(
        "# A service beside the models that do its waiting; troika bench runs "
        "it.\n[experiment]\n"
        "title = Your service beside Troika's models\n"
        "question = How far is the service from what its model can do?\n"
        "models = " OWN_NAME,
        file);
    for (int i = 0; i < race->model_count; i++)
        fprintf(file, ", %s", race->models[i]);
    fprintf(file,
            "\nbaseline = " OWN_NAME "\nblocks = %d\n"
            "warmup = %.0fms\nwindow = %.0fms\ntimeout = %.0fs\n\n",
            BLOCKS, warmup_ns / 1e6, window_ns / 1e6,
            fmin(600, ceil(10 + 20 * race->response_ns / 1e9)));
    int result =
        own_section(race->asked, OWN_NAME, race->check, file, why, why_size);
    fputs("\n[cell own]\n", file);
    write_work(race, file);
    fprintf(file, "%sconnections = %d\nplacement = %s\n",
            race->closes ? "mode = churn\n" : "", race->connections,
            placement_name(race->started ? PLACEMENT_SPLIT : PLACEMENT_SHARED));
    if (race->shape.model && race->shape.workers > 0)
        fprintf(file, "workers.%s = %d\n", race->shape.model,
                race->shape.workers);
    return result;
}

static const json_t *row_of(const json_t *run, const char *model,
                            const char *metric)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "summary"), i, row)
        if (json_text_is(row, "model", model) &&
            json_text_is(row, "metric", metric))
            return row;
    return NULL;
}

struct race_rate race_rate_of(const json_t *run, const char *model)
{
    const json_t *rate = row_of(run, model, "throughput_per_s");

    return (struct race_rate){
        .per_s = json_figure_of(rate, "value"),
        .bound = json_true_of(rate, "generator_bound") ? ">=" : "",
        .cpu_ns =
            json_figure_of(row_of(run, model, "cpu_per_request_ns"), "value"),
        .memory_bytes =
            json_figure_of(row_of(run, model, "memory_total_bytes"), "value"),
        .why = json_text_of(rate, "why"),
    };
}

/* The model to compare with: its own, or of the others the quickest. */
static const char *rival_of(const struct race *race, const json_t *run)
{
    const char *best = race->models[0];
    double most = -1;

    if (race->shape.model && race_rate_of(run, race->shape.model).per_s > 0)
        return race->shape.model;
    for (int i = 0; i < race->model_count; i++) {
        double per_s = race_rate_of(run, race->models[i]).per_s;
        if (per_s > most) {
            most = per_s;
            best = race->models[i];
        }
    }
    return best;
}

/* The verdict on the service's rate against a model's: "better", "worse",
 * "same", "negligible", "inconclusive", or "" without a comparison. */
static const char *verdict_of(const json_t *run, const char *model)
{
    const json_t *row;
    size_t i;

    json_array_foreach (json_object_get(run, "comparisons"), i, row) {
        const char *verdict = json_text_of(row, "verdict");
        if (!json_text_is(row, "metric", "throughput_per_s") ||
            json_integer_of(row, "n") < BLOCKS_LEAST)
            continue;
        if (json_text_is(row, "a", OWN_NAME) && json_text_is(row, "b", model))
            return verdict;
        if (json_text_is(row, "b", OWN_NAME) && json_text_is(row, "a", model))
            return !strcmp(verdict, "better")  ? "worse"
                   : !strcmp(verdict, "worse") ? "better"
                                               : verdict;
    }
    return "";
}

/* Tells what a loss goes into, with the sign before it. */
static void tell_cause(const struct race *race, const struct race_rate *own,
                       const struct race_rate *model, char *text, size_t size)
{
    double busy = own->per_s * own->cpu_ns / 1e9;
    double held = own->per_s * race->response_ns / 1e9;
    if (isnan(own->cpu_ns))
        snprintf(text, size,
                 "; where it goes cannot be told, as its CPU time is not seen");
    else if (busy >= FULL)
        snprintf(text, size, ": %s of CPU a request%s%s",
                 digits_ns(own->cpu_ns).text,
                 isnan(model->cpu_ns) ? "" : ", the model's ",
                 isnan(model->cpu_ns) ? "" : digits_ns(model->cpu_ns).text);
    else if (held < FULL * race->connections)
        snprintf(
            text, size,
            ": it serves %s of %d requests at once, and its CPU time (%s a "
            "request) is not the limit",
            digits_of(fmax(1, held), 2).text, race->connections,
            digits_ns(own->cpu_ns).text);
    else
        snprintf(text, size,
                 ": a request takes %s longer, though its CPU time (%s) is not "
                 "the limit",
                 digits_ns(race->connections * 1e9 *
                           (1 / own->per_s - 1 / model->per_s))
                     .text,
                 digits_ns(own->cpu_ns).text);
}

static void tell_loss(const struct race *race, const struct race_rate *own,
                      const struct race_rate *model, char *text, size_t size)
{
    char cause[200];

    tell_cause(race, own, model, cause, sizeof cause);
    snprintf(text, size, "you lose %.0f %%%s",
             100 * (1 - own->per_s / model->per_s), cause);
}

/* How the CPU times of a request differ, where the rates do not. */
static void tell_cpu(const struct race_rate *own, const struct race_rate *model,
                     const char *so, char *text, size_t size)
{
    if (isnan(own->cpu_ns) || isnan(model->cpu_ns))
        snprintf(text, size, "%s", so);
    else
        snprintf(text, size, "%s; a request costs %s of CPU, the model's %s",
                 so, digits_ns(own->cpu_ns).text,
                 digits_ns(model->cpu_ns).text);
}

/* Adds what holds answers back, if anything does. */
static void tell_held(const struct race *race, char *text, size_t size)
{
    size_t used = strlen(text);

    if (race->held_ns > 0)
        snprintf(text + used, size - used,
                 "; %s of each request%s pass because it " RACE_HELD,
                 digits_ns(race->held_ns).text,
                 race->wait_ns >= race->held_ns
                     ? ", which the models wait as well,"
                     : "");
}

bool race_sentence(const struct race *race, const json_t *run, char *text,
                   size_t size)
{
    const char *rival = rival_of(race, run), *verdict = verdict_of(run, rival);
    struct race_rate own = race_rate_of(run, OWN_NAME);
    struct race_rate model = race_rate_of(run, rival);
    char end[400];

    if (isnan(own.per_s) || isnan(model.per_s)) {
        bool mine = isnan(own.per_s);
        snprintf(text, size, "no figure of %s, so nothing can be said: %s",
                 mine ? OWN_NAME : rival, mine ? own.why : model.why);
        return false;
    }
    if (!strcmp(verdict, "worse"))
        tell_loss(race, &own, &model, end, sizeof end);
    else if (!strcmp(verdict, "better"))
        tell_cpu(&own, &model, "yours is ahead", end, sizeof end);
    else if (!strcmp(verdict, "same") || !strcmp(verdict, "negligible"))
        tell_cpu(&own, &model, "no meaningful difference", end, sizeof end);
    else
        tell_cpu(&own, &model,
                 verdict[0] ? "too close, or too noisy, to call"
                            : "no verdict, which takes six blocks with a "
                              "figure of both (--until 10% adds blocks)",
                 end, sizeof end);
    snprintf(text, size, OWN_NAME " %s%s; %s %s %s%s; %s", own.bound,
             digits_three(own.per_s, "/s").text,
             race->shape.model && !strcmp(rival, race->shape.model)
                 ? "its model"
                 : "the best of the models,",
             rival, model.bound, digits_three(model.per_s, "/s").text, end);
    tell_held(race, text, size);
    return true;
}
