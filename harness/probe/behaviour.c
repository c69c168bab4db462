/* SPDX-License-Identifier: MIT */
#include "behaviour.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"

/* From this share on a CPU counts as busy, and up to one tenth above 1 the CPUs
 * that a service keeps busy count as one. What wants less than CLEAR is not one
 * thread that computes all the time, also if some of its time was overlooked.
 */
static const double BUSY = 0.9, ONE_MOST = 1.1, CLEAR = 0.75;

/* The share of a service that one thread wants if there is but one. */
static const double HOT = 0.8;

/* From this share of the requests on, all count as being served. */
static const double IN = 0.8;

/* Lost time up to here is within the error of a probe; a number of places that
 * is none of a pool is told only with less. */
static const double LOST_MOST = 0.15, LOST_LITTLE = 0.05;

/* The places of all turns are one number if they are no further apart. */
static const double STEADY = 0.15, VERY_STEADY = 0.1;

/* Beyond this number the difference to the next whole number is within the
 * error of a probe. */
static const double WHOLE_MOST = 7, WHOLE_OFF = 0.15;

/* The share of a pool's rate that may be lost in no figure. A disturbance only
 * lowers the rate of a pool, so its places may be so many more. */
static const double HIDDEN = 0.1;

const char *behaviour_name(enum behaviour_limit limit)
{
    static const char *const names[] = {
        [LIMIT_NONE] = "none",       [LIMIT_PLACES] = "places",
        [LIMIT_ONE] = "one",         [LIMIT_CPU] = "cpu",
        [LIMIT_UNKNOWN] = "unknown", [LIMIT_UNDECIDED] = "undecided",
    };
    return names[limit];
}

/* What the turns say together. */
struct evidence {
    bool metered;
    double places_least, places_most, wanted_least, wanted_most;
    double lost_most, others_most;
    double computing_least; /* CPU time over the time with a place, ready time
                               left out */
    bool full;              /* nobody's CPU was left, in most turns */
    bool cpu_busy;          /* the service used all CPUs, in most turns */
    bool cpu_fits;          /* it may have wanted them all, in a turn */
    bool one_fits;          /* it may have wanted one CPU, in each turn */
    bool one_clear;         /* it wanted less or more than one, in most turns */
    bool hot;  /* one thread wanted a CPU all the time, in most turns */
    bool lone; /* one thread did nearly all that was computed, in most turns */
};

static struct evidence weigh(const struct behaviour_facts *f)
{
    struct evidence e = {.places_least = NAN,
                         .places_most = NAN,
                         .wanted_least = NAN,
                         .wanted_most = NAN,
                         .computing_least = NAN,
                         .one_fits = true};
    int n = f->turn_count, full = 0, busy = 0, clear = 0, hot = 0, lone = 0;

    for (int i = 0; i < n; i++) {
        const struct behaviour_turn *t = &f->turns[i];
        double lost = isfinite(t->lost_cpus) ? t->lost_cpus : 0;
        double most = t->wanted_cpus + lost;
        e.metered |= isfinite(t->busy_cpus);
        e.places_least = fmin(e.places_least, t->places);
        e.places_most = fmax(e.places_most, t->places);
        e.wanted_least = fmin(e.wanted_least, t->wanted_cpus);
        e.wanted_most = fmax(e.wanted_most, t->wanted_cpus);
        e.computing_least =
            fmin(e.computing_least,
                 t->busy_cpus /
                     (t->busy_cpus + fmax(0, t->places - t->wanted_cpus)));
        e.lost_most = fmax(e.lost_most, lost);
        e.others_most = fmax(e.others_most, t->others_cpus);
        full += t->free_cpus < (1 - BUSY) * f->cpus;
        busy += t->busy_cpus >= BUSY * f->cpus;
        e.cpu_fits |= most >= BUSY * f->cpus;
        e.one_fits &= most >= BUSY && t->wanted_cpus <= ONE_MOST;
        clear += most < CLEAR || t->wanted_cpus > ONE_MOST;
        hot += t->hot_cpus >= BUSY;
        lone += t->hot_cpus >= HOT * t->wanted_cpus;
    }
    e.full = 2 * full > n;
    e.cpu_busy = 2 * busy > n;
    e.one_clear = 2 * clear > n;
    e.hot = 2 * hot > n;
    e.lone = 2 * lone > n;
    return e;
}

static bool steady(const struct evidence *e, double most)
{
    return e->places_most - e->places_least <=
           most * (e->places_most + e->places_least) / 2;
}

