/* SPDX-License-Identifier: MIT */
#include "curve.h"

#include <math.h>
#include <stdlib.h>

#include "rules.h"

static const double NS_PER_S = 1e9;

/* Numbers that are tried for a limit lie up to here, times the one that is near
 * the best p99. */
enum { LIMIT_UP_TO = 4 };

const char *curve_mark_name(enum curve_mark mark)
{
    static const char *const names[CURVE_MARKS] = {
        [MARK_STAR] = "W*",
        [MARK_HALF] = "W*/2",
        [MARK_TWICE] = "2W*",
        [MARK_LIMIT] = "least for the limit",
        [MARK_FITS] = "most that fit",
        [MARK_BEST] = "best p99",
        [MARK_GOETZ] = "Goetz",
        [MARK_LITTLE] = "Little",
        [MARK_TWO_CORES] = "2c+1",
        [MARK_GIVEN] = "given",
    };
    return names[mark];
}

const char *curve_why_name(enum curve_why why)
{
    static const char *const names[] = {
        [CURVE_BEST] = "best",     [CURVE_LIMIT] = "limit",
        [CURVE_MEMORY] = "memory", [CURVE_UNKNOWN] = "unknown",
        [CURVE_NONE] = "none",     [CURVE_OVERLOAD] = "overload",
    };
    return names[why];
}

bool curve_applies(const struct model_constants *model)
{
    return model->has_workers && model->discipline != DISCIPLINE_UNKNOWN;
}

bool curve_keeps(const struct curve *curve)
{
    return curve->why < CURVE_UNKNOWN;
}

enum kept curve_kept(const struct curve *curve)
{
    return curve_keeps(curve)            ? KEPT
           : curve->why == CURVE_UNKNOWN ? KEPT_UNKNOWN
                                         : KEPT_NOT;
}

const struct curve_point *curve_at(const struct curve *curve, int workers)
{
    for (int i = 0; i < curve->count; i++)
        if (curve->points[i].forecast.workers == workers)
            return &curve->points[i];
    return NULL;
}

static double work_ns(const struct service *p,
                      const struct model_constants *model)
{
    return p->cpu_ns * constant_of(model, CONSTANT_WORK_FACTOR, 1);
}

struct curve_point curve_look(const struct curve_question *q,
                              const struct model_constants *model, int workers)
{
    const struct service *p = q->service;
    struct service unlimited = *p;
    struct curve_point point;
    struct forecast *f = &point.forecast;
    char why[256];

    /* A number that does not fit into the memory has a latency all the same. */
    unlimited.memory_bytes = 0;
    if (forecast_surely(&unlimited, q->machine, model, workers, &q->precision,
                        f, why, sizeof why) < 0) {
        /* Of no number could there be a forecast: the service's calls are too
         * many, or memory is short. */
        *f = (struct forecast){.model = model, .workers = workers};
        point.overloaded = true;
        return point;
    }
    point.overloaded = p->rate_per_s > 0 && f->load >= FORECAST_OVERLOAD;
    if (point.overloaded) {
        f->simulated = false;
        f->on_limit = p->limit_ns > 0 ? KEPT_NOT : KEPT_UNASKED;
    }
    f->on_memory = forecast_on_memory(p, f);
    return point;
}

/* The point of that number, which is looked at if it was not before. It stays
 * where it is until curve_make sorts all of them. */
static const struct curve_point *look(const struct curve_question *q,
                                      struct curve *curve, int workers)
{
    const struct curve_point *known = curve_at(curve, workers);

    if (known)
        return known;
    int at =
        curve->count < CURVE_POINTS_MAX ? curve->count++ : CURVE_POINTS_MAX - 1;
    curve->points[at] = curve_look(q, curve->model, workers);
    return &curve->points[at];
}

static bool keeps_limit(const struct curve_point *point)
{
    return !point->overloaded && point->forecast.beyond <= 0 &&
           point->forecast.on_limit <= KEPT;
}

