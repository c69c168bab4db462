/* SPDX-License-Identifier: MIT */
#include "binding.h"

#include <math.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"

enum { FIGURE = 32, NAMES_SIZE = 600 };

static const double NS_PER_S = 1e9;

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
    struct digits least = digits_of(range->least, 3);
    struct digits most = digits_of(range->most, 3);

    snprintf(text, size, !strcmp(least.text, most.text) ? "%s" : "%s to %s",
             least.text, most.text);
    return text;
}

/* What would carry a rate that is too high. */
enum need {
    NEED_CORES,
    NEED_ONE_CORE, /* which is all that it uses */
    NEED_WORKERS,  /* or whatever the law names */
    NEED_ITS_OWN,  /* workers, whose number is fixed */
    NEED_LESS,     /* no law binds: forecast.h, grows */
    NEEDS,
};

/* Models that one sentence is about, and the ranges of their figures. */
struct alike {
    enum law law;
    enum need need; /* where it matters */
    enum law next;  /* that binds the first of them after this one, and where */
    double next_per_s;
    int count;
    char names[NAMES_SIZE];
    bool has[CONSTANTS_MODELS_MAX]; /* by its place in the answer */
    struct range capacity, load, cpu_ns, held_ns, cores, workers;
    struct range holds_ns; /* of a worker, by the law */
    bool offloads;
};

static void add(const struct advice *advice, int model, struct alike *group)
{
    const struct forecast *f = &advice->models[model].forecast;

    if (group->count++ == 0) {
        struct range none = {INFINITY, -INFINITY};
        group->capacity = group->load = group->cpu_ns = none;
        group->held_ns = group->cores = group->workers = none;
        group->holds_ns = none;
        group->next_per_s = INFINITY;
    }
    for (int law = LAW_WORKERS; law < LAWS; law++)
        if (law != (int)f->law && f->law_per_s[law] < group->next_per_s) {
            group->next = law;
            group->next_per_s = f->law_per_s[law];
        }
    group->has[model] = true;
    say_append(group->names, sizeof group->names, ", ", f->model->name);
    widen(&group->capacity, f->capacity_per_s);
    widen(&group->load, f->load);
    widen(&group->cpu_ns, f->full_cpu_ns);
    widen(&group->held_ns, f->held_ns);
    widen(&group->cores, f->cores);
    widen(&group->workers, f->workers > 0 ? f->workers : 1);
    widen(&group->holds_ns,
          fmax(1, f->workers) / f->law_per_s[LAW_WORKERS] * NS_PER_S);
    group->offloads |= f->model->offloads;
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
            say_append(others, sizeof others, ", ", name);
    }
    snprintf(group->names, sizeof group->names, "all models%s%.500s",
             missing > 0 ? " but " : "", others);
}

/* " x 0.983 (stalls)" where cores stand still for some of the time. */
static const char *awake_text(const struct advice *advice, char *text,
                              size_t size)
{
    double stalled = advice->machine->stall_share;

    text[0] = '\0';
    if (stalled >= 0.0005)
        snprintf(text, size, " x %.3f (stalls take %.1f %%)", 1 - stalled,
                 100 * stalled);
    return text;
}

