/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <math.h>

static const double NS_PER_S = 1e9;

/* Of a product that is a whole number but for its last bits. */
static const double EXACT = 1 - 1e-9;

static int whole(double number)
{
    return (int)fmin(RULES_MOST, fmax(1, ceil(number * EXACT)));
}

int rules_goetz(const struct service *p)
{
    return p->cpu_ns > 0 ? whole(p->cores * (1 + p->wait_ns / p->cpu_ns)) : 0;
}

int rules_little(double rate_per_s, double held_ns)
{
    return whole(rate_per_s * held_ns / NS_PER_S);
}

int rules_two_cores(int cores)
{
    return 2 * cores + 1;
}

/* Erlang's B of one place more. */
static double erlang_b(double before, double offered, int places)
{
    return offered * before / (places + offered * before);
}

/* `b` is Erlang's B of the same places. */
static double queue_p99_ns(double b, double offered, int places, double held_ns)
{
    if (offered >= places)
        return INFINITY;
    double queues = b / (1 - offered / places * (1 - b));
    return queues > 0.01 ? log(queues / 0.01) / (places - offered) * held_ns
                         : 0;
}

double rules_queue_p99_ns(int places, double rate_per_s, double held_ns)
{
    double offered = rate_per_s * held_ns / NS_PER_S, b = 1;

    for (int i = 1; i <= places; i++)
        b = erlang_b(b, offered, i);
    return queue_p99_ns(b, offered, places, held_ns);
}

int rules_pool(double rate_per_s, double held_ns, double share)
{
    double offered = rate_per_s * held_ns / NS_PER_S, b = 1;

    for (int places = 1; places <= RULES_MOST && offered < RULES_MOST;
         places++) {
        b = erlang_b(b, offered, places);
        if (queue_p99_ns(b, offered, places, held_ns) <= share * held_ns)
            return places;
    }
    return 0;
}

double rules_piece_ns(const struct service *p, double share)
{
    int pieces = (p->wait_ns > 0 ? p->calls : 0) + 1;
    double rate_per_ns = p->rate_per_s * pieces / NS_PER_S;
    double good = 0, bad = 1 / rate_per_ns;

    for (int i = 0; i < 60; i++) {
        double piece = (good + bad) / 2;
        double queued = rate_per_ns * piece * piece *
                        (1 + p->cv_cpu * p->cv_cpu) /
                        (2 * (1 - rate_per_ns * piece));
        if (pieces * queued <= share * (p->wait_ns + pieces * piece))
            good = piece;
        else
            bad = piece;
    }
    return good;
}
