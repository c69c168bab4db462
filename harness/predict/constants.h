/* SPDX-License-Identifier: MIT
 *
 * What a model costs on a machine: the constants from which a forecast is
 * made, each with its 95 % interval, as `troika calibrate` measured them. They
 * are stored as machine.json (results/schema/machine.schema.json).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/runtime/base/discipline.h"

enum { CONSTANTS_MODELS_MAX = 64 };

/* A receiver that has nothing to send acknowledges after so long at the latest
 * (TCP_DELACK_MIN of Linux); until then the sender holds what it sent. One
 * whose requests are further apart acknowledges at once. */
enum { ACKNOWLEDGED_NS = 40000000 };

enum constant_id {
    CONSTANT_REQUEST,     /* CPU of a request that does nothing */
    CONSTANT_CALL_FIRST,  /* more CPU with one call to a backend */
    CONSTANT_CALL,        /* and with each further one */
    CONSTANT_BYTE,        /* more CPU for a byte of the answer */
    CONSTANT_CONNECTION,  /* more CPU where a request opens a connection */
    CONSTANT_GROWTH,      /* share by which a request costs more for each
                             doubling of the requests in flight, from 16 on */
    CONSTANT_WAKE,        /* more CPU for a request, or for the answer to a
                                call, that finds the server asleep */
    CONSTANT_PEER,        /* more CPU for a call or an answer whose receiver is
                             asleep, and must be woken */
    CONSTANT_DOZE,        /* a CPU that is idle for less than about this has not
                             fallen asleep, and need not be woken */
    CONSTANT_WORK_FACTOR, /* CPU of the handler's work over that of the work
                             alone */
    CONSTANT_PATH,        /* a request's time beyond its waits, CPU and queue:
                             the network, and both ends' waking up */
    CONSTANT_LAG,         /* more where a request has its time (open loops): its
                             sender's waking up */
    CONSTANT_CALL_PATH,   /* that of a call to a backend, in all */
    CONSTANT_MEMORY,      /* of the server, no one connected and no worker */
    CONSTANT_MEMORY_CONNECTION, /* more for an open connection that was served
                                   once */
    CONSTANT_MEMORY_FLIGHT,     /* more for a request that has called */
    CONSTANT_MEMORY_QUEUED,     /* more for one that waits for its turn, as
                                   what it received lies unread */
    CONSTANT_MEMORY_WORKER,     /* more for a worker that serves */
    CONSTANT_MEMORY_SENT,       /* more for a socket that has sent what is not
                                   acknowledged yet */
    CONSTANT_MEMORY_PAYLOAD,    /* and of a byte of an answer that is so */
    CONSTANT_MEMORY_ENDED, /* of the tasks that ended a short while ago, for
                              a request a second: bytes x seconds */
    CONSTANTS,
};

/* NAN where it was not measured; n values, none below two: no interval. */
struct constant {
    double value, lo, hi;
    int n;
};

struct model_constants {
    char name[64];
    char run_id[64], at[32]; /* of the run that measured them; "": as the
                                machine's own */
    enum discipline discipline;
    bool has_workers, parallel, offloads, foreign;
    bool dispatches; /* one thread starts a task for each request */
    bool token;      /* one task at a time computes (CPython's global lock) */
    int workers;     /* that cannot be set; 0: none, or not said */
    struct constant of[CONSTANTS];
};

/* Of models, and of questions about them. */
enum language { LANGUAGE_C, LANGUAGE_CPYTHON, LANGUAGE_NODE, LANGUAGE_ANY };

struct machine {
    /* Run and date of what is of the machine; of a model's, see there. */
    char run_id[64], at[32], version[64], fingerprint[80];
    int cores; /* of the server when the constants were measured */
    double quantum_ns, stall_share, stall_ns;
    double step_ns;  /* CPU of a step of the workloads spin and mixed */
    bool noisy;      /* stored though the machine was too noisy */
    bool untrusted;  /* of a run whose gates were switched off */
    double own_time; /* the factor of machine_in_own_time; 0: none */
    struct model_constants models[CONSTANTS_MODELS_MAX];
    int model_count;
};

/* "request_ns", with the unit. */
const char *constant_name(enum constant_id id);

/* A fitted constant as it is stored: a difference below zero that can be none
 * is scatter, and becomes 0; what no constant of its kind can be was not
 * measured.
 */
struct constant constant_settled(enum constant_id id, struct constant constant);

/* Puts a model in the place of the one of its name, or behind the others.
 * Returns 0, or -ENOSPC where CONSTANTS_MODELS_MAX are there. */
int machine_put(struct machine *machine, const struct model_constants *model);

/* Gives a model whose doze was not measured that of the others, in the middle:
 * falling asleep is the CPU's, and not the model's. */
void machine_share_doze(struct machine *machine);

/* The CPU time of a handler is said in that of its own language. Constants of
 * work are measured against C, which an interpreter takes many times as long
 * as: where all models that are `asked` about are of one other language, their
 * factors become those against the middle one of them, and a step of work takes
 * as long as there. machine->own_time is then that factor, by which CPU times
 * of C are multiplied. Nothing changes where some are of C, of targets (whose
 * work nobody knows) or of several languages. */
void machine_in_own_time(struct machine *machine, const bool *asked);

/* By its name; LANGUAGE_ANY: of a target nobody knows. */
enum language model_language(const struct model_constants *model);

/* The constant, or `otherwise` where it was not measured. */
double constant_of(const struct model_constants *model, enum constant_id id,
                   double otherwise);

const struct model_constants *machine_model(const struct machine *machine,
                                            const char *name);

/* The run that measured a model's constants, and when it began. */
const char *machine_run_of(const struct machine *machine,
                           const struct model_constants *model);
const char *machine_at_of(const struct machine *machine,
                          const struct model_constants *model);

/* A new object. */
json_t *machine_json(const struct machine *machine);

/* Reads what machine_json wrote. Returns 0, or -EINVAL with the reason: `why`
 * names the first member that is missing, of another type or out of its range,
 * and its value. */
int machine_read(const json_t *json, struct machine *machine, char *why,
                 size_t why_size);
