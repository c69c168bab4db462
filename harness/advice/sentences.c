/* SPDX-License-Identifier: MIT */
#include "sentences.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/conformal.h"
#include "harness/figures/metric.h"

enum { FIGURE = 32, NAMES_SIZE = 600 };

static const double NS_PER_S = 1e9;

void sentences_say(struct sentences *sentences, const char *format, ...)
{
    va_list values;

    if (sentences->count == SENTENCES_MAX)
        return;
    va_start(values, format);
    vsnprintf(sentences->of[sentences->count++], SENTENCE_SIZE, format, values);
    va_end(values);
}

/* Appends to a text that has a list in it: "a, b". */
static void append(char *list, size_t size, const char *separator,
                   const char *item)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used > 0 ? separator : "", item);
}

/* Figures of several models: "1.55 ms", or "1.55 ms to 1.62 ms". */
struct range {
    double least, most;
};

static void widen(struct range *range, double value)
{
    range->least = fmin(range->least, value);
    range->most = fmax(range->most, value);
}

static const char *range_text(const struct range *range, const char *metric,
                              char *text, size_t size)
{
    char least[FIGURE], most[FIGURE];

    metric_format(metric, range->least, least, sizeof least);
    metric_format(metric, range->most, most, sizeof most);
    snprintf(text, size, !strcmp(least, most) ? "%s" : "%s to %s", least, most);
    return text;
}

/* Numbers of things: "1 to 2". */
static const char *count_text(const struct range *range, char *text,
                              size_t size)
{
    snprintf(text, size, range->least == range->most ? "%.3g" : "%.3g to %.3g",
             range->least, range->most);
    return text;
}

static const char *plural(double count)
{
    return count == 1 ? "" : "s";
}

/* Models that one sentence is about, and the ranges of their figures. */
struct alike {
    enum law law;
    bool parallel; /* where it matters */
    int count;
    char names[NAMES_SIZE];
    bool has[CONSTANTS_MODELS_MAX]; /* by its place in the answer */
    struct range capacity, load, cpu_ns, held_ns, cores, workers;
};

static void add(const struct advice *advice, int model, struct alike *group)
{
    const struct forecast *f = &advice->models[model].forecast;

    if (group->count++ == 0) {
        struct range none = {INFINITY, -INFINITY};
        group->capacity = group->load = group->cpu_ns = none;
        group->held_ns = group->cores = group->workers = none;
    }
    group->has[model] = true;
    append(group->names, sizeof group->names, ", ", f->model->name);
    widen(&group->capacity, f->capacity_per_s);
    widen(&group->load, f->load);
    widen(&group->cpu_ns, f->full_cpu_ns);
    widen(&group->held_ns, f->held_ns);
    widen(&group->cores, f->cores);
    widen(&group->workers, f->model->has_workers ? f->workers : 1);
}

/* "all models", or "all models but A, B", where that is shorter. */
static void name_all(const struct advice *advice, struct alike *group)
{
    char others[NAMES_SIZE] = "";
    int missing = advice->model_count - group->count;

    if (missing > 2 || group->count < 2 || group->count <= missing)
        return;
    for (int i = 0; i < advice->model_count; i++) {
        const char *name = advice->models[i].forecast.model->name;
        if (!group->has[i])
            append(others, sizeof others, ", ", name);
    }
    snprintf(group->names, sizeof group->names, "all models%s%.500s",
             missing > 0 ? " but " : "", others);
}

static void say_law(const struct advice *advice, const struct alike *group,
                    struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    char count[80], each[80], wait[FIGURE];
    struct range fit = {group->capacity.least * group->held_ns.least / NS_PER_S,
                        group->capacity.most * group->held_ns.most / NS_PER_S};

    range_text(&group->held_ns, "_ns", each, sizeof each);
    switch (group->law) {
    case LAW_CPU:
        sentences_say(sentences, "%s binds %s: %s core%s / %s of CPU a request",
                      law_name(group->law), group->names,
                      count_text(&group->cores, count, sizeof count),
                      plural(group->cores.most),
                      range_text(&group->cpu_ns, "_ns", each, sizeof each));
        break;
    case LAW_WORKERS:
        sentences_say(
            sentences,
            "%s bind %s: %s worker%s / %s that a request holds one (wait and "
            "CPU)",
            law_name(group->law), group->names,
            count_text(&group->workers, count, sizeof count),
            plural(group->workers.most), each);
        break;
    case LAW_BACKEND:
        sentences_say(sentences,
                      "%s binds %s: its %d workers / %s of wait a request",
                      law_name(group->law), group->names, p->backend_workers,
                      metric_format("_ns", p->wait_ns, wait, sizeof wait));
        break;
    case LAW_MEMORY:
        sentences_say(
            sentences,
            "%s binds %s: %s requests in flight fit beside the server / %s "
            "that each is there (wait and CPU)",
            law_name(group->law), group->names,
            count_text(&fit, count, sizeof count), each);
        break;
    default:
        break;
    }
}

