/* SPDX-License-Identifier: MIT
 *
 * An own service beside the models that wait as long: an experiment of one
 * cell, and the sentence that its run ends in.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "asked.h"
#include "harness/run/run.h"
#include "shape.h"

/* The service's name in an experiment and in sentences. */
#define OWN_NAME "yours"

enum { OWN_MODELS_MAX = 4 };

/* Says of the service why its answers are held back. */
#define RACE_HELD                                                              \
    "writes an answer's head and body apart, so that the body waits for a "    \
    "delayed acknowledgement (Nagle's algorithm); TCP_NODELAY, or one write "  \
    "for both, mends it"

/* The service and the models, and what each request waits and computes. */
struct race {
    const struct own_asked *asked;
    char check[2048];   /* the rule for answers */
    bool started;       /* by a command; else it runs already */
    double wait_ns;     /* of a request, which the models wait as well */
    double cpu_ns;      /* that they compute as well; 0: none */
    double step_ns;     /* of this machine (workload spin), with cpu_ns */
    double response_ns; /* with one connection */
    int connections;
    const char *models[OWN_MODELS_MAX]; /* its own first, if it has one */
    int model_count;
    struct shape shape;
    bool closes;    /* it ends the connection after an answer, so each request
                       gets one of its own, the models' too */
    double held_ns; /* of a request, its answer is held back for an
                       acknowledgement (held.h); 0: it is not */
};

/* Writes the experiment. Returns 0, or -EINVAL with a sentence. */
int race_write(const struct race *race, FILE *file, char *why, size_t why_size);

/* What the models do in a request: "wait 5.18 ms". Returns text. */
char *race_work(const struct race *race, char *text, size_t size);

/* The rate of a model in a stored run. */
struct race_rate {
    double per_s;        /* NAN: none */
    const char *bound;   /* ">=" where the generator was the limit; or "" */
    double cpu_ns;       /* of a request; NAN: unknown */
    double memory_bytes; /* NAN: unknown */
    const char *why;     /* of a missing rate; or "" */
};
struct race_rate race_rate_of(const json_t *run, const char *model);

/* Writes the sentence: how much of its model's rate the service has, and what
 * the rest goes into. `text` begins with a lower-case letter or a figure and
 * has no full stop. Returns whether there are figures to speak of. */
bool race_sentence(const struct race *race, const json_t *run, char *text,
                   size_t size);
