/* SPDX-License-Identifier: MIT */
#include "effort.h"

#include <math.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"

static const double NS_PER_S = 1e9;

/* Times that all in flight end, and a queue settles, before anything counts. */
enum { TIMES = 3 };

/* Events for a request of the precision, on average; a request of two pieces
 * and a wait has five, and more where many compute at once. Where requests have
 * many more of their own, twice those. */
enum { EVENTS = 20, EVENTS_LEAST = 1000000 };

/* Of the events that a forecast may take, a share to count on; and requests
 * that a p99 needs with its interval. */
static const double AFFORD = 0.8;
enum { REQUESTS_LEAST = 2000 };

/* Clients are busy from this share of the capacity on. */
static const double BUSY = 0.8;

/* A request that computes for longer is much by itself. */
static const double LONG_NS = 1e8;

/* Requests that a person may wait for. */
static const double REQUESTS_MOST = 1e7;

/* Of a time that varies so, one that few exceed. */
static double long_ns(double mean_ns, double cv)
{
    return mean_ns * (1 + 3 * cv);
}

/* Requests until a queue of this load has forgotten how it began: a queue that
 * is nearly full is a random walk (L. Kleinrock, Queueing Systems, vol. 2, ch.
 * 2), whose steps are the bursts and the work. */
static double forgets(const struct service *p, double load)
{
    double cv = fmax(p->cv_cpu, p->cv_wait);
    double free = 1 - fmin(load, 0.98);

    return 2 * load * (p->burst + cv * cv) / (free * free);
}

/* Requests that end until the slow ones of those that came at once have. */
static double settles(const struct service *p, const struct effort_load *at)
{
    double slow_ns =
        long_ns(at->wait_ns, p->cv_wait) + long_ns(at->cpu_ns, p->cv_cpu);

    if (p->rate_per_s > 0)
        return p->rate_per_s * slow_ns / NS_PER_S +
               forgets(p, p->rate_per_s / at->capacity_per_s);
    double round_ns = at->wait_ns + at->cpu_ns + p->think_ns;
    double busy_ns = p->connections / at->capacity_per_s * NS_PER_S;
    double all = p->connections * fmax(1, slow_ns / fmax(round_ns, busy_ns));
    if (busy_ns > BUSY * round_ns)
        return all;
    /* Clients who pause are there from the beginning. */
    return fmin(all, p->connections * slow_ns / round_ns +
                         forgets(p, busy_ns / round_ns));
}

/* Events of a request that is never interrupted. */
static double events_of(const struct simulation *simulation)
{
    double events = 1;

    for (int i = 0; i < simulation->step_count; i++) {
        const struct step *step = &simulation->steps[i];
        bool timed = step->kind == STEP_COMPUTE || step->kind == STEP_WAIT;
        events += timed && step->time_ns + step->fixed_ns > 0;
    }
    return events;
}

/* Ends of turns and stalls of a request that always competes for its core. A
 * stall also leaves an event behind that is ignored. */
static double turns_of(const struct simulation *simulation, double cpu_ns)
{
    double share = simulation->stall_share, tick_ns = simulation->tick_ns;
    double ticks = tick_ns > 0 ? cpu_ns / tick_ns : 0;
    double stalls =
        share > 0 ? cpu_ns / simulation->stall_ns * share / (1 - share) : 0;

    return ticks + 3 * stalls;
}

static int64_t whole(double count)
{
    return (int64_t)fmin(count, INT32_MAX);
}

struct effort effort_apply(struct simulation *simulation,
                           const struct service *p,
                           const struct effort_load *load, int64_t requests,
                           int64_t budget)
{
    double settle = ceil(TIMES * settles(p, load));
    double events = events_of(simulation);
    double clients = p->rate_per_s > 0 ? 0 : p->connections;
    double most =
        fmax(EVENTS_LEAST, (double)(budget > requests ? budget : requests) *
                               fmax(EVENTS, 2 * events));
    /* Fewer, if each takes long. */
    double all = events + turns_of(simulation, load->cpu_ns);
    double afford = AFFORD * most / all - settle;
    double measured = fmin((double)requests, fmax(REQUESTS_LEAST, afford));
    double warmup = floor(measured / 20) + settle;
    double window = fmax(measured, settle);

    /* Whole rounds of those who come together. */
    if (clients > 0 && clients <= window)
        window = ceil(window / clients) * clients;
    simulation->warmup = whole(warmup);
    simulation->requests = whole(window);
    simulation->events_most = whole(most);
    simulation->flight_most = whole(warmup + window + clients);
    return (struct effort){
        .events = clients + (warmup + window) * all,
        .beyond = (clients + (warmup + window) * events) / most,
    };
}

double effort_seen(const struct simulation *simulation, int64_t ended)
{
    return (double)(simulation->warmup + simulation->requests) /
           fmax(1, (double)ended);
}

/* What makes it much. */
static const char *cause(const struct service *p, char *text, size_t size)
{
    enum { MANY = 1000 };
    double flight = p->rate_per_s * (p->wait_ns + p->cpu_ns) / NS_PER_S;

    if (flight >= MANY)
        snprintf(text, size, "%s requests are in flight",
                 digits_of(flight, 3).text);
    else if (p->rate_per_s <= 0 && p->connections >= MANY)
        snprintf(text, size, "there are %d clients", p->connections);
    else if (p->cpu_ns >= LONG_NS)
        snprintf(text, size, "a request computes for %s, in turns of some ms",
                 digits_ns(p->cpu_ns).text);
    else
        snprintf(text, size, "this load settles slowly");
    return text;
}

const char *effort_text(const struct service *p, double beyond,
                        int64_t requests, char *text, size_t size)
{
    double more =
        1.2 * beyond * fmax((double)requests, (double)EVENTS_LEAST / EVENTS);
    double unit = pow(10, floor(log10(more)) - 1);
    char why[100], give[100] = "";

    if (more <= REQUESTS_MOST)
        snprintf(give, sizeof give,
                 ", or --requests %.0f, which takes as much longer",
                 ceil(more / unit) * unit);
    snprintf(text, size,
             "%s, so that a simulation takes %s times the events of a "
             "forecast: give %s or shorter times%s",
             cause(p, why, sizeof why), digits_of(beyond, 2).text,
             p->rate_per_s > 0 ? "a lower rate" : "fewer clients", give);
    return text;
}
