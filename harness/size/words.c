/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/advice/say.h"
#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"

enum { FIGURE = 32, PHRASE = 160 };

static const double NS_PER_S = 1e9;

/* "390/s", or "400 clients". */
static const char *load_text(const struct service *p, char *text, size_t size)
{
    if (p->rate_per_s > 0)
        metric_format("_per_s", p->rate_per_s, text, size);
    else
        snprintf(text, size, "%d client%s", p->connections,
                 digits_plural(p->connections));
    return text;
}

/* The load for which W* is sought: "the peak of 390/s". */
static const char *peak_text(const struct size *size, char *text,
                             size_t text_size)
{
    char load[FIGURE];

    load_text(&size->at_peak.service, load, sizeof load);
    snprintf(text, text_size, "%s%s", size->peak > 1 ? "the peak of " : "",
             load);
    return text;
}

/* What workers of the model are: "2 loops". */
static const char *count_text(const struct model_constants *model, int workers,
                              char *text, size_t size)
{
    bool loop = model->discipline == DISCIPLINE_LOOP;

    snprintf(text, size, "%d %s%s%s", workers,
             model->offloads ? "thread"
             : loop          ? "loop"
                             : "worker",
             digits_plural(workers), model->offloads ? " beside the loop" : "");
    return text;
}

/* "p99<100 ms", "256 MiB", or both. */
static const char *limits_text(const struct service *p, char *text, size_t size)
{
    char limit[3 * FIGURE] = "", memory[FIGURE] = "", time[FIGURE];

    if (p->limit_ns > 0)
        snprintf(limit, sizeof limit, "p%s<%s",
                 digits_of(p->limit_percent, 4).text,
                 metric_format("_ns", p->limit_ns, time, sizeof time));
    if (p->memory_bytes > 0)
        metric_format("_bytes", p->memory_bytes, memory, sizeof memory);
    snprintf(text, size, "%s%s%s", limit,
             limit[0] != '\0' && memory[0] != '\0' ? " and " : "", memory);
    return text;
}

/* "more" and "less" memory than W* needs; "" where that is not known. */
static const char *memory_text(const struct curve_point *point,
                               const struct curve_point *star, char *text,
                               size_t size)
{
    double more =
        point->forecast.memory_most_bytes - star->forecast.memory_most_bytes;
    char bytes[FIGURE];

    text[0] = '\0';
    if (isfinite(more) && fabs(more) >= 1024)
        snprintf(text, size, ", %s %s memory",
                 metric_format("_bytes", fabs(more), bytes, sizeof bytes),
                 more > 0 ? "more" : "less");
    return text;
}

/* What a number of workers would do: "p99 306 ms, misses the limit, 1.2 MiB
 * less memory". */
static const char *point_text(const struct size *size,
                              const struct curve *curve,
                              const struct curve_point *point, char *text,
                              size_t text_size)
{
    bool closed = size->at_peak.service.rate_per_s <= 0;
    char rate[FIGURE], p99[FIGURE], memory[64];
    const struct forecast *f;

    if (!point) {
        snprintf(text, text_size, "not on the curve");
        return text;
    }
    f = &point->forecast;
    metric_format("_per_s", closed ? f->rate_per_s : f->capacity_per_s, rate,
                  sizeof rate);
    if (point->overloaded) {
        snprintf(text, text_size, "overload, %s at most", rate);
        return text;
    }
    if (f->simulated)
        metric_format("_ns", f->p99_ns.value, p99, sizeof p99);
    else
        snprintf(p99, sizeof p99, "not simulated");
    memory_text(point, curve_at(curve, curve->marks[MARK_STAR]), memory,
                sizeof memory);
    snprintf(text, text_size, "%s%sp99 %s%s%s%s", closed ? rate : "",
             closed ? ", " : "", p99,
             f->on_limit != KEPT_NOT ? "" : ", misses the limit",
             f->on_memory == KEPT_NOT       ? ", over the memory"
             : f->on_memory == KEPT_UNKNOWN ? ", memory not judged"
                                            : "",
             memory);
    return text;
}

