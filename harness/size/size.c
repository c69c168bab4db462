/* SPDX-License-Identifier: MIT */
#include "size.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/predict/effort.h"
#include "rules.h"

static const double NS_PER_S = 1e9;

static void list_models(const struct machine *machine, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < machine->model_count; i++) {
        size_t used = strlen(text);
        if (curve_applies(&machine->models[i]))
            snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                     machine->models[i].name);
    }
}

/* The models that were named, or all with workers. */
static int take_models(const struct question *question,
                       const struct machine *machine, struct question *at_peak,
                       char *why, size_t why_size)
{
    char names[600];

    list_models(machine, names, sizeof names);
    for (int i = 0; i < question->model_count; i++) {
        const char *name = question->models[i];
        const struct model_constants *model = machine_model(machine, name);
        if (model && curve_applies(model))
            continue;
        snprintf(why, why_size, "%s %s; models that have some: %s", name,
                 model && model->has_workers
                     ? "does not say what a waiting request occupies, so its "
                       "workers cannot be counted"
                     : "has no worker setting",
                 names[0] != '\0' ? names : "none of the constants'");
        return -EINVAL;
    }
    if (names[0] == '\0') {
        snprintf(why, why_size,
                 "there are no constants of a model with workers; troika "
                 "calibrate --models thread-pool,process-pool --add");
        return -ENOENT;
    }
    for (int i = 0; question->model_count == 0 && i < machine->model_count; i++)
        if (curve_applies(&machine->models[i]))
            at_peak->models[at_peak->model_count++] = machine->models[i].name;
    return 0;
}

int size_ask(const struct size_question *asked, const struct machine *machine,
             struct size *size, char *why, size_t why_size)
{
    const struct question *question = asked->question;
    struct question *at_peak = &size->at_peak;
    struct service *p = &at_peak->service;
    char reason[1024];

    size->asked = asked;
    *at_peak = *question;
    at_peak->workers = 0;
    size->peak = asked->peak > 0     ? asked->peak
                 : p->rate_per_s > 0 ? SIZE_PEAK
                                     : 1;
    if (p->rate_per_s > 0)
        p->rate_per_s *= size->peak;
    else
        p->connections =
            (int)fmin(RULES_MOST, ceil(p->connections * size->peak - 1e-6));
    int status = take_models(question, machine, at_peak, why, why_size);
    if (status < 0)
        return status;
    if (service_check(p, reason, sizeof reason))
        return 0;
    snprintf(why, why_size, "at the peak, %s times the load (--peak): %s",
             digits_of(size->peak, 3).text, reason);
    return -EINVAL;
}

const struct advised *size_advised(const struct size *size, int model)
{
    return &size->advice.models[model];
}

static void make_curve(struct size *size, int model)
{
    const struct question *question = size->asked->question;
    const struct forecast *best = &size_advised(size, model)->forecast;
    struct sized *sized = &size->models[model];
    struct curve_question peak = {&size->at_peak.service, size->advice.machine,
                                  size->at_peak.precision, question->workers};
    struct curve_question usual = peak;

    curve_make(&peak, best->model, best->workers, &sized->curve);
    int star = sized->curve.marks[MARK_STAR];
    usual.service = &question->service;
    sized->usual = size->peak > 1 ? curve_look(&usual, best->model, star)
                                  : *curve_at(&sized->curve, star);
    size->kept = kept_either(size->kept, curve_kept(&sized->curve));
}

/* W* of the model of that name, or of any that holds a worker. */
static int slots_like(const struct size *size, const char *name)
{
    int slots = 0;

    for (int i = 0; i < size->advice.model_count; i++) {
        const struct curve *curve = &size->models[i].curve;
        /* A number that keeps nothing is none to set. */
        if (curve->model->discipline != DISCIPLINE_WORKER ||
            curve_kept(curve) == KEPT_NOT)
            continue;
        if (slots == 0 || !strcmp(curve->model->name, name))
            slots = curve->marks[MARK_STAR];
    }
    return slots;
}

/* Loops that are needed, or threads beside one. A person who names models
 * wants to hear of these alone; where no model was measured a core has one. */
