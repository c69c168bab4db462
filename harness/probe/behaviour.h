/* SPDX-License-Identifier: MIT
 *
 * What limits a service whose rate does not grow any more, from a few figures
 * at that rate. Pure functions.
 *
 * A service that serves L requests at once and holds each for H answers L / H a
 * second, however many wait (Little's law, for the places). So L is the rate
 * times H. H is measured where nobody queues: with one connection, or in a
 * log's quietest seconds. The share of CPU time tells places from computing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum behaviour_limit {
    LIMIT_NONE,    /* the rate still grew */
    LIMIT_PLACES,  /* the CPUs are idle: so many requests at once */
    LIMIT_ONE,     /* one CPU is busy of several: one loop, or one lock */
    LIMIT_CPU,     /* all CPUs are busy */
    LIMIT_UNKNOWN, /* flat, but nothing is known of the CPUs */
    LIMIT_CROWDED, /* flat, but others kept the CPUs full */
};

/* At the rate that does not grow. Unknown: NAN. */
struct behaviour_facts {
    bool flat;
    double per_s;
    double connections; /* closed loop: requests that are there all the time */
    double hold_ns;     /* H, without a queue */
    double cpu_ns;      /* CPU time of a request */
    double cpus;        /* CPUs that the service may use */
    double busy_cpus;   /* by the service */
    /* CPUs that its threads used or were ready for, in the mean of each part of
     * the measurement: the least and the most of these. */
    double wanted_least, wanted_most;
    double free_cpus; /* of those the service may use, nobody's */
};

struct behaviour {
    enum behaviour_limit limit;
    double places;    /* L; NAN for LIMIT_ONE, LIMIT_CPU, LIMIT_NONE */
    double serial_ns; /* 1 / rate: what each request holds that only one can
                         hold, if there is such a thing */
    struct behaviour_facts facts;
};

/* "places", "one", "cpu", "unknown", "crowded", "none". */
const char *behaviour_name(enum behaviour_limit limit);

void behaviour_judge(const struct behaviour_facts *facts,
                     struct behaviour *behaviour);

/* Whether `places` is a whole number as far as that can be told; beyond 7 no
 * number can be told from a whole one. */
bool behaviour_is_whole(double places);

/* "your service behaves like a pool of 5: ...". Returns text; "" for
 * LIMIT_NONE and LIMIT_CROWDED. */
char *behaviour_words(const struct behaviour *behaviour, char *text,
                      size_t size);
