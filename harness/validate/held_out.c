/* SPDX-License-Identifier: MIT */
#include "held_out.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "harness/arithmetic/order.h"
#include "harness/arithmetic/statistics.h"
#include "harness/simulate/draw.h"

/* The ranges of the inputs. Steps are of xorshift64*, 1 to 2 ns each. */
static const struct {
    double least, most;
} ranges[] = {{1e6, 20e6}, {20e3, 3e6}, {8, 256}};

enum { DELAY, STEPS, CONNECTIONS, INPUTS };

int held_out_draw(uint64_t seed, int count, struct held_out *services)
{
    int order[HELD_OUT_MAX];
    double values[INPUTS][HELD_OUT_MAX];
    uint64_t state = seed;

    if (count < 1 || count > HELD_OUT_MAX)
        return -EINVAL;
    for (unsigned input = 0; input < INPUTS; input++) {
        double least = log(ranges[input].least), most = log(ranges[input].most);
        order_shuffle(order, count, &state);
        for (int i = 0; i < count; i++) {
            double place = draw_uniform(seed, (uint64_t)i, input);
            values[input][i] =
                exp(least + (most - least) * (order[i] + place) / count);
        }
    }
    for (int i = 0; i < count; i++)
        services[i] = (struct held_out){
            .delay_ns = (int64_t)(values[DELAY][i] / 1e5) * 100000,
            .steps = (int64_t)(values[STEPS][i] / 1e3) * 1000,
            .connections = (int)values[CONNECTIONS][i],
        };
    return 0;
}

void held_out_service(const struct held_out *drawn,
                      const struct machine *machine, struct service *service)
{
    *service = (struct service){
        .wait_ns = (double)drawn->delay_ns,
        .calls = 1,
        .cpu_ns = (double)drawn->steps * machine->step_ns,
        .cpu_after_calls = true,
        .connections = drawn->connections,
        .payload_bytes = 80,
        .burst = 1,
        .cores = machine->cores,
    };
}

void held_out_write(const struct held_out *services, int count,
                    const char *models, int workers, FILE *file)
{
    fprintf(file,
            "[experiment]\n"
            "title = Services that were held back\n"
            "question = How far are forecasts from what is measured?\n"
            "models = %s\n"
            "workers = %d\n"
            "workers.process-loops = 1\n"
            "blocks = 3\n"
            "warmup = 300ms\n"
            "window = 700ms\n"
            "timeout = 10s\n",
            models, workers);
    for (int i = 0; i < count; i++)
        fprintf(file,
                "[cell p%d]\n"
                "workload = mixed\n"
                "delay = %" PRId64 "ns\n"
                "steps = %" PRId64 "\n"
                "connections = %d\n",
                i + 1, services[i].delay_ns, services[i].steps,
                services[i].connections);
}

static int by_size(const void *left, const void *right)
{
    double a = fabs(*(const double *)left), b = fabs(*(const double *)right);
    return (a > b) - (a < b);
}

struct errors held_out_errors(double *errors, int n)
{
    if (n == 0)
        return (struct errors){0, NAN, NAN, NAN};
    qsort(errors, (size_t)n, sizeof *errors, statistics_ascending);
    struct errors result = {.n = n, .bias = errors[n / 2]};
    qsort(errors, (size_t)n, sizeof *errors, by_size);
    result.median = fabs(errors[n / 2]);
    result.p90 = fabs(errors[(int)ceil(0.9 * n) - 1]);
    return result;
}