static const char *mark_text(const struct size *size, const struct curve *curve,
                             enum curve_mark mark, char *text, size_t text_size)
{
    return point_text(size, curve, curve_at(curve, curve->marks[mark]), text,
                      text_size);
}

/* Why no number carries the load. */
static void say_overload(const struct size *size, const struct curve *curve,
                         struct sentences *sentences)
{
    const struct forecast *f =
        &curve_at(curve, curve->marks[MARK_STAR])->forecast;
    char peak[FIGURE * 2], most[FIGURE], each[FIGURE];
    int little = curve->marks[MARK_LITTLE];

    peak_text(size, peak, sizeof peak);
    metric_format("_per_s", f->capacity_per_s, most, sizeof most);
    if (f->law == LAW_WORKERS && !f->model->offloads)
        sentences_say(
            sentences,
            "W* is sought up to %d workers, which do not carry %s: %d "
            "request%s "
            "%s in flight on average (Little); a loop holds no worker while "
            "they wait",
            f->workers, peak, little, digits_plural(little),
            little == 1 ? "is" : "are");
    else if (f->law == LAW_CPU && !f->model->offloads)
        sentences_say(
            sentences,
            "no number of workers carries %s: %d core%s / %s of CPU a request "
            "are %s",
            peak, f->cores, digits_plural(f->cores),
            metric_format("_ns", f->full_cpu_ns, each, sizeof each), most);
    else
        sentences_say(sentences,
                      "no number of workers carries %s: %s allows %s", peak,
                      law_name(f->law), most);
}

/* W* and why. */
static void say_star(const struct size *size, int model,
                     struct sentences *sentences)
{
    const struct sized *sized = &size->models[model];
    const struct curve *curve = &sized->curve;
    const struct forecast *f =
        &curve_at(curve, curve->marks[MARK_STAR])->forecast;
    char count[64], peak[FIGURE * 2], p99[FIGURE], band[FIGURE], usual[96] = "";
    char time[FIGURE], load[FIGURE];

    count_text(curve->model, f->workers, count, sizeof count);
    metric_format("_ns", f->p99_ns.value, p99, sizeof p99);
    band_text(&size_advised(size, model)->bands[QUANTITY_P99], band,
              sizeof band);
    if (size->peak > 1 && sized->usual.forecast.simulated)
        snprintf(usual, sizeof usual, ", %s at %s",
                 metric_format("_ns", sized->usual.forecast.p99_ns.value, time,
                               sizeof time),
                 load_text(&size->asked->question->service, load, sizeof load));
    sentences_say(sentences, "%s%s: p99 %s%s%s at %s%s",
                  curve_kept(curve) != KEPT_NOT
                      ? ""
                      : "no number keeps all that is asked for; ",
                  count, p99, band[0] != '\0' ? " " : "", band,
                  peak_text(size, peak, sizeof peak), usual);
}

/* No number keeps limit and memory. */
static void say_why_none(const struct size *size, const struct curve *curve,
                         struct sentences *sentences)
{
    char limits[160], what[PHRASE], needed[FIGURE];
    const struct curve_point *least = curve->points;

    if (curve->marks[MARK_FITS] > 0) {
        sentences_say(sentences, "the most that fit into the memory, %d: %s",
                      curve->marks[MARK_FITS],
                      mark_text(size, curve, MARK_FITS, what, sizeof what));
        return;
    }
    sentences_say(sentences, "asked for is %s; they have: %s",
                  limits_text(&size->at_peak.service, limits, sizeof limits),
                  mark_text(size, curve, MARK_STAR, what, sizeof what));
    while (least->overloaded) /* W* is not */
        least++;
    if (least->forecast.on_memory == KEPT_NOT)
        sentences_say(sentences, "the fewest that carry the load, %d, need %s",
                      least->forecast.workers,
                      metric_format("_bytes", least->forecast.memory_most_bytes,
                                    needed, sizeof needed));
}

