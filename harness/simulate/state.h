/* SPDX-License-Identifier: MIT
 *
 * The state of one simulation, which four files move on: engine.c the requests
 * (arrivals, steps, ends), groups.c who gets an executor and who queues for
 * one, cores.c which executors compute (fair.c in which order, if it is fair).
 *
 * Requests and executors are named by index, since their arrays grow.
 */
#pragma once

#include "events.h"
#include "simulation.h"

enum { NONE = -1 };

enum event_kind {
    EVENT_ARRIVAL, /* subject: the client, or 0 in an open loop */
    EVENT_WAIT,    /* a request's wait is over */
    EVENT_CORE,    /* a piece of work, or a quantum, ends */
    EVENT_TOKEN,   /* who waits for the token has waited for long enough */
    EVENT_STALL,   /* a core stands still */
    EVENT_RESUME,
};

/* Indices in a row, first in first out. */
struct fifo {
    int first, last;
};

/* Requests that wait for an executor: the second kind while there is none of
 * the first. */
struct queue {
    struct fifo first, second;
};

struct request {
    uint64_t key; /* of its random numbers */
    int client;
    int step;
    int next; /* in a fifo */
    double arrived_ns;
    double queued_at_ns, queued_ns;
    int executor[SIMULATION_GROUPS]; /* that it holds, or NONE */
    double factor[SIMULATION_DRAWS];
};

struct executor {
    int group;
    int request;          /* that it carries, or NONE */
    double remaining_ns;  /* of the piece of work at hand; 0: none */
    double slice_ns;      /* left of its quantum or slice; below 0: it ran on */
    int core;             /* that it is on, or NONE */
    int next, previous;   /* in the row of the ready, or of the token */
    struct queue waiting; /* where its group is split */

    /* ORDER_FAIR alone: fair.h. */
    double virtual_ns;
    double credit_ns; /* while it waits */
    bool indebted;    /* it waits, and contends still */
    int place;        /* in the heap, or NONE */
    uint64_t entered; /* when it came to the heap, in order */
};

/* Executors that contend for cores: fair.h. */
struct fair {
    int *heap; /* has room for all executors */
    int count; /* in the heap: ready ones, and such in debt */
    int ready;
    int awake;                 /* ready or running */
    int contenders;            /* awake or in debt */
    double sum_ns, rounded_ns; /* of their virtual times */
    uint64_t entered;
};

struct core {
    int executor; /* NONE: idle */
    bool stalled;
    bool dormant;     /* idle, and what is known of its stalls is of known_ns */
    bool sliced;      /* its event is the end of a quantum, or a tick */
    bool settling;    /* between cores_event and cores_settle */
    bool interrupted; /* meanwhile: another executor is next */
    double since_ns;  /* when it was last looked at */
    double known_ns;
    uint32_t version; /* of its event */
};

struct group_state {
    int first;            /* executor, of a limited group */
    struct fifo free;     /* executors */
    struct queue waiting; /* where the group is not split */
};

struct engine {
    const struct simulation *in;
    double now_ns;
    struct events events;
    bool out_of_memory, too_many;
    int64_t handled; /* events */

    struct request *requests;
    int request_count;
    struct fifo free_requests;
    struct fifo runnable; /* requests that may go on */
    int draw_count;

    struct executor *executors;
    int executor_count;
    struct group_state groups[SIMULATION_GROUPS];

    struct core *cores;
    struct fifo ready; /* executors that wait for a core, in turns */
    struct fair fair;
    int token; /* the executor that has it, or NONE */
    struct fifo token_queue;
    uint32_t token_version;
    uint64_t stalls; /* that were drawn, for their random numbers */

    uint32_t *asked; /* by each client */
    int64_t arrived, ended;
    int64_t in_flight, in_flight_most;
    double area_ns, area_at_ns;
    double computed_ns, demanded_ns, response_ns;

    /* Of the measured requests, in order of their end. */
    double *responses_ns, *ended_at_ns;
    int64_t measured;
    double queued_ns;
    double from_ns, to_ns;
    double area_from_ns, area_to_ns, computed_from_ns, computed_to_ns;
};

/* Notes that memory ran out, and goes on. */
void state_add_event(struct engine *engine, double at_ns, enum event_kind kind,
                     int subject, uint32_t version);

/* First in, first out. A pop of nothing is NONE. */
void fifo_push_request(struct engine *engine, struct fifo *fifo, int request);
int fifo_pop_request(struct engine *engine, struct fifo *fifo);
