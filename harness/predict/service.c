/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <math.h>
#include <stdio.h>

#include "harness/arithmetic/digits.h"

static const double NS_PER_S = 1e9;

/* By Little's law a rate, connections and a think time say one thing twice: so
 * far they may disagree, since each was measured. */
static const double DISAGREE = 1.5;

/* The simulator is proved up to 3 (docs/method/forecasts.md); beyond 5 a p99
 * hangs on single requests. */
static const double CV_MOST = 5;

enum { PAYLOAD_BYTES = 1024 };

/* Of calls that vary by 1 each, and not together. */
double service_default_cv_wait(int calls)
{
    return calls > 1 ? 1 / sqrt(calls) : 1;
}

void service_defaults(struct service *p, int cores)
{
    if (!p->given[SERVICE_CALLS])
        p->calls = p->wait_ns > 0 ? 1 : 0;
    if (!p->given[SERVICE_CV_WAIT])
        p->cv_wait = service_default_cv_wait(p->calls);
    if (!p->given[SERVICE_CV_CPU])
        p->cv_cpu = 1;
    if (!p->given[SERVICE_PAYLOAD])
        p->payload_bytes = PAYLOAD_BYTES;
    if (!p->given[SERVICE_BURST])
        p->burst = 1;
    if (!p->given[SERVICE_CORES])
        p->cores = cores;
}

static bool no(char *why, size_t size, const char *words)
{
    snprintf(why, size, "%s", words);
    return false;
}

/* Rate, connections and think time against Little's law. */
static bool loads_agree(const struct service *p, char *why, size_t size)
{
    if (p->rate_per_s <= 0 || p->connections <= 0)
        return true;
    double least_s = (p->wait_ns + p->cpu_ns + p->think_ns) / NS_PER_S;
    double most_per_s = p->connections / least_s;
    if (p->rate_per_s > most_per_s * 1.0001) {
        snprintf(why, size,
                 "%d connection%s with waits, CPU and pauses of %s can ask "
                 "%s times a second at most, and the rate is %s: give "
                 "one of rate and connections, or more connections",
                 p->connections, digits_plural(p->connections),
                 digits_ns(least_s * NS_PER_S).text,
                 digits_of(most_per_s, 4).text,
                 digits_rate(p->rate_per_s, 4).text);
        return false;
    }
    if (p->given[SERVICE_THINK] && p->rate_per_s * DISAGREE < most_per_s &&
        p->think_ns > 10 * (p->wait_ns + p->cpu_ns)) {
        snprintf(why, size,
                 "%d connection%s with pauses of %s can ask about %s times a "
                 "second, and the rate is %s: give two of rate, "
                 "connections and think",
                 p->connections, digits_plural(p->connections),
                 digits_ns(p->think_ns).text, digits_of(most_per_s, 4).text,
                 digits_rate(p->rate_per_s, 4).text);
        return false;
    }
    return true;
}

static bool varies_within(const char *flag, double cv, char *why, size_t size)
{
    if (cv <= CV_MOST)
        return true;
    snprintf(why, size,
             "--%s %s is more than %s: such times are those of two kinds of "
             "requests; ask for the light ones and the heavy ones apart",
             flag, digits_of(cv, 6).text, digits_of(CV_MOST, 6).text);
    return false;
}

/* Fields that have no part where another one is not there. */
static const struct {
    const char *where, *instead;
} moots[SERVICE_FIELDS] = {
    [SERVICE_CALLS] = {"requests that do not wait", "give --wait too"},
    [SERVICE_CV_WAIT] = {"requests that do not wait", "give --wait too"},
    [SERVICE_BACKEND_WORKERS] = {"requests that do not wait",
                                 "give --wait too"},
    [SERVICE_CV_CPU] = {"requests without CPU time", "give --cpu too"},
    [SERVICE_BURST] = {"clients who wait for their answers",
                       "give --rate instead of --connections"},
};

bool service_field_moot(const struct service *p, enum service_field field)
{
    switch (field) {
    case SERVICE_CALLS:
    case SERVICE_CV_WAIT:
    case SERVICE_BACKEND_WORKERS:
        return p->wait_ns <= 0;
    case SERVICE_CV_CPU:
        return p->cpu_ns <= 0;
    case SERVICE_BURST:
        return p->rate_per_s <= 0;
    default:
        return false;
    }
}

/* Whether the field says what is so without it: no calls, no variation. */
static bool is_neutral(const struct service *p, enum service_field field)
{
    return (field == SERVICE_CALLS && p->calls == 0) ||
           (field == SERVICE_CV_WAIT && p->cv_wait == 0) ||
           (field == SERVICE_CV_CPU && p->cv_cpu == 0) ||
           (field == SERVICE_BURST && p->burst == 1);
}

