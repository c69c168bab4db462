/* SPDX-License-Identifier: MIT */
#include "sentences.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "binding.h"
#include "harness/arithmetic/conformal.h"
#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "harness/predict/cost.h"
#include "harness/predict/effort.h"

/* Work that takes so many times as long as in C is not told. */
static const double ALIKE = 1.5;

enum { FIGURE = 32, NAMES_SIZE = 600 };

static const char *limit_text(const struct service *p, char *text, size_t size)
{
    char time[FIGURE];

    snprintf(text, size, "p%s<%s", digits_of(p->limit_percent, 4).text,
             metric_format("_ns", p->limit_ns, time, sizeof time));
    return text;
}

/* "64 connections instead of 400 (or a queue limit there)". */
static void remedy_text(const struct advice *advice, enum remedy remedy,
                        char *text, size_t size)
{
    const struct service *p = &advice->question->service;
    double value = advice->remedies.of[remedy].value;
    char now[FIGURE], then[FIGURE];

    text[0] = '\0';
    switch (remedy) {
    case REMEDY_CONNECTIONS:
        snprintf(text, size,
                 "%.0f in flight instead of %d (or a queue limit there)", value,
                 p->connections);
        break;
    case REMEDY_RATE:
        snprintf(text, size, "%s instead of %s",
                 metric_format("_per_s", value, then, sizeof then),
                 metric_format("_per_s", p->rate_per_s, now, sizeof now));
        break;
    case REMEDY_THINK:
        snprintf(text, size, "clients who pause for %s",
                 metric_format("_ns", value, then, sizeof then));
        break;
    case REMEDY_CORES:
        snprintf(text, size, "%.0f core%s instead of %d", value,
                 digits_plural(value), p->cores);
        break;
    case REMEDY_CPU:
        snprintf(text, size, "%s of CPU instead of %s",
                 metric_format("_ns", value, then, sizeof then),
                 metric_format("_ns", p->cpu_ns, now, sizeof now));
        break;
    case REMEDIES:
        break;
    }
}

/* A closed loop without a pause cannot be faster than its clients' CPU. */
static void say_why_no_model(const struct advice *advice,
                             struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    double least_ns = INFINITY;
    char limit[80], cpu[FIGURE], all[FIGURE];
    const struct forecast *best = NULL;

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        double ns = p->connections * f->full_cpu_ns / f->cores;
        if (ns < least_ns) {
            least_ns = ns;
            best = f;
        }
    }
    limit_text(p, limit, sizeof limit);
    if (best && p->rate_per_s <= 0 && least_ns - p->think_ns > p->limit_ns)
        sentences_say(
            sentences,
            "no model keeps %s: %d request%s in flight x %s of CPU / %d core%s "
            "are %s, whoever serves them",
            limit, p->connections, digits_plural(p->connections),
            metric_format("_ns", best->full_cpu_ns, cpu, sizeof cpu),
            best->cores, digits_plural(best->cores),
            metric_format("_ns", least_ns, all, sizeof all));
    else
        sentences_say(sentences, "no model keeps %s", limit);
}

/* Why a request without any queue is over the limit: its times are too long,
 * or vary. (Half of all requests are no slower for that.) */
static const char *alone_text(const struct service *p, char *text, size_t size)
{
    bool wait = p->wait_ns > 0 && p->cv_wait > 0;
    bool cpu = p->cpu_ns > 0 && p->cv_cpu > 0;
    char least[FIGURE], cv[64] = "";

    if (wait)
        snprintf(cv, sizeof cv, "cv-wait %s%s", digits_of(p->cv_wait, 3).text,
                 cpu ? ", " : "");
    if (cpu)
        snprintf(cv + strlen(cv), sizeof cv - strlen(cv), "cv-cpu %s",
                 digits_of(p->cv_cpu, 3).text);
    if (!cv[0] || p->limit_percent <= 50 ||
        p->wait_ns + p->cpu_ns >= p->limit_ns)
        snprintf(
            text, size,
            ", of which it waits and computes for %s%s; only shorter "
            "times would",
            metric_format("_ns", p->wait_ns + p->cpu_ns, least, sizeof least),
            cv[0] ? " on average" : "");
    else
        snprintf(text, size,
                 ", since %s var%s (%s); only shorter or steadier times would",
                 wait && cpu ? "wait and CPU"
                 : wait      ? "the wait"
                             : "CPU",
                 wait && cpu ? "y" : "ies", cv);
    return text;
}