static void say_why(const struct size *size, const struct curve *curve,
                    struct sentences *sentences)
{
    const int *marks = curve->marks;
    char limits[160], what[PHRASE];

    limits_text(&size->at_peak.service, limits, sizeof limits);
    switch (curve->why) {
    case CURVE_BEST:
        if (curve->model->discipline == DISCIPLINE_LOOP)
            sentences_say(sentences,
                          "that is one for each core: what waits holds none, "
                          "and more only share the cores");
        else
            sentences_say(sentences,
                          "that is the least number within 5 %% of the best "
                          "p99 and mean that any number gives");
        break;
    case CURVE_LIMIT:
        sentences_say(
            sentences,
            "that is the least number that keeps %s; the least near the best, "
            "%d, would have: %s",
            limits, marks[MARK_BEST],
            mark_text(size, curve, MARK_BEST, what, sizeof what));
        break;
    case CURVE_MEMORY:
        sentences_say(
            sentences,
            "those are the most that fit into the memory; without that limit "
            "%d: %s",
            marks[MARK_BEST],
            mark_text(size, curve, MARK_BEST, what, sizeof what));
        break;
    case CURVE_UNKNOWN:
        sentences_say(
            sentences,
            "whether so many fit into the memory cannot be told: that of a "
            "server at rest was not measured; troika calibrate --models %s "
            "--add",
            curve->model->name);
        break;
    case CURVE_NONE:
        say_why_none(size, curve, sentences);
        break;
    case CURVE_OVERLOAD:
        break;
    }
}

static void say_capacity(const struct size *size, const struct curve *curve,
                         struct sentences *sentences)
{
    const struct service *p = &size->at_peak.service;
    const struct forecast *f =
        &curve_at(curve, curve->marks[MARK_STAR])->forecast;
    char most[FIGURE], each[FIGURE], how[PHRASE] = "", times[64] = "";

    if (!isfinite(f->capacity_per_s))
        return; /* nothing binds: a request costs nothing */
    if (f->law == LAW_WORKERS && !f->model->offloads)
        snprintf(how, sizeof how, ": %d / %s that a request holds one",
                 f->workers,
                 metric_format("_ns", f->held_ns, each, sizeof each));
    if (f->law == LAW_CPU && !f->model->offloads)
        snprintf(how, sizeof how, ": %d core%s / %s of CPU a request", f->cores,
                 digits_plural(f->cores),
                 metric_format("_ns", f->full_cpu_ns, each, sizeof each));
    if (p->rate_per_s > 0)
        snprintf(times, sizeof times, ", %s x the %s",
                 digits_of(f->capacity_per_s / p->rate_per_s, 3).text,
                 size->peak > 1 ? "peak" : "rate");
    sentences_say(sentences, "they answer up to %s (%s%s)%s",
                  metric_format("_per_s", f->capacity_per_s, most, sizeof most),
                  law_name(f->law), how, times);
}

/* Half of them, twice as many, and the least that would do. */
static void say_others(const struct size *size, const struct curve *curve,
                       struct sentences *sentences)
{
    const int *marks = curve->marks;
    char half[PHRASE], twice[PHRASE], least[PHRASE], limits[160];

    mark_text(size, curve, MARK_TWICE, twice, sizeof twice);
    if (marks[MARK_HALF] > 0)
        sentences_say(sentences, "half of them, %d: %s; twice as many, %d: %s",
                      marks[MARK_HALF],
                      mark_text(size, curve, MARK_HALF, half, sizeof half),
                      marks[MARK_TWICE], twice);
    else
        sentences_say(sentences, "twice as many, %d: %s", marks[MARK_TWICE],
                      twice);
    if (marks[MARK_LIMIT] > 0)
        sentences_say(
            sentences, "the least for %s, %d: %s",
            limits_text(&size->at_peak.service, limits, sizeof limits),
            marks[MARK_LIMIT],
            mark_text(size, curve, MARK_LIMIT, least, sizeof least));
}