static bool keeps_memory(const struct curve_point *point)
{
    return !point->overloaded && point->forecast.on_memory <= KEPT;
}

/* The number nearest to `bad` of which `keeps` is true, as it is of `good`. */
static int nearest(const struct curve_question *q, struct curve *curve,
                   bool (*keeps)(const struct curve_point *point), int good,
                   int bad)
{
    while (abs(bad - good) > 1) {
        int middle = good + (bad - good) / 2;
        if (keeps(look(q, curve, middle)))
            good = middle;
        else
            bad = middle;
    }
    return good;
}

/* What one request takes of a worker, by which too few do not carry the rate.
 */
static double held_ns(const struct service *p, const struct forecast *f)
{
    if (f->model->offloads)
        return work_ns(p, f->model);
    return f->model->discipline == DISCIPLINE_LOOP ? f->full_cpu_ns
                                                   : f->held_ns;
}

/* The least number that carries the rate. */
static int least_of(const struct service *p, const struct forecast *f)
{
    if (p->rate_per_s <= 0)
        return 1;
    double load = p->rate_per_s * held_ns(p, f) / NS_PER_S;
    return (int)fmin(CURVE_WORKERS_MOST, floor(load / FORECAST_OVERLOAD) + 1);
}

/* The least number above `best` that keeps the limit; 0: none does. */
static int more_for_limit(const struct curve_question *q, struct curve *curve,
                          int best)
{
    int most = (int)fmin(CURVE_WORKERS_MOST, LIMIT_UP_TO * best + 8);

    for (int below = best; below < most;) {
        int workers = (int)fmin(most, below + (below < 4 ? 1 : below / 4));
        if (keeps_limit(look(q, curve, workers)))
            return nearest(q, curve, keeps_limit, workers, below);
        below = workers;
    }
    return 0;
}

/* The most below `star` that fit into the memory; 0: none does. Memory is least
 * somewhere in between, since with very few workers requests queue; so the
 * search comes from above. */
static int fewer_for_memory(const struct curve_question *q, struct curve *curve,
                            int star, int least)
{
    for (int above = star; above > least;) {
        int workers = (int)fmax(least, above - (above <= 32 ? 1 : above / 4));
        if (keeps_memory(look(q, curve, workers)))
            return nearest(q, curve, keeps_memory, workers, above);
        above = workers;
    }
    return 0;
}

static void choose(const struct curve_question *q, struct curve *curve,
                   int best, int least)
{
    int *marks = curve->marks, star = best;

    curve->why = CURVE_BEST;
    marks[MARK_STAR] = best;
    if (look(q, curve, best)->overloaded) {
        curve->why = CURVE_OVERLOAD;
        return;
    }
    if (!keeps_limit(look(q, curve, best))) {
        star = more_for_limit(q, curve, best);
        curve->why = star > 0 ? CURVE_LIMIT : CURVE_NONE;
        star = star > 0 ? star : best;
    }
    bool told = look(q, curve, star)->forecast.on_memory != KEPT_UNKNOWN;
    if (!told && curve->why != CURVE_NONE)
        curve->why = CURVE_UNKNOWN;
    if (told && !keeps_memory(look(q, curve, star))) {
        int fits = fewer_for_memory(q, curve, star, least);
        marks[MARK_FITS] = fits;
        bool will_do = fits > 0 && curve->why != CURVE_NONE &&
                       keeps_limit(look(q, curve, fits));
        curve->why = will_do ? CURVE_MEMORY : CURVE_NONE;
        star = will_do ? fits : best;
    }
    marks[MARK_STAR] = star;
    marks[MARK_BEST] = star == best ? 0 : best;
    if (marks[MARK_FITS] == star)
        marks[MARK_FITS] = 0;
    if (curve->why == CURVE_BEST && q->service->limit_ns > 0 && least < star) {
        int few = keeps_limit(look(q, curve, least))
                      ? least
                      : nearest(q, curve, keeps_limit, star, least);
        marks[MARK_LIMIT] = few < star ? few : 0;
    }
}