static void say_remedies(const struct advice *advice,
                         struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    const struct remedies *found = &advice->remedies;
    char limit[80], alone[FIGURE], one[160], list[SENTENCE_SIZE / 2] = "";
    char workers[32] = "";

    if (!found->model)
        return;
    if (isfinite(found->alone_ns)) {
        sentences_say(
            sentences,
            "no model keeps %s: p%s of a request without any queue is %s%s",
            limit_text(p, limit, sizeof limit),
            digits_of(p->limit_percent, 4).text,
            metric_format("_ns", found->alone_ns, alone, sizeof alone),
            alone_text(p, one, sizeof one));
        return;
    }
    say_why_no_model(advice, sentences);
    for (int r = 0; r < REMEDIES; r++)
        if (isfinite(found->of[r].value)) {
            remedy_text(advice, r, one, sizeof one);
            say_append(list, sizeof list, "; or ", one);
            if (found->of[r].by != found->model)
                say_append(list, sizeof list, " with ", found->of[r].by->name);
        }
    if (found->workers > 0)
        snprintf(workers, sizeof workers, " (%d worker%s)", found->workers,
                 digits_plural(found->workers));
    if (list[0])
        sentences_say(sentences, "would keep it, as simulated with %s%s: %s",
                      found->model->name, workers, list);
    else
        sentences_say(sentences,
                      "nothing was found that would keep it by itself");
}

static void say_memory(const struct advice *advice, struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    const struct least_memory *least = &advice->least;
    char limit[FIGURE], needed[FIGURE], workers[FIGURE] = "";

    if (!least->model || least->bytes <= p->memory_bytes)
        return;
    if (least->workers > 0)
        snprintf(workers, sizeof workers, " with %d worker%s", least->workers,
                 digits_plural(least->workers));
    sentences_say(
        sentences,
        "no model fits into %s: %s%s needs the least that carries the load, %s "
        "at a peak",
        metric_format("_bytes", p->memory_bytes, limit, sizeof limit),
        least->model->name, workers,
        metric_format("_bytes", least->bytes, needed, sizeof needed));
}

void sentences_unforecast(const struct advice *advice,
                          struct sentences *sentences)
{
    for (int i = 0; i < advice->unforecast_count; i++)
        sentences_say(sentences, "%s cannot be forecast: %s",
                      advice->unforecast[i].model->name,
                      advice->unforecast[i].why);
}

/* Of models whose memory is not known. */
static void say_unmeasured(const struct advice *advice,
                           struct sentences *sentences)
{
    char unmeasured[NAMES_SIZE] = "", limit[FIGURE];

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        if (f->on_memory == KEPT_UNKNOWN && !isfinite(f->memory_most_bytes))
            say_append(unmeasured, sizeof unmeasured, ", ", f->model->name);
    }
    if (unmeasured[0])
        sentences_say(
            sentences,
            "whether %s fit%s into %s cannot be told: the memory at rest was "
            "not measured; troika calibrate --models %s --add",
            unmeasured, strchr(unmeasured, ',') ? "" : "s",
            metric_format("_bytes", advice->question->service.memory_bytes,
                          limit, sizeof limit),
            unmeasured);
}

static void say_defaults(const struct advice *advice,
                         struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    char list[SENTENCE_SIZE / 2] = "", text[64];

    for (int i = 0; i < SERVICE_FIELDS; i++) {
        const char *words =
            p->given[i] ? "" : service_field_text(p, i, text, sizeof text);
        if (*words)
            say_append(list, sizeof list, ", ", words);
    }
    if (list[0])
        sentences_say(sentences, "not given, so taken as: %s", list);
    if (p->rate_per_s <= 0 && p->think_ns > 0)
        sentences_say(sentences,
                      "pauses are taken to vary as those of users do "
                      "(exponential); clients that pause for equal times may "
                      "come in bunches");
}

static bool is_outdated(const struct advice *advice, int model)
{
    return bands_outdated(advice->bands,
                          advice->models[model].forecast.model->name);
}

/* Of the models that were validated, the band of the fewest residuals; NULL:
 * none was. */
static const struct band *least_band(const struct advice *advice,
                                     enum quantity quantity)
{
    const struct band *least = NULL;

    for (int i = 0; i < advice->model_count; i++) {
        const struct band *band = &advice->models[i].bands[quantity];
        if (!is_outdated(advice, i) && (!least || band->n < least->n))
            least = band;
    }
    return least;
}