static int loops_like(const struct size *size, bool offloads)
{
    for (int i = 0; i < size->advice.model_count; i++) {
        const struct curve *curve = &size->models[i].curve;
        if (curve->model->discipline == DISCIPLINE_LOOP &&
            curve->model->offloads == offloads)
            return curve_kept(curve) != KEPT_NOT ? curve->marks[MARK_STAR] : 0;
    }
    return size->asked->question->model_count == 0 ? size->at_peak.service.cores
                                                   : 0;
}

/* The most requests a second that any model answers at its W*. */
static double answered_per_s(const struct size *size)
{
    double most = 0;

    if (size->at_peak.service.rate_per_s > 0)
        return size->at_peak.service.rate_per_s;
    for (int i = 0; i < size->advice.model_count; i++) {
        const struct curve *curve = &size->models[i].curve;
        const struct curve_point *star =
            curve_at(curve, curve->marks[MARK_STAR]);
        most = fmax(most, star ? star->forecast.rate_per_s : 0);
    }
    return most;
}

/* A call holds a connection for as long as it waits. */
static void size_database(struct size *size)
{
    const struct service *p = &size->at_peak.service;
    int clients = p->rate_per_s > 0 ? RULES_MOST : p->connections;

    size->calling_per_s = answered_per_s(size);
    if (p->wait_ns <= 0 || size->calling_per_s <= 0)
        return;
    double calls_per_s = size->calling_per_s * p->calls;
    double call_ns = p->wait_ns / p->calls;
    int places = rules_pool(calls_per_s, call_ns, SIZE_QUEUE_SHARE);
    size->figures.database = places < clients ? places : clients;
    size->database_queue_p99_ns =
        places < clients ? rules_queue_p99_ns(places, calls_per_s, call_ns) : 0;
}

static void find_figures(struct size *size)
{
    const struct service *p = &size->at_peak.service;
    struct server_figures *figures = &size->figures;
    double in_flight = 0;

    for (int i = 0; i < size->advice.model_count; i++)
        in_flight = fmax(in_flight, size->models[i].usual.forecast.held_ns);
    in_flight *= p->rate_per_s / NS_PER_S;
    if (p->rate_per_s > 0)
        in_flight += 3 * sqrt(in_flight);
    else
        in_flight = p->connections;
    figures->cores = p->cores;
    figures->process_slots = slots_like(size, "process-pool");
    figures->thread_slots = slots_like(size, "thread-pool");
    figures->loops = loops_like(size, false);
    figures->offload = loops_like(size, true);
    figures->in_flight = (int)fmin(RULES_MOST, ceil(in_flight));
    figures->connections = p->connections;
}

/* Leaves out, and says so, what is too much to simulate: no number of workers
 * is better than another then. */
static void drop_beyond(struct size *size)
{
    struct advice *advice = &size->advice;
    int kept = 0;
    char text[400];

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        if (f->beyond <= 0) {
            advice->models[kept++] = advice->models[i];
            continue;
        }
        struct unforecast *none =
            &advice->unforecast[advice->unforecast_count++];
        none->model = f->model;
        snprintf(none->why, sizeof none->why, "no latency: %s",
                 effort_text(&size->at_peak.service, f->beyond,
                             size->at_peak.precision.requests, text,
                             sizeof text));
    }
    advice->model_count = kept;
}

void size_make(const struct machine *machine, bool shipped,
               const struct bands *bands, struct size *size)
{
    const struct service *p = &size->at_peak.service;

    size->figures = (struct server_figures){0};
    size->unlimited = size->at_peak;
    size->unlimited.service.memory_bytes = 0;
    advice_make(&size->unlimited, machine, shipped, bands, &size->advice);
    drop_beyond(size);
    size->kept = size->advice.unforecast_count > 0 ? KEPT_UNKNOWN : KEPT_NOT;
    for (int i = 0; i < size->advice.model_count; i++)
        make_curve(size, i);
    find_figures(size);
    size_database(size);
    size->piece_ns =
        p->rate_per_s > 0 ? rules_piece_ns(p, SIZE_PIECE_SHARE) : NAN;
}