/* A sentence for each law that binds the capacity of a model. */
static void say_laws(const struct advice *advice, struct sentences *sentences)
{
    const struct service *p = &advice->question->service;

    for (int law = 0; law < LAWS; law++) {
        struct alike group = {.law = law};
        for (int i = 0; i < advice->model_count; i++)
            if ((int)advice->models[i].forecast.law == law)
                add(advice, i, &group);
        name_all(advice, &group);
        if (group.count > 0)
            say_law(advice, &group, sentences);
    }
    struct alike group = {.law = LAW_CLIENTS};
    struct range asked = {INFINITY, -INFINITY}, cycle = asked;
    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        double per_s = f->law_per_s[LAW_CLIENTS];
        if (p->rate_per_s > 0 || per_s >= f->capacity_per_s)
            continue;
        add(advice, i, &group);
        widen(&asked, per_s);
        widen(&cycle, p->connections / per_s * NS_PER_S);
    }
    name_all(advice, &group);
    char times[80], rates[80];
    if (group.count > 0)
        sentences_say(
            sentences,
            "the clients ask less than %s can: %d clients / %s of wait, CPU "
            "and pause are %s at most",
            group.names, p->connections,
            range_text(&cycle, "_ns", times, sizeof times),
            range_text(&asked, "_per_s", rates, sizeof rates));
}

/* What a group of models needs that cannot carry the rate. */
static void say_overload(const struct advice *advice, const struct alike *group,
                         struct sentences *sentences)
{
    double rate = advice->question->service.rate_per_s / FORECAST_OVERLOAD;
    double held = rate * group->held_ns.least / NS_PER_S;
    double cores = ceil(rate * group->cpu_ns.least / NS_PER_S);
    char by[80], cpu[FIGURE];

    count_text(&group->load, by, sizeof by);
    metric_format("_ns", group->cores.most / rate * NS_PER_S, cpu, sizeof cpu);
    switch (group->law) {
    case LAW_CPU:
        if (group->parallel)
            sentences_say(
                sentences,
                "overload by %s x (%s): needs %.0f cores, or less than %s of "
                "CPU a request",
                by, group->names, cores, cpu);
        else
            sentences_say(
                sentences,
                "overload by %s x (%s): needs less than %s of CPU a request, "
                "since one core is all that it uses",
                by, group->names, cpu);
        break;
    case LAW_WORKERS:
        sentences_say(
            sentences,
            "overload by %s x (%s): needs %.0f workers, or requests that hold "
            "one for less than %s",
            by, group->names, ceil(held),
            metric_format("_ns", group->workers.most / rate * NS_PER_S, cpu,
                          sizeof cpu));
        break;
    case LAW_BACKEND:
        sentences_say(
            sentences,
            "overload by %s x (%s): needs a backend that serves %.0f calls at "
            "once",
            by, group->names,
            ceil(rate * advice->question->service.wait_ns / NS_PER_S));
        break;
    case LAW_MEMORY:
        sentences_say(
            sentences,
            "overload by %s x (%s): needs memory for %.0f requests in flight",
            by, group->names, ceil(held));
        break;
    default:
        break;
    }
}

static void say_overloads(const struct advice *advice,
                          struct sentences *sentences)
{
    for (int law = 0; law < LAWS; law++)
        for (int parallel = 0; parallel < 2; parallel++) {
            struct alike group = {.law = law, .parallel = parallel};
            for (int i = 0; i < advice->model_count; i++) {
                const struct forecast *f = &advice->models[i].forecast;
                if ((int)f->law == law && f->model->parallel == parallel &&
                    f->capacity_per_s > 0 && advice_overloaded(advice, f))
                    add(advice, i, &group);
            }
            name_all(advice, &group);
            if (group.count > 0)
                say_overload(advice, &group, sentences);
        }
}

static const char *limit_text(const struct service *p, char *text, size_t size)
{
    char time[FIGURE];

    snprintf(text, size, "p%g<%s", p->limit_percent,
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
        snprintf(text, size, "%.0f cores instead of %d", value, p->cores);
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
    char limit[64], cpu[FIGURE], all[FIGURE];
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
            "no model keeps %s: %d requests in flight x %s of CPU / %d core%s "
            "are %s, whoever serves them",
            limit, p->connections,
            metric_format("_ns", best->full_cpu_ns, cpu, sizeof cpu),
            best->cores, plural(best->cores),
            metric_format("_ns", least_ns, all, sizeof all));
    else
        sentences_say(sentences, "no model keeps %s", limit);
}