/* Models that were calibrated again since. */
static void say_outdated(const struct advice *advice,
                         struct sentences *sentences)
{
    char list[SENTENCE_SIZE / 2] = "";

    for (int i = 0; i < advice->model_count; i++)
        if (is_outdated(advice, i))
            say_append(list, sizeof list, ", ",
                       advice->models[i].forecast.model->name);
    if (list[0])
        sentences_say(
            sentences,
            "no bands for %s: the validation of %s is of other constants than "
            "these (%s now, %s then); troika validate",
            list, advice->bands->at, advice->bands->present_run,
            advice->bands->validated_run);
}

/* The figures that have a band, and of how many residuals at least. */
static void say_bands(const struct advice *advice, struct sentences *sentences)
{
    bool open = advice->question->service.rate_per_s > 0;
    static const char *const words[QUANTITIES] = {[QUANTITY_THROUGHPUT] =
                                                      "capacity",
                                                  [QUANTITY_CPU] = "cpu",
                                                  [QUANTITY_MEMORY] = "memory",
                                                  [QUANTITY_P50] = "p50",
                                                  [QUANTITY_P99] = "p99"};
    char list[200] = "", missing[200] = "", never[200] = "", one[80];

    for (int q = 0; q < QUANTITIES; q++) {
        const struct band *least = least_band(advice, q);
        if (!least)
            continue;
        struct band band = *least;
        bool has = isfinite(band.factor);
        snprintf(one, sizeof one, "%s %d", words[q],
                 has ? band.n : band.services);
        if (!has && band.services == 0)
            say_append(never, sizeof never, ", ", words[q]);
        else if (has || !band.beyond_load)
            say_append(has ? list : missing, sizeof list, ", ", one);
    }
    if (list[0])
        sentences_say(
            sentences,
            "[bands] hold nine measurements in ten, by the validation of %s on "
            "%d service%s (residuals at least: %s)",
            advice->bands->at, advice->bands->service_count,
            digits_plural(advice->bands->service_count), list);
    if (missing[0])
        sentences_say(
            sentences,
            "validated on too few services for a band, which needs %d "
            "residuals (services: %s)",
            CONFORMAL_LEAST, missing);
    if (never[0])
        sentences_say(sentences, "no band of %s: the validation has none %s",
                      never, open ? "at a rate" : "of clients who ask again");
}

/* Models at a load above all that were validated. */
static void say_beyond_load(const struct advice *advice,
                            struct sentences *sentences)
{
    double most = bands_load_most(advice->bands);
    char list[NAMES_SIZE] = "", one[96];

    for (int i = 0; i < advice->model_count; i++) {
        const struct advised *row = &advice->models[i];
        if (!row->forecast.simulated || !row->bands[QUANTITY_P99].beyond_load)
            continue;
        snprintf(one, sizeof one, "%s %.0f %%", row->forecast.model->name,
                 100 * row->forecast.load);
        say_append(list, sizeof list, ", ", one);
    }
    if (list[0])
        sentences_say(
            sentences,
            "no band of p50 and p99 above a load of %.0f %%, the most "
            "that was validated: %s",
            100 * most, list);
}

static void say_validation(const struct advice *advice,
                           struct sentences *sentences)
{
    char where[300];

    if (!advice->validated) {
        if (advice->unused[0])
            sentences_say(sentences, "no bands: %s; troika validate",
                          advice->unused);
        else if (!advice->shipped)
            sentences_say(sentences,
                          "no forecast of this machine has been compared with "
                          "a measurement yet: troika validate");
        return;
    }
    outside_text(&advice->outside, where, sizeof where);
    if (outside_far(&advice->outside) || advice->outside.unseen) {
        sentences_say(sentences, "no bands, because nothing is known %s: %s",
                      !outside_far(&advice->outside)
                          ? "of what was not validated"
                          : "so far outside of what was validated",
                      where);
        return;
    }
    say_bands(advice, sentences);
    say_beyond_load(advice, sentences);
    say_outdated(advice, sentences);
    if (where[0])
        sentences_say(sentences,
                      "extrapolated, so the bands are twice as wide: %s",
                      where);
}

static void say_nearest(const struct advice *advice,
                        struct sentences *sentences)
{
    const struct validated_service *nearest = advice->nearest;
    char list[SENTENCE_SIZE / 2] = "", one[128], wait[FIGURE], cpu[FIGURE];

