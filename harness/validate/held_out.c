/* SPDX-License-Identifier: MIT */
#include "held_out.h"

#include <errno.h>
#include <math.h>

#include "harness/arithmetic/order.h"
#include "harness/simulate/draw.h"

enum input {
    WAIT_NS,
    CPU_NS,
    CALLS,
    CONNECTIONS,
    SIZE_BYTES,
    CV_WAIT,
    CV_CPU,
    SHARE,
    INPUTS
};

/* Of inputs with `whole`, each number has an equal part of the range. */
static const struct {
    double least, most;
    bool whole;
} ranges[INPUTS] = {
    [WAIT_NS] = {1e6, 60e6, false},
    [CPU_NS] = {30e3, 8e6, false},
    [CALLS] = {0, 5, true},
    [CONNECTIONS] = {4, 512, false},
    [SIZE_BYTES] = {80, 65536, false},
    [CV_WAIT] = {0, 2, true},
    [CV_CPU] = {0, 2, true},
    [SHARE] = {0, 3, true},
};

/* Clients whose requests are all in the server must not keep it busy for
 * longer: in slices, the next server waits until this one is idle. */
static const double BACKLOG_NS = 250e6;

static const double shares[] = {0.5, 0.7, 0.85};

static double value_at(enum input input, double place)
{
    double least = ranges[input].least, most = ranges[input].most;

    if (ranges[input].whole)
        return floor(least + (most - least) * place);
    return exp(log(least) + (log(most) - log(least)) * place);
}

static struct held_out service_of(const double *values, double step_ns)
{
    struct held_out service = {
        .calls = (int)values[CALLS],
        .steps = (int64_t)(values[CPU_NS] / step_ns),
        .size_bytes = (int64_t)values[SIZE_BYTES],
        .cv_wait_percent = values[CV_WAIT] >= 1 ? 100 : 0,
        .cv_cpu_percent = values[CV_CPU] >= 1 ? 100 : 0,
        .share = shares[(int)values[SHARE]],
    };
    if (service.calls > 0)
        service.delay_ns = (int64_t)(values[WAIT_NS] / 1e5) * 100000;
    else
        service.cv_wait_percent = 0;
    double most = fmax(4, BACKLOG_NS / values[CPU_NS]);
    service.connections = (int)fmin(values[CONNECTIONS], most);
    return service;
}

int held_out_draw(uint64_t seed, int count, double step_ns,
                  struct held_out *services)
{
    int order[HELD_OUT_MAX];
    double values[HELD_OUT_MAX][INPUTS];
    uint64_t state = seed;

    if (count < 1 || count > HELD_OUT_MAX)
        return -EINVAL;
    for (unsigned input = 0; input < INPUTS; input++) {
        order_shuffle(order, count, &state);
        for (int i = 0; i < count; i++)
            values[i][input] = value_at(
                input,
                (order[i] + draw_uniform(seed, (uint64_t)i, input)) / count);
    }
    for (int i = 0; i < count; i++)
        services[i] = service_of(values[i], step_ns);
    return 0;
}

void held_out_service(const struct held_out *drawn,
                      const struct machine *machine, struct service *service)
{
    *service = (struct service){
        .wait_ns = (double)drawn->delay_ns,
        .calls = drawn->calls,
        .cpu_ns = (double)drawn->steps * machine->step_ns,
        .cv_wait = drawn->cv_wait_percent / 100.0,
        .cv_cpu = drawn->cv_cpu_percent / 100.0,
        .payload_bytes = (double)drawn->size_bytes,
        .burst = 1,
        .cores = machine->cores,
    };
}