static void mark_rules(const struct curve_question *q, struct curve *curve)
{
    const struct service *p = q->service;
    int *marks = curve->marks, star = marks[MARK_STAR];

    marks[MARK_HALF] = star > 1 ? (star + 1) / 2 : 0;
    marks[MARK_TWICE] = 2 * star;
    marks[MARK_TWO_CORES] = rules_two_cores(p->cores);
    marks[MARK_GIVEN] = q->given;
    /* The other rules are about requests that hold their worker. */
    if (curve->model->discipline == DISCIPLINE_LOOP)
        return;
    marks[MARK_GOETZ] = rules_goetz(p);
    marks[MARK_LITTLE] =
        p->rate_per_s > 0 ? rules_little(p->rate_per_s,
                                         look(q, curve, star)->forecast.held_ns)
                          : p->connections;
}

/* Numbers of workers, ascending, each once. */
struct numbers {
    int of[CURVE_POINTS_MAX], count;
};

static void add(struct numbers *numbers, int number)
{
    int at = numbers->count;

    for (int i = 0; i < numbers->count; i++)
        if (numbers->of[i] == number)
            return;
    if (number < 1 || number > CURVE_WORKERS_MOST || at == CURVE_POINTS_MAX)
        return;
    for (; at > 0 && numbers->of[at - 1] > number; at--)
        numbers->of[at] = numbers->of[at - 1];
    numbers->of[at] = number;
    numbers->count++;
}

/* Adds a number in the widest gap, by ratio. False: there is no gap. */
static bool split(struct numbers *numbers)
{
    int widest = -1;
    double ratio = 0;

    for (int i = 0; i + 1 < numbers->count; i++) {
        int low = numbers->of[i], high = numbers->of[i + 1];
        if (high - low > 1 && (double)high / low > ratio) {
            ratio = (double)high / low;
            widest = i;
        }
    }
    if (widest < 0)
        return false;
    int low = numbers->of[widest], high = numbers->of[widest + 1];
    int middle = (int)lround(sqrt((double)low * high));
    add(numbers, middle <= low ? low + 1 : middle >= high ? high - 1 : middle);
    return true;
}

static struct numbers numbers_of(const struct curve *curve, int least)
{
    struct numbers numbers = {.count = 0};
    int star = curve->marks[MARK_STAR];

    add(&numbers, least < star ? least : star);
    add(&numbers, 3 * star > star + 2 ? 3 * star : star + 2);
    for (int i = 0; i < CURVE_MARKS; i++)
        if (i == MARK_GIVEN || curve->marks[i] <= CURVE_OFF * star)
            add(&numbers, curve->marks[i]);
    while (numbers.count < CURVE_POINTS && split(&numbers))
        ;
    return numbers;
}

static int by_workers(const void *a, const void *b)
{
    const struct curve_point *left = a, *right = b;
    return left->forecast.workers - right->forecast.workers;
}

/* Leaves the points of these numbers, in order. */
static void keep(struct curve *curve, const struct numbers *numbers)
{
    int kept = 0;

    qsort(curve->points, (size_t)curve->count, sizeof *curve->points,
          by_workers);
    for (int i = 0; i < curve->count; i++)
        for (int n = 0; n < numbers->count; n++)
            if (curve->points[i].forecast.workers == numbers->of[n])
                curve->points[kept++] = curve->points[i];
    curve->count = kept;
}

void curve_make(const struct curve_question *q,
                const struct model_constants *model, int best,
                struct curve *curve)
{
    curve->model = model;
    curve->count = 0;
    for (int i = 0; i < CURVE_MARKS; i++)
        curve->marks[i] = 0;
    int least = least_of(q->service, &look(q, curve, best)->forecast);
    choose(q, curve, best, least);
    mark_rules(q, curve);
    struct numbers numbers = numbers_of(curve, least);
    for (int i = 0; i < numbers.count; i++)
        look(q, curve, numbers.of[i]);
    keep(curve, &numbers);
}