static void say_rules(const struct size *size, const struct curve *curve,
                      struct sentences *sentences)
{
    static const enum curve_mark rules[] = {MARK_GOETZ, MARK_LITTLE,
                                            MARK_TWO_CORES};
    char list[SENTENCE_SIZE / 2] = "", what[PHRASE];

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int workers = curve->marks[rules[i]];
        size_t used = strlen(list);
        if (workers == 0)
            continue;
        if (curve_at(curve, workers))
            mark_text(size, curve, rules[i], what, sizeof what);
        else
            snprintf(what, sizeof what, "over %d x W*", CURVE_OFF);
        snprintf(list + used, sizeof list - used, "%s%s %d: %s",
                 used > 0 ? "; " : "", curve_mark_name(rules[i]), workers,
                 what);
    }
    sentences_say(sentences, "rules of thumb: %s", list);
}

/* The number that the person asked about. */
static void say_given(const struct size *size, const struct curve *curve,
                      struct sentences *sentences)
{
    int given = curve->marks[MARK_GIVEN];
    const struct curve_point *point = curve_at(curve, given);
    char count[64], most[FIGURE], what[PHRASE];

    if (given == 0)
        return;
    if (!point) {
        sentences_say(sentences, "%d: more than the %d that are simulated",
                      given, CURVE_WORKERS_MOST);
        return;
    }
    sentences_say(sentences, "%s, as you ask: at most %s, %s in 10 s; %s",
                  count_text(curve->model, given, count, sizeof count),
                  metric_format("_per_s", point->forecast.capacity_per_s, most,
                                sizeof most),
                  digits_whole(10 * point->forecast.capacity_per_s, "").text,
                  point_text(size, curve, point, what, sizeof what));
}

/* A loop whose backend is a bounded pool has two. */
static void say_two_pools(const struct size *size, const struct curve *curve,
                          struct sentences *sentences)
{
    int star = curve->marks[MARK_STAR];

    if (curve->model->offloads && size->figures.database > 0)
        sentences_say(
            sentences,
            "two pools: %d thread%s compute%s beside the loop, and its calls "
            "hold "
            "%d backend connection%s; what waits holds no thread",
            star, digits_plural(star), star == 1 ? "s" : "",
            size->figures.database, digits_plural(size->figures.database));
}

void words_of_curve(const struct size *size, int model,
                    struct sentences *sentences)
{
    const struct curve *curve = &size->models[model].curve;

    sentences->count = 0;
    if (curve->why == CURVE_OVERLOAD) {
        say_overload(size, curve, sentences);
    } else {
        say_star(size, model, sentences);
        say_why(size, curve, sentences);
        say_capacity(size, curve, sentences);
        say_others(size, curve, sentences);
        say_rules(size, curve, sentences);
    }
    say_given(size, curve, sentences);
    say_two_pools(size, curve, sentences);
}

const char *words_headline(const struct size *size, char *text,
                           size_t text_size)
{
    char peak[FIGURE * 2];

    snprintf(text, text_size, "W* at %s: ", peak_text(size, peak, sizeof peak));
    for (int i = 0; i < size->advice.model_count; i++) {
        const struct curve *curve = &size->models[i].curve;
        size_t used = strlen(text);
        char star[48] = "none";
        if (curve_kept(curve) != KEPT_NOT)
            snprintf(star, sizeof star, "%d%s", curve->marks[MARK_STAR],
                     curve_keeps(curve) ? "" : " (memory not known)");
        snprintf(text + used, text_size - used, "%s%s %s", i > 0 ? ", " : "",
                 curve->model->name, star);
    }
    return text;
}

static void say_peak(const struct size *size, struct sentences *sentences)
{
    const struct service *usual = &size->asked->question->service;
    char load[FIGURE], peak[FIGURE];

    if (size->peak > 1)
        sentences_say(sentences, "sized for %s, %s x %s%s",
                      load_text(&size->at_peak.service, peak, sizeof peak),
                      digits_of(size->peak, 3).text,
                      load_text(usual, load, sizeof load),
                      size->asked->peak > 0 ? "" : " (a default: --peak)");
}

