/* SPDX-License-Identifier: MIT
 *
 * What limits a service whose rate does not grow any more, from a few figures
 * at that rate. Pure functions.
 *
 * A service that serves L requests at once and holds each for H answers L / H a
 * second, however many wait (Little's law, for the places). So L is the rate
 * times H. H is measured where nobody queues: with one connection, or in a
 * log's quietest seconds. A loop, or a lock under which is computed, wants one
 * CPU all the time: what it used, what it was ready for without getting it, and
 * what was lost to it make 1.
 *
 * A pool of 6 that waits 10 ms and computes 2 ms has the rate, the CPU time and
 * the places of a loop that does so, and whatever disturbs a measurement moves
 * either's figures towards the other's. So an explanation is told only if the
 * figures of the turns refute all others by more than their error; else the
 * answer is LIMIT_UNDECIDED.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum behaviour_limit {
    LIMIT_NONE,      /* the rate still grew */
    LIMIT_PLACES,    /* the CPUs are idle: so many requests at once */
    LIMIT_ONE,       /* one CPU is busy of several: one loop, or one lock */
    LIMIT_CPU,       /* all CPUs are busy */
    LIMIT_UNKNOWN,   /* flat, but nothing is known of the CPUs */
    LIMIT_UNDECIDED, /* flat, but the figures fit more than one of these */
};

enum { BEHAVIOUR_TURNS = 5 };

/* One measurement at that rate. Unknown: NAN. */
struct behaviour_turn {
    double places; /* the rate times H */
    double busy_cpus;
    double wanted_cpus; /* used, or ready for */
    double hot_cpus;    /* of them, of one thread, at least */
    double lost_cpus;   /* time in which the service may have lacked a CPU or
                           requests, in no other figure: stolen by the hypervisor,
                           or a load that had no CPU itself */
    double others_cpus; /* by other programs, on all CPUs */
    double free_cpus;   /* of those the service may use, nobody's */
};

/* At the rate that does not grow. Unknown: NAN. */
struct behaviour_facts {
    bool flat;
    double per_s;
    double hold_ns; /* H, without a queue */
    double cpu_ns;  /* CPU time of a request */
    double cpus;    /* CPUs that the service may use */
    double in;      /* share of the requests there that hold a place, if H is
                       right; closed loop */
    struct behaviour_turn turns[BEHAVIOUR_TURNS];
    int turn_count;
};

struct behaviour {
    enum behaviour_limit limit;
    double places;    /* L; NAN for LIMIT_ONE, LIMIT_CPU, LIMIT_NONE */
    double serial_ns; /* 1 / rate: what each request holds that only one can
                         hold, if there is such a thing */
    const char *why;  /* of LIMIT_UNDECIDED: which explanations are left */
    struct behaviour_facts facts;
};

/* "places", "one", "cpu", "unknown", "undecided", "none". */
const char *behaviour_name(enum behaviour_limit limit);

void behaviour_judge(const struct behaviour_facts *facts,
                     struct behaviour *behaviour);

/* Whether `places` is a whole number as far as that can be told; beyond 7 no
 * number can be told from a whole one. */
bool behaviour_is_whole(double places);

/* "your service behaves like a pool of 5: ...". Returns text; "" for
 * LIMIT_NONE and LIMIT_UNDECIDED. */
char *behaviour_words(const struct behaviour *behaviour, char *text,
                      size_t size);

/* Of LIMIT_UNDECIDED: what cannot be told, by which figures. Returns text. */
char *behaviour_doubt(const struct behaviour *behaviour, char *text,
                      size_t size);

/* Whether other programs, stolen time or turns that disagree could be why; a
 * probe of a quiet machine would tell more. */
bool behaviour_disturbed(const struct behaviour *behaviour);