static void say_remedies(const struct advice *advice,
                         struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    const struct remedies *found = &advice->remedies;
    char limit[64], alone[FIGURE], one[160], list[SENTENCE_SIZE / 2] = "";
    char workers[32] = "";

    if (!found->model)
        return;
    if (isfinite(found->alone_ns)) {
        sentences_say(
            sentences,
            "no model keeps %s: p%g of a request without any queue is %s, "
            "since wait and CPU vary (cv-wait %g, cv-cpu %g); only shorter or "
            "steadier times would",
            limit_text(p, limit, sizeof limit), p->limit_percent,
            metric_format("_ns", found->alone_ns, alone, sizeof alone),
            p->cv_wait, p->cv_cpu);
        return;
    }
    say_why_no_model(advice, sentences);
    for (int r = 0; r < REMEDIES; r++)
        if (isfinite(found->of[r].value)) {
            remedy_text(advice, r, one, sizeof one);
            append(list, sizeof list, "; or ", one);
            if (found->of[r].by != found->model)
                append(list, sizeof list, " with ", found->of[r].by->name);
        }
    if (found->workers > 0)
        snprintf(workers, sizeof workers, " (%d workers)", found->workers);
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
    const struct forecast *least = NULL;
    char limit[FIGURE], needed[FIGURE];

    for (int i = 0; i < advice->model_count; i++) {
        const struct forecast *f = &advice->models[i].forecast;
        if (f->keeps_memory)
            return;
        if (!least || f->memory_bytes < least->memory_bytes)
            least = f;
    }
    if (least)
        sentences_say(
            sentences, "no model fits into %s: %s needs the least, %s",
            metric_format("_bytes", p->memory_bytes, limit, sizeof limit),
            least->model->name,
            metric_format("_bytes", least->memory_bytes, needed,
                          sizeof needed));
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
            append(list, sizeof list, ", ", words);
    }
    if (list[0])
        sentences_say(sentences, "not given, so taken as: %s", list);
}

/* The figures that have a band, and of how many residuals at least. */
static void say_bands(const struct advice *advice, struct sentences *sentences)
{
    static const char *const words[QUANTITIES] = {[QUANTITY_THROUGHPUT] =
                                                      "capacity",
                                                  [QUANTITY_CPU] = "cpu",
                                                  [QUANTITY_MEMORY] = "memory",
                                                  [QUANTITY_P50] = "p50",
                                                  [QUANTITY_P99] = "p99"};
    char list[200] = "", missing[200] = "", one[80];

    for (int q = 0; q < QUANTITIES && advice->model_count > 0; q++) {
        struct band band = advice->models[0].bands[q];
        for (int i = 1; i < advice->model_count; i++)
            if (advice->models[i].bands[q].n < band.n)
                band = advice->models[i].bands[q];
        bool has = isfinite(band.factor);
        snprintf(one, sizeof one, "%s %d", words[q],
                 has ? band.n : band.services);
        append(has ? list : missing, sizeof list, ", ", one);
    }
    if (list[0])
        sentences_say(
            sentences,
            "[bands] hold nine measurements in ten, by the validation of %s on "
            "%d services (residuals at least: %s)",
            advice->bands->at, advice->bands->service_count, list);
    if (missing[0])
        sentences_say(
            sentences,
            "validated on too few services for a band, which needs %d "
            "residuals (services: %s)",
            CONFORMAL_LEAST, missing);
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
    if (outside_far(&advice->outside)) {
        sentences_say(
            sentences,
            "no bands, because nothing is known so far outside of what was "
            "validated: %s",
            where);
        return;
    }
    say_bands(advice, sentences);
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
        append(list, sizeof list, ", ", one);
    }
    sentences_say(
        sentences,
        "nearest measured: wait %s, cpu %s, %g connections; throughput against "
        "its forecast: %s",
        metric_format("_ns", nearest->of[BAND_WAIT], wait, sizeof wait),
        metric_format("_ns", nearest->of[BAND_CPU], cpu, sizeof cpu),
        nearest->of[BAND_CONNECTIONS],
        list[0] ? list : "not judged for these models");
}

static void say_constants(const struct advice *advice,
                          struct sentences *sentences)
{
    sentences_say(sentences, "constants of %s%s%s%s", advice->machine->at,
                  advice->machine->noisy ? ", a noisy machine" : "",
                  advice->doubt[0] ? "; " : "", advice->doubt);
}

static void say_unknown(const struct advice *advice,
                        struct sentences *sentences)
{
    for (int i = 0; i < advice->model_count; i++)
        if (advice->models[i].forecast.model->discipline ==
            DISCIPLINE_UNKNOWN) {
            sentences_say(
                sentences,
                "%s is not simulated: nothing says what a waiting request "
                "occupies there, so only the law of the CPU is known; write "
                "discipline = ... into its [target] and calibrate it again",
                advice->models[i].forecast.model->name);
            return;
        }
}

void sentences_shortage(const struct advice *advice,
                        struct sentences *sentences)
{
    say_overloads(advice, sentences);
    say_remedies(advice, sentences);
    say_memory(advice, sentences);
}

void sentences_trust(const struct advice *advice, struct sentences *sentences)
{
    say_defaults(advice, sentences);
    say_nearest(advice, sentences);
    say_validation(advice, sentences);
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
    say_laws(advice, sentences);
    say_unknown(advice, sentences);
    sentences_shortage(advice, sentences);
    sentences_trust(advice, sentences);
}