    if (!nearest)
        return;
    for (int i = 0; i < advice->model_count; i++) {
        double ratio = advice->models[i].nearest_ratio;
        if (!isfinite(ratio))
            continue;
        snprintf(one, sizeof one, "%s %+.0f %%",
                 advice->models[i].forecast.model->name, 100 * (ratio - 1));
        say_append(list, sizeof list, ", ", one);
    }
    sentences_say(
        sentences,
        "nearest measured: wait %s, cpu %s, %.0f connection%s; throughput "
        "against its forecast: %s",
        metric_format("_ns", nearest->of[BAND_WAIT], wait, sizeof wait),
        metric_format("_ns", nearest->of[BAND_CPU], cpu, sizeof cpu),
        nearest->of[BAND_CONNECTIONS],
        digits_plural(nearest->of[BAND_CONNECTIONS]),
        list[0] ? list : "not judged for these models");
}

/* When the constants of the answer's models were measured, from the oldest to
 * the newest. */
static void measured_between(const struct advice *advice, const char **oldest,
                             const char **newest)
{
    *oldest = *newest = NULL;
    for (int i = 0; i < advice->model_count; i++) {
        const char *at =
            machine_at_of(advice->machine, advice->models[i].forecast.model);
        if (!*oldest || strcmp(at, *oldest) < 0)
            *oldest = at;
        if (!*newest || strcmp(at, *newest) > 0)
            *newest = at;
    }
    if (!*oldest)
        *oldest = *newest = advice->machine->at;
}

static void say_constants(const struct advice *advice,
                          struct sentences *sentences)
{
    const char *oldest, *newest;

    measured_between(advice, &oldest, &newest);
    bool several = strcmp(oldest, newest) != 0;
    sentences_say(sentences, "constants of %s%s%s%s%s%s%s", oldest,
                  several ? " to " : "", several ? newest : "",
                  advice->machine->noisy ? ", a noisy machine" : "",
                  advice->machine->untrusted ? ", gates switched off" : "",
                  advice->doubt[0] ? "; " : "", advice->doubt);
}

/* What was given is more than the constants were measured with. */
static void say_beyond_constants(const struct advice *advice,
                                 struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    double payload = p->payload_bytes, flight = 0;
    bool parallel = false;
    char bytes[FIGURE], most[FIGURE];

    for (int i = 0; i < advice->model_count; i++) {
        flight = fmax(flight, advice->models[i].forecast.in_flight);
        parallel |= advice->models[i].forecast.cores > advice->machine->cores;
    }
    if (parallel && p->cores >= 2 * advice->machine->cores)
        sentences_say(
            sentences,
            "%d cores are %s times those that the constants were measured "
            "with (%d): that so many do so many times the work, without "
            "waiting for each other, is taken and was not measured",
            p->cores,
            digits_of((double)p->cores / advice->machine->cores, 3).text,
            advice->machine->cores);
    if (payload > COST_PAYLOAD_MOST)
        sentences_say(
            sentences,
            "payload %s is %s times the largest answer that the constants "
            "were measured with (%s): CPU and memory of its bytes, and what "
            "follows from them, are drawn out that far",
            metric_format("_bytes", payload, bytes, sizeof bytes),
            digits_of(payload / COST_PAYLOAD_MOST, 3).text,
            metric_format("_bytes", COST_PAYLOAD_MOST, most, sizeof most));
    if (flight > COST_FLIGHT_MOST)
        sentences_say(
            sentences,
            "up to %s requests in flight are %s times the most that the "
            "constants were measured with (%.0f): what each of so many costs "
            "more is drawn out that far",
            digits_of(flight, 4).text,
            digits_of(flight / COST_FLIGHT_MOST, 3).text, COST_FLIGHT_MOST);
}

static void say_unknown(const struct advice *advice,
                        struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    char names[NAMES_SIZE] = "";

    for (int i = 0; i < advice->model_count; i++)
        if (advice->models[i].forecast.model->discipline == DISCIPLINE_UNKNOWN)
            say_append(names, sizeof names, ", ",
                       advice->models[i].forecast.model->name);
    bool several = strchr(names, ',');
    if (names[0])
        sentences_say(
            sentences,
            "%s %s not simulated: nothing says what a waiting request occupies "
            "there, so only the law of the CPU is known%s; write discipline = "
            "... into %s [target] and calibrate %s again",
            names, several ? "are" : "is",
            p->limit_ns > 0 || p->memory_bytes > 0
                ? ", and whether limits are kept cannot be told"
                : "",
            several ? "their" : "its", several ? "them" : "it");
}