static void say_law(const struct advice *advice, const struct alike *group,
                    struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    char count[80], each[80], wait[FIGURE], awake[64];
    struct range fit = {group->capacity.least * group->held_ns.least / NS_PER_S,
                        group->capacity.most * group->held_ns.most / NS_PER_S};

    range_text(&group->held_ns, "_ns", each, sizeof each);
    switch (group->law) {
    case LAW_CPU:
        sentences_say(sentences,
                      "%s binds %s: %s core%s%s / %s of CPU a request",
                      law_name(group->law), group->names,
                      count_text(&group->cores, count, sizeof count),
                      digits_plural(group->cores.most),
                      awake_text(advice, awake, sizeof awake),
                      range_text(&group->cpu_ns, "_ns", each, sizeof each));
        break;
    case LAW_WORKERS:
        sentences_say(
            sentences,
            "%s bind %s: %s worker%s / %s that a request holds one (%s)",
            law_name(group->law), group->names,
            count_text(&group->workers, count, sizeof count),
            digits_plural(group->workers.most),
            range_text(&group->holds_ns, "_ns", each, sizeof each),
            group->offloads ? "the handler's CPU" : "wait and CPU");
        break;
    case LAW_BACKEND:
        sentences_say(sentences,
                      "%s binds %s: its %d workers / %s of wait a request",
                      law_name(group->law), group->names, p->backend_workers,
                      metric_format("_ns", p->wait_ns, wait, sizeof wait));
        break;
    case LAW_THREAD:
        sentences_say(
            sentences,
            "%s binds %s: every request passes it, and it has time "
            "for %s",
            law_name(group->law), group->names,
            range_text(&group->capacity, "_per_s", each, sizeof each));
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
void binding_say_laws(const struct advice *advice, struct sentences *sentences)
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

/* CPU of a request, with what stalls and a queue that must have an end take of
 * the cores. */
static double cpu_ns_of_load(const struct advice *advice, double cpu_ns)
{
    return cpu_ns / (1 - advice->machine->stall_share) / FORECAST_OVERLOAD;
}

/* Cores that carry the rate, for the least and the most that a request of the
 * group costs. */
static struct range cores_for_rate(const struct advice *advice,
                                   const struct alike *group)
{
    double rate = advice->question->service.rate_per_s / NS_PER_S;

    return (struct range){
        floor(rate * cpu_ns_of_load(advice, group->cpu_ns.least)) + 1,
        floor(rate * cpu_ns_of_load(advice, group->cpu_ns.most)) + 1};
}

/* What more of helps a model whose cores are full, and until what binds next.
 */
static enum need need_of(const struct service *p, const struct forecast *f)
{
    bool has = f->workers > 0 && !f->model->offloads;

    if (f->grows)
        return NEED_LESS;
    if (f->law == LAW_WORKERS && !f->model->has_workers)
        return NEED_ITS_OWN;
    if (f->law != LAW_CPU)
        return NEED_WORKERS;
    if (has && f->workers < p->cores && f->model->parallel)
        return f->model->has_workers ? NEED_WORKERS : NEED_ITS_OWN;
    return f->model->parallel ? NEED_CORES : NEED_ONE_CORE;
}

/* "; then one thread binds at 12,000/s" where that is below the rate too. */
static const char *next_text(const struct advice *advice,
                             const struct alike *group, char *text, size_t size)
{
    double rate = advice->question->service.rate_per_s;
    char least[FIGURE];

    text[0] = '\0';
    if (group->next_per_s * FORECAST_OVERLOAD <= rate)
        snprintf(
            text, size,
            "; that alone is not enough, since then %s bind%s "
            "at %s",
            law_name(group->next), group->next == LAW_WORKERS ? "" : "s",
            metric_format("_per_s", group->next_per_s, least, sizeof least));
    return text;
}

/* What a group needs whose cores are full. */
static void say_cpu_overload(const struct advice *advice,
                             const struct alike *group, const char *by,
                             struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    double each_ns = cpu_ns_of_load(advice, group->cpu_ns.least);
    char cpu[FIGURE], next[120], needed[64], cores[96] = "";

    metric_format("_ns",
                  group->cpu_ns.least * group->cores.most / each_ns /
                      p->rate_per_s * NS_PER_S,
                  cpu, sizeof cpu);
    next_text(advice, group, next, sizeof next);
    struct range carry = cores_for_rate(advice, group);
    count_text(&carry, needed, sizeof needed);
    if (carry.most > p->cores)
        snprintf(cores, sizeof cores, " on %s cores", needed);
    switch (group->need) {
    case NEED_CORES:
        sentences_say(sentences,
                      "%s: needs %s cores, or less than %s of CPU a "
                      "request%s",
                      by, needed, cpu, next);
        break;
    case NEED_WORKERS:
        sentences_say(sentences,
                      "%s: needs %s workers%s, since each uses one core, or "
                      "less than %s of CPU a request",
                      by, needed, cores, cpu);
        break;
    case NEED_ITS_OWN:
        sentences_say(sentences,
                      "%s: needs less than %s of CPU a request, since its "
                      "number of workers is fixed and each uses one core",
                      by, cpu);
        break;
    default:
        sentences_say(sentences,
                      "%s: needs less than %s of CPU a request, since one core "
                      "is all that it uses",
                      by, cpu);
    }
}

/* What a group needs of workers, whose number may be fixed. */
static void say_worker_overload(const struct advice *advice,
                                const struct alike *group, const char *by,
                                struct sentences *sentences)
{
    double rate = advice->question->service.rate_per_s / FORECAST_OVERLOAD;
    double held_ns = group->holds_ns.most;
    char less[FIGURE], next[120];

    metric_format("_ns", group->workers.most / rate * NS_PER_S, less,
                  sizeof less);
    next_text(advice, group, next, sizeof next);
    if (group->need == NEED_ITS_OWN)
        sentences_say(sentences,
                      "%s: needs requests that hold its %s for less than %s, "
                      "since that number is fixed; neither cores nor workers "
                      "help",
                      by, group->workers.most > 1 ? "workers" : "one worker",
                      less);
    else
        sentences_say(sentences,
                      "%s: needs %.0f workers, or requests that hold one for "
                      "less than %s%s",
                      by, floor(rate * held_ns / NS_PER_S) + 1, less, next);
}

/* What a group of models needs that cannot carry the rate. */
static void say_overload(const struct advice *advice, const struct alike *group,
                         struct sentences *sentences)
{
    const struct service *p = &advice->question->service;
    double rate = p->rate_per_s / FORECAST_OVERLOAD;
    double held = rate * group->held_ns.least / NS_PER_S;
    char load[80], by[NAMES_SIZE + 160], next[120];

    count_text(&group->load, load, sizeof load);
    snprintf(by, sizeof by, "overload by %s x (%s)", load, group->names);
    if (group->load.least < 1.005)
        snprintf(by, sizeof by,
                 "overload, from %s of the capacity on: %s x (%s)",
                 digits_of(FORECAST_OVERLOAD, 3).text, load, group->names);
    next_text(advice, group, next, sizeof next);
    if (group->need == NEED_LESS)
        sentences_say(
            sentences,
            "%s: no law says so, but in the simulation the queue "
            "grew for as long as it was looked at (what shares cores, "
            "workers and the backend waits for all of them); needs a "
            "lower rate, or more workers or cores",
            by);
    else if (group->law == LAW_CPU)
        say_cpu_overload(advice, group, by, sentences);
    else if (group->law == LAW_WORKERS)
        say_worker_overload(advice, group, by, sentences);
    else if (group->law == LAW_THREAD)
        sentences_say(sentences,
                      "%s: one thread, which every request passes, is full, "
                      "and more cores or workers do not help; needs less CPU "
                      "in that thread, or several such servers",
                      by);
    else if (group->law == LAW_BACKEND)
        sentences_say(sentences,
                      "%s: needs a backend that serves %.0f calls at once%s",
                      by, floor(rate * p->wait_ns / NS_PER_S) + 1, next);
    else if (group->law == LAW_MEMORY)
        sentences_say(sentences,
                      "%s: needs memory for %.0f requests in flight%s", by,
                      ceil(held), next);
}

void binding_say_overloads(const struct advice *advice,
                           struct sentences *sentences)
{
    const struct service *p = &advice->question->service;

    for (int law = 0; law < LAWS; law++)
        for (int need = 0; need < NEEDS; need++) {
            struct alike group = {.law = law, .need = need};
            for (int i = 0; i < advice->model_count; i++) {
                const struct forecast *f = &advice->models[i].forecast;
                if ((int)f->law == law && (int)need_of(p, f) == need &&
                    f->capacity_per_s > 0 && advice_overloaded(advice, f))
                    add(advice, i, &group);
            }
            name_all(advice, &group);
            if (group.count > 0)
                say_overload(advice, &group, sentences);
        }
}