/* How long a call queues for a connection, at worst. */
static const char *queue_text(const struct size *size, char *text,
                              size_t text_size)
{
    char time[FIGURE];

    if (size->database_queue_p99_ns > 0)
        snprintf(text, text_size,
                 "p99 of queueing for one is %s, under %.0f %% of a call",
                 metric_format("_ns", size->database_queue_p99_ns, time,
                               sizeof time),
                 100 * SIZE_QUEUE_SHARE);
    else
        snprintf(text, text_size, "less than one call in 100 queues for one");
    return text;
}

static void say_database(const struct size *size, struct sentences *sentences)
{
    const struct service *p = &size->at_peak.service;
    const struct server_figures *figures = &size->figures;
    char rate[FIGURE], wait[FIGURE], queue[PHRASE], slots[64] = "";

    if (figures->database == 0)
        return;
    if (p->rate_per_s <= 0 && figures->database == p->connections)
        sentences_say(
            sentences,
            "backend connections: %d, one for each client, who has one call "
            "at a time",
            figures->database);
    else
        sentences_say(
            sentences,
            "backend connections: %d: %s x %s of calls hold %s on average, "
            "and %s (M/M/c)",
            figures->database,
            metric_format("_per_s", size->calling_per_s, rate, sizeof rate),
            metric_format("_ns", p->wait_ns, wait, sizeof wait),
            digits_of(size->calling_per_s * p->wait_ns / NS_PER_S, 3).text,
            queue_text(size, queue, sizeof queue));
    if (figures->thread_slots > 0 && figures->thread_slots < figures->database)
        snprintf(slots, sizeof slots, "; a pool of %d slot%s never uses more",
                 figures->thread_slots, digits_plural(figures->thread_slots));
    sentences_say(
        sentences,
        "so many under any model, async or not: calls hold them, and no model "
        "makes calls shorter%s; code that keeps one for its whole request "
        "needs one for each request at once",
        slots);
    if (p->backend_workers > 0 && p->backend_workers < figures->database)
        sentences_say(
            sentences,
            "the backend serves %d call%s at once: more connections than that "
            "queue there",
            p->backend_workers, digits_plural(p->backend_workers));
}

/* Whether CPU time may stay on a loop. */
static void say_piece(const struct size *size, struct sentences *sentences)
{
    const struct service *p = &size->at_peak.service;
    int pieces = (p->wait_ns > 0 ? p->calls : 0) + 1;
    double yours_ns = p->cpu_ns / pieces;
    char piece[FIGURE], yours[FIGURE], rate[FIGURE], cpu[FIGURE];
    char between[PHRASE] = "";

    if (!isfinite(size->piece_ns) || p->cpu_ns <= 0)
        return;
    if (pieces > 1)
        snprintf(between, sizeof between,
                 " (%s of CPU in %d pieces, before, between and after the "
                 "calls)",
                 metric_format("_ns", p->cpu_ns, cpu, sizeof cpu), pieces);
    sentences_say(
        sentences,
        "one loop at %s: pieces of CPU up to %s lengthen a request by %.0f %% "
        "at most (Pollaczek-Khinchine); yours are %s%s, so %s",
        metric_format("_per_s", p->rate_per_s, rate, sizeof rate),
        metric_format("_ns", size->piece_ns, piece, sizeof piece),
        100 * SIZE_PIECE_SHARE,
        metric_format("_ns", yours_ns, yours, sizeof yours), between,
        yours_ns <= size->piece_ns
            ? "they may stay on the loop"
            : "hand them to threads (spawn_blocking, to_thread), or run "
              "several loops");
}

void words_of_service(const struct size *size, struct sentences *sentences)
{
    sentences->count = 0;
    say_peak(size, sentences);
    say_database(size, sentences);
    say_piece(size, sentences);
    sentences_unforecast(&size->advice, sentences);
    if (size->kept == KEPT_NOT)
        sentences_shortage(&size->advice, sentences);
    sentences_trust(&size->advice, sentences);
}
