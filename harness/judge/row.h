/* SPDX-License-Identifier: MIT
 *
 * One row of somebody's benchmark table, or one output of a load generator: the
 * figures that it states, each as the interval that its printed digits allow.
 */
#pragma once

#include <stdbool.h>

/* In the order in which answers name them. Percentiles stand in their order
 * between the least and the greatest latency. */
enum figure_id {
    FIGURE_RATE,        /* completed requests per second */
    FIGURE_CONNECTIONS, /* C */
    FIGURE_IN_FLIGHT,   /* requests in flight on each connection */
    FIGURE_WAIT,        /* D, of each request */
    FIGURE_CPU,         /* c, of each request */
    FIGURE_WORKERS,     /* W, each holds one request until its end */
    FIGURE_CORES,       /* P */
    FIGURE_DURATION,    /* of the run */
    FIGURE_REQUESTS,    /* completed in that time */
    FIGURE_FAILED,      /* of the requests that the rate counts */
    FIGURE_LOST,        /* neither the rate nor the latencies have them */
    FIGURE_MEAN,
    FIGURE_MIN,
    FIGURE_P10,
    FIGURE_P25,
    FIGURE_P50,
    FIGURE_P75,
    FIGURE_P90,
    FIGURE_P95,
    FIGURE_P99,
    FIGURE_P999,
    FIGURE_P9999,
    FIGURE_MAX,
    FIGURES,
};

enum figure_kind { KIND_RATE, KIND_COUNT, KIND_TIME };

struct figure_about {
    const char *name; /* "rate": also the flag's name where there is one */
    enum figure_kind kind;
    bool flag;          /* --NAME gives it */
    double percent;     /* of a percentile; else 0 */
    const char *member; /* "rate_per_s": in JSON */
};

extern const struct figure_about figure_abouts[FIGURES];

/* The percentile of that many percent, or -1. */
int figure_of_percent(double percent);

/* Rates per second, counts, and times in seconds. */
struct figure {
    bool known;
    double value, low, high;
    int digits;    /* significant ones that were printed; 0: not known */
    bool doubtful; /* "10,125": its comma may be a decimal one */
    char text[24]; /* as printed, for sentences */
};

/* An exact figure, of which no text is kept. */
struct figure figure_exact(double value);

/* How the load was made, as far as the format of the file says. */
enum loop { LOOP_UNKNOWN, LOOP_CLOSED, LOOP_OPEN };

struct row {
    const char *file; /* not owned; NULL: the flags */
    int line;
    const char *format; /* "wrk" */
    char name[80];      /* printable */
    enum loop loop;
    struct figure figures[FIGURES];
    /* Why more requests may be in flight than connections, or seem to be; NULL:
     * no reason is known. */
    const char *flight_doubt;
    /* Why the program's own mean may be wrong; NULL: no reason is known. */
    const char *mean_doubt;
    /* One program has printed latencies and duration, of one run from its
     * begin; and with them its number of requests. */
    bool own_times, own_count;
    bool derived; /* the duration is requests / rate */
};

enum { ROWS_MOST = 10000 };

struct rows {
    struct row *of;
    int count;
};

/* Returns a new row, owned by `rows`, or NULL: no memory, or ROWS_MOST. The
 * next call moves the rows. */
struct row *row_add(struct rows *rows, const char *file, int line,
                    const char *format);
void row_free(struct rows *rows);

/* Sets the name from up to `length` bytes of text, without blanks around it.
 * What is no printable UTF-8 becomes '?'. */
void row_name(struct row *row, const char *text, int length);
