/* SPDX-License-Identifier: MIT */
#include "behaviour.h"

#include <math.h>
#include <stdio.h>

#include "findings.h"

/* From this share on a CPU counts as busy, and up to one tenth above 1 the CPUs
 * that a service keeps busy count as one. */
static const double BUSY = 0.9, ONE_MOST = 1.1;

/* From this share of the requests on, all count as being served. */
static const double IN = 0.8;

/* Beyond this number the difference to the next whole number is within the
 * error of a probe. */
static const double WHOLE_MOST = 7, WHOLE_OFF = 0.15;

const char *behaviour_name(enum behaviour_limit limit)
{
    static const char *const names[] = {
        [LIMIT_NONE] = "none",       [LIMIT_PLACES] = "places",
        [LIMIT_ONE] = "one",         [LIMIT_CPU] = "cpu",
        [LIMIT_UNKNOWN] = "unknown", [LIMIT_CROWDED] = "crowded",
    };
    return names[limit];
}

/* If all requests that are there hold a place, the CPUs are what they wait for;
 * a pool lets some of them wait outside. One thread that computes all the time
 * wants one CPU, whatever others leave of it; a pool's threads sleep now and
 * then, and want more or less from time to time. */
static enum behaviour_limit judge(const struct behaviour_facts *f)
{
    if (!f->flat)
        return LIMIT_NONE;
    if (!isfinite(f->busy_cpus))
        return LIMIT_UNKNOWN;
    bool known = isfinite(f->wanted_least);
    double least = known ? f->wanted_least : f->busy_cpus;
    double most = known ? f->wanted_most : f->busy_cpus;
    bool full = f->free_cpus < (1 - BUSY) * f->cpus;
    bool all_in = known && f->per_s * f->hold_ns / 1e9 >= IN * f->connections;

    if (known && most < BUSY)
        return LIMIT_PLACES;
    if (f->busy_cpus >= BUSY * f->cpus)
        return LIMIT_CPU;
    if (least >= BUSY && most <= ONE_MOST)
        return f->cpus > 1 ? LIMIT_ONE : LIMIT_CPU;
    if (full)
        return all_in ? LIMIT_CPU : LIMIT_CROWDED;
    return LIMIT_PLACES;
}

void behaviour_judge(const struct behaviour_facts *facts,
                     struct behaviour *behaviour)
{
    *behaviour = (struct behaviour){.limit = judge(facts),
                                    .places = NAN,
                                    .serial_ns = 1e9 / facts->per_s,
                                    .facts = *facts};
    if (behaviour->limit == LIMIT_PLACES || behaviour->limit == LIMIT_UNKNOWN ||
        behaviour->limit == LIMIT_CROWDED)
        behaviour->places = facts->per_s * facts->hold_ns / 1e9;
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

char *behaviour_words(const struct behaviour *b, char *text, size_t size)
{
    char cpu[FINDINGS_TIME] = "?";

    text[0] = '\0';
    if (isfinite(b->facts.cpu_ns))
        findings_time(b->facts.cpu_ns, cpu);
    switch (b->limit) {
    case LIMIT_NONE:
    case LIMIT_CROWDED:
        break;
    case LIMIT_PLACES:
    case LIMIT_UNKNOWN:
        places_words(b, text, size);
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