/* Whether no pool has that number, also if its rate was lowered. */
static bool broken(const struct evidence *e, double places)
{
    double most = places * (1 + HIDDEN + e->lost_most);

    return places < WHOLE_MOST && e->lost_most <= LOST_LITTLE &&
           steady(e, VERY_STEADY) && floor(most) < places - WHOLE_OFF;
}

/* Whether a pool has that number, and its rate was not lowered so far that it
 * may have had the next. */
static bool whole(const struct evidence *e, double places)
{
    double most = places * (1 + HIDDEN + e->lost_most);

    return behaviour_is_whole(places) && e->lost_most <= LOST_MOST &&
           (places > WHOLE_MOST || floor(most) <= round(places));
}

/* Whether requests are computed one after another, as far as places say that.
 * One worker that serves one at a time and waits in between is none of these:
 * it computes for less than it holds its place. Several at once are a loop's if
 * one thread does nearly all, or a lock's if a pool has no such number. */
static bool serial(const struct evidence *e, double places)
{
    if (places <= 1 + WHOLE_OFF)
        return e->computing_least >= BUSY;
    return e->lone || broken(e, places);
}

static enum behaviour_limit undecided(struct behaviour *b, const char *why)
{
    b->why = why;
    return LIMIT_UNDECIDED;
}

/* A service that wanted one CPU, as far as can be told. A pool's threads share
 * what is computed. */
static enum behaviour_limit judge_one(const struct evidence *e,
                                      struct behaviour *b)
{
    enum behaviour_limit one = b->facts.cpus > 1 ? LIMIT_ONE : LIMIT_CPU;

    if (b->places <= 1 + WHOLE_OFF && e->computing_least < BUSY)
        return undecided(b, "one worker that waits as well, or one loop that "
                            "computes");
    if (e->hot && e->wanted_most <= ONE_MOST)
        return one;
    if (e->one_fits && e->lost_most <= LOST_MOST && serial(e, b->places))
        return one;
    if (e->hot)
        return undecided(b, "one loop that computes beside other threads, or "
                            "several loops");
    return undecided(b, "one loop or lock that computes, or a pool of places");
}

/* A service that did not want one CPU. */
static enum behaviour_limit judge_places(const struct evidence *e,
                                         struct behaviour *b)
{
    if (e->cpu_fits || (e->full && e->wanted_most >= BUSY))
        return undecided(b, "the CPUs, which other programs kept full, or a "
                            "pool of places");
    if (e->hot)
        return undecided(b, "several loops that compute, or a pool of places");
    if (!steady(e, STEADY))
        return undecided(b, "a pool of places, or whatever disturbed the "
                            "measurement: the turns disagree");
    if (!whole(e, b->places) && !broken(e, b->places))
        return undecided(b, "a pool, a lock, or a loop that was disturbed");
    return LIMIT_PLACES;
}

/* If all requests that are there hold a place, nobody queues for one: the CPUs
 * are what they wait for, if these are full. */
static enum behaviour_limit judge(struct behaviour *b)
{
    const struct behaviour_facts *f = &b->facts;
    const struct evidence e = weigh(f);
    bool all_in = f->in >= IN;

    if (!f->flat)
        return LIMIT_NONE;
    if (e.metered && e.cpu_busy)
        return LIMIT_CPU;
    if (all_in && e.metered && e.full && e.wanted_least >= BUSY * f->cpus)
        return LIMIT_CPU;
    /* Nobody but the service and its load kept the CPUs full. */
    if (e.metered && e.full && e.wanted_least >= BUSY * f->cpus &&
        e.others_most + e.lost_most <= (1 - BUSY) * f->cpus)
        return LIMIT_CPU;
    if (all_in)
        return undecided(b, "the load or other programs, since no request "
                            "queued for a place, or the CPUs");
    if (!e.metered)
        return steady(&e, STEADY)
                   ? LIMIT_UNKNOWN
                   : undecided(b, "a pool, a loop, or whatever disturbed the "
                                  "measurement: the turns disagree");
    if ((e.hot && e.wanted_most <= ONE_MOST) || !e.one_clear)
        return judge_one(&e, b);
    return judge_places(&e, b);
}

void behaviour_judge(const struct behaviour_facts *facts,
                     struct behaviour *behaviour)
{
    *behaviour =
        (struct behaviour){.places = facts->per_s * facts->hold_ns / 1e9,
                           .serial_ns = 1e9 / facts->per_s,
                           .facts = *facts};
    behaviour->limit = judge(behaviour);
    if (behaviour->limit == LIMIT_NONE || behaviour->limit == LIMIT_ONE ||
        behaviour->limit == LIMIT_CPU)
        behaviour->places = NAN;
}