static bool nothing_moot(const struct service *p, char *why, size_t size)
{
    for (int f = 0; f < SERVICE_FIELDS; f++) {
        if (!p->given[f] || !service_field_moot(p, f) || is_neutral(p, f))
            continue;
        snprintf(why, size, "--%s has no effect on %s: %s, or leave it out",
                 service_field_name(f), moots[f].where, moots[f].instead);
        return false;
    }
    return true;
}

bool service_check(const struct service *p, char *why, size_t size)
{
    if (p->wait_ns <= 0 && p->cpu_ns <= 0 && !p->given[SERVICE_CPU])
        return no(why, size,
                  "nothing is said of a request: give --wait, --cpu or both");
    if (p->rate_per_s <= 0 && p->connections <= 0)
        return no(why, size,
                  "nothing is said of the load: give --rate (requests per "
                  "second) or --connections (clients, with --think for their "
                  "pause)");
    if (p->given[SERVICE_THINK] && p->connections <= 0)
        return no(why, size,
                  "a pause is one of clients: give --connections, or leave "
                  "--think out");
    if (p->wait_ns > 0 && p->calls < 1)
        return no(why, size,
                  "a request that waits makes at least one call: give "
                  "--calls 1, or --wait 0s");
    if (p->limit_ns > 0 && p->limit_ns < p->wait_ns + p->cpu_ns &&
        p->cv_wait == 0 && p->cv_cpu == 0) {
        snprintf(why, size,
                 "no model can: a request waits and computes for %s, and "
                 "the limit is %s",
                 digits_ns(p->wait_ns + p->cpu_ns).text,
                 digits_ns(p->limit_ns).text);
        return false;
    }
    return nothing_moot(p, why, size) &&
           varies_within("cv-wait", p->cv_wait, why, size) &&
           varies_within("cv-cpu", p->cv_cpu, why, size) &&
           loads_agree(p, why, size);
}

bool service_is_possible(const struct service *p)
{
    char why[512];

    return p->calls <= SERVICE_CALLS_MOST && p->cv_wait <= CV_MOST &&
           p->cv_cpu <= CV_MOST && loads_agree(p, why, sizeof why);
}

const char *service_field_name(enum service_field field)
{
    static const char *const names[SERVICE_FIELDS] = {
        [SERVICE_WAIT] = "wait",
        [SERVICE_CALLS] = "calls",
        [SERVICE_CPU] = "cpu",
        [SERVICE_RATE] = "rate",
        [SERVICE_CONNECTIONS] = "connections",
        [SERVICE_THINK] = "think",
        [SERVICE_CV_WAIT] = "cv-wait",
        [SERVICE_CV_CPU] = "cv-cpu",
        [SERVICE_PAYLOAD] = "payload",
        [SERVICE_REQUESTS_PER_CONNECTION] = "requests-per-connection",
        [SERVICE_BURST] = "burst",
        [SERVICE_LIMIT] = "limit",
        [SERVICE_MEMORY] = "memory",
        [SERVICE_CORES] = "cores",
        [SERVICE_BACKEND_WORKERS] = "backend-workers",
    };
    return names[field];
}

const char *service_field_text(const struct service *p,
                               enum service_field field, char *text,
                               size_t size)
{
    if (service_field_moot(p, field) ||
        (field == SERVICE_THINK && p->rate_per_s > 0))
        return ""; /* it has no part in the forecast */
    const char *name = service_field_name(field);
    switch (field) {
    case SERVICE_WAIT:
    case SERVICE_CPU:
        snprintf(text, size, "%s 0", name);
        break;
    case SERVICE_CALLS:
        snprintf(text, size, "%s %d", name, p->calls);
        break;
    case SERVICE_THINK:
        snprintf(text, size, "%s 0", name);
        break;
    case SERVICE_CV_WAIT:
        snprintf(text, size, "%s %s%s", name, digits_of(p->cv_wait, 3).text,
                 p->calls > 1 ? " (each call by itself 1)" : "");
        break;
    case SERVICE_CV_CPU:
        snprintf(text, size, "%s %s", name, digits_of(p->cv_cpu, 6).text);
        break;
    case SERVICE_PAYLOAD:
        snprintf(text, size, "%s %s", name,
                 digits_bytes(p->payload_bytes).text);
        break;
    case SERVICE_CORES:
        snprintf(text, size, "%s %d", name, p->cores);
        break;
    case SERVICE_REQUESTS_PER_CONNECTION:
        return "connections are kept";
    case SERVICE_BURST:
        return "requests come one by one";
    case SERVICE_BACKEND_WORKERS:
        return "a backend without limit";
    default:
        return "";
    }
    return text;
}