/* Latencies near full load whose simulated interval is wide. */
static void say_unsettled(const struct advice *advice,
                          struct sentences *sentences)
{
    char list[SENTENCE_SIZE / 2] = "", one[160];
    static const char *const names[] = {"p50", "p99"};

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        const struct simulated *figures[] = {&f->p50_ns, &f->p99_ns};
        for (int n = 0; n < 2 && f->simulated; n++) {
            double share = forecast_half_share(figures[n]);
            if (!(share > FORECAST_SETTLED))
                continue;
            snprintf(one, sizeof one, "%s of %s +-%.0f %%", names[n],
                     f->model->name, 100 * share);
            say_append(list, sizeof list, ", ", one);
        }
    }
    if (list[0])
        sentences_say(
            sentences,
            "not settled: %s (half of the simulation's own 95 %% interval): "
            "few busy moments decide such a figure, and two measurements of "
            "one server would differ as much; more --requests narrow it here",
            list);
}

/* Forecasts that are too much to simulate. */
static void say_beyond(const struct advice *advice, struct sentences *sentences)
{
    const struct question *q = advice->question;
    char names[NAMES_SIZE] = "", text[400];
    double beyond = 0;

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        if (f->beyond <= 0)
            continue;
        say_append(names, sizeof names, ", ", f->model->name);
        beyond = fmax(beyond, f->beyond);
    }
    if (names[0])
        sentences_say(sentences, "no latency of %s: %s%s", names,
                      effort_text(&q->service, beyond, q->precision.requests,
                                  text, sizeof text),
                      q->service.limit_ns > 0 ? "; the limit is not judged"
                                              : "");
}

void sentences_shortage(const struct advice *advice,
                        struct sentences *sentences)
{
    binding_say_overloads(advice, sentences);
    say_remedies(advice, sentences);
    say_memory(advice, sentences);
}

/* Where C and other languages stand beside each other, the CPU time is that of
 * the handler in C. */
static void say_languages(const struct advice *advice,
                          struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    char list[SENTENCE_SIZE / 2] = "", one[128];

    if (advice->machine->own_time > 0)
        return; /* of one language, in its own time */
    for (int i = 0; i < advice->model_count; i++) {
        const struct model_constants *m = advice->models[i].forecast.model;
        double factor = constant_of(m, CONSTANT_WORK_FACTOR, 1);
        enum language own = model_language(m);
        if (own == LANGUAGE_C || own == LANGUAGE_ANY ||
            (factor > 1 / ALIKE && factor < ALIKE))
            continue;
        snprintf(one, sizeof one, "%s %s x", m->name,
                 digits_of(factor, 2).text);
        say_append(list, sizeof list, ", ", one);
    }
    if (list[0] && p->cpu_ns > 0)
        sentences_say(sentences,
                      "the CPU time that is given is the handler's in C; of "
                      "that these take: %s",
                      list);
}

/* Requests at a rate that find every connection in use wait for one, which no
 * figure holds. So many are in use on average, and by chance three roots more.
 */
static void say_connections(const struct advice *advice,
                            struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    double most = 0;

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        if (f->load < FORECAST_OVERLOAD && isfinite(f->in_flight))
            most = fmax(most, f->in_flight);
    }
    if (p->rate_per_s > 0 && p->connections > 0 &&
        most + 3 * sqrt(most) > p->connections)
        sentences_say(sentences,
                      "requests need %s of the %d connection%s on average, "
                      "and at times all: what a request then waits for one is "
                      "in no figure here; open more",
                      digits_of(most, 3).text, p->connections,
                      digits_plural(p->connections));
}

void sentences_trust(const struct advice *advice, struct sentences *sentences)
{
    say_connections(advice, sentences);
    say_defaults(advice, sentences);
    say_languages(advice, sentences);
    say_nearest(advice, sentences);
    say_validation(advice, sentences);
    say_beyond_constants(advice, sentences);
    say_constants(advice, sentences);
}

void sentences_make(const struct advice *advice, struct sentences *sentences)
{
    sentences->count = 0;
    if (advice->laws_alone)
        sentences_say(sentences, "by the laws alone: no latencies%s",
                      advice->question->service.limit_ns > 0
                          ? ", so the limit is not judged"
                          : "");
    binding_say_laws(advice, sentences);
    say_unknown(advice, sentences);
    say_unsettled(advice, sentences);
    say_beyond(advice, sentences);
    say_unmeasured(advice, sentences);
    sentences_unforecast(advice, sentences);
    sentences_shortage(advice, sentences);
    sentences_trust(advice, sentences);
}
