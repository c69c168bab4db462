/* SPDX-License-Identifier: MIT */
#include "state.h"

void state_add_event(struct engine *engine, double at_ns, enum event_kind kind,
                     int subject, uint32_t version)
{
    if (events_add(&engine->events, at_ns, kind, subject, version) < 0)
        engine->out_of_memory = true;
}

void fifo_push_request(struct engine *engine, struct fifo *fifo, int request)
{
    engine->requests[request].next = NONE;
    if (fifo->last == NONE)
        fifo->first = request;
    else
        engine->requests[fifo->last].next = request;
    fifo->last = request;
}

int fifo_pop_request(struct engine *engine, struct fifo *fifo)
{
    int request = fifo->first;
    if (request == NONE)
        return NONE;
    fifo->first = engine->requests[request].next;
    if (fifo->first == NONE)
        fifo->last = NONE;
    return request;
}