bool behaviour_is_whole(double places)
{
    return places > WHOLE_MOST ||
           fabs(places - round(places)) <= fmax(WHOLE_OFF, 0.03 * places);
}

static void places_words(const struct behaviour *b, char *text, size_t size)
{
    char hold[FINDINGS_TIME], serial[FINDINGS_TIME];

    findings_time(b->facts.hold_ns, hold);
    findings_time(b->serial_ns, serial);
    if (!behaviour_is_whole(b->places))
        snprintf(text, size,
                 "your service behaves like one lock that each request holds "
                 "for %s of its %s: %.2f at once is no whole number, so rather "
                 "not a pool",
                 serial, hold, b->places);
    else if (round(b->places) <= 1)
        snprintf(text, size,
                 "your service behaves like one lock held for %s, or one "
                 "worker: it serves one request at a time",
                 hold);
    else
        snprintf(text, size,
                 "your service behaves like a pool of %.0f: so many requests "
                 "at once, %s each",
                 b->places, hold);
}

/* Without CPU time, a loop that computes cannot be told from a pool. */
static void unknown_words(const struct behaviour *b, char *text, size_t size)
{
    char serial[FINDINGS_TIME];
    size_t used;

    places_words(b, text, size);
    used = strlen(text);
    if (b->places > 1 + WHOLE_OFF)
        snprintf(text + used, size - used,
                 "; or, if that is CPU time, like one loop that computes %s a "
                 "request",
                 findings_time(b->serial_ns, serial));
}

char *behaviour_words(const struct behaviour *b, char *text, size_t size)
{
    char cpu[FINDINGS_TIME] = "?";

    text[0] = '\0';
    if (isfinite(b->facts.cpu_ns))
        findings_time(b->facts.cpu_ns, cpu);
    switch (b->limit) {
    case LIMIT_NONE:
    case LIMIT_UNDECIDED:
        break;
    case LIMIT_PLACES:
        places_words(b, text, size);
        break;
    case LIMIT_UNKNOWN:
        unknown_words(b, text, size);
        break;
    case LIMIT_ONE:
        snprintf(text, size,
                 "your service behaves like one loop that computes %s a "
                 "request: one CPU is busy and %.0f are there (or one lock "
                 "under which it computes)",
                 cpu, b->facts.cpus);
        break;
    case LIMIT_CPU:
        if (b->facts.cpus > 1)
            snprintf(text, size,
                     "your service behaves like threads on all of its %.0f "
                     "CPUs: they are busy, and a request computes %s",
                     b->facts.cpus, cpu);
        else
            snprintf(text, size,
                     "your service behaves like one loop that computes %s a "
                     "request: its only CPU is busy",
                     cpu);
        break;
    }
    return text;
}

/* "0.98", or "0.81 to 0.98". */
static const char *range(double least, double most, char *text, size_t size)
{
    snprintf(text, size, most - least < 0.005 ? "%.2f" : "%.2f to %.2f", least,
             most);
    return text;
}

char *behaviour_doubt(const struct behaviour *b, char *text, size_t size)
{
    const struct evidence e = weigh(&b->facts);
    char figures[64], wanted[160] = "", others[96] = "", lost[128] = "";

    if (isfinite(e.wanted_least))
        snprintf(wanted, sizeof wanted,
                 "it wanted %s CPUs (one loop or lock that computes: 1) and ",
                 range(e.wanted_least, e.wanted_most, figures, sizeof figures));
    if (e.others_most >= 0.005)
        snprintf(others, sizeof others, "; other programs used up to %.2f CPUs",
                 e.others_most);
    if (e.lost_most >= 0.005)
        snprintf(lost, sizeof lost,
                 "; up to %.0f %% of a CPU were stolen, or missed by the load",
                 100 * fmin(e.lost_most, 1));
    snprintf(text, size,
             "what limits the service: %s. By the turn %sthe rate x the time "
             "without a queue is %s at once (a pool: one whole number)%s%s",
             b->why, wanted,
             range(e.places_least, e.places_most, figures, sizeof figures),
             others, lost);
    return text;
}

bool behaviour_disturbed(const struct behaviour *b)
{
    const struct evidence e = weigh(&b->facts);

    return e.others_most >= 1 - BUSY || e.lost_most > LOST_LITTLE ||
           !steady(&e, VERY_STEADY);
}
