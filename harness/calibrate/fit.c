/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/statistics.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"

enum { BLOCKS_MAX = 64 };

/* The load points of harness/experiments/calibrate.ini. */
enum place {
    HELLO,
    MANY,
    BYTES,
    CHURN,
    CALL_1,
    CALL_4,
    SPIN,
    PART,
    WAIT_FEW,
    WAIT_MANY,
    WORKERS_FEW,
    WORKERS_MANY,
    PLACES,
};

static const char *const places[PLACES] = {
    [HELLO] = "hello",
    [MANY] = "many",
    [BYTES] = "bytes",
    [CHURN] = "churn",
    [CALL_1] = "call-calls1",
    [CALL_4] = "call-calls4",
    [SPIN] = "spin",
    [PART] = "part",
    [WAIT_FEW] = "wait-c8",
    [WAIT_MANY] = "wait-c256",
    [WORKERS_FEW] = "workers-w8",
    [WORKERS_MANY] = "workers-w64",
};

/* By what the cells differ, from the trials themselves. */
struct facts {
    double cpu_ns; /* of a request */
    double memory_bytes, idle_bytes;
    double connections, size_bytes, workers;
    double bare_ns, steps; /* of the work alone */
    double busy;           /* of one core */
};

/* One model in one block: what each place gave; NAN: nothing. */
typedef struct facts block[PLACES];

static struct facts unknown(void)
{
    return (struct facts){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

/* NAN where a gate withholds it. */
static double figure_of(const char *metric, const json_t *trial)
{
    char why[256];
    return metric_of(metric_find(metric), trial, why, sizeof why);
}

static struct facts facts_of(const json_t *trial)
{
    const json_t *cell = json_object_get(trial, "cell");
    const json_t *cpu = json_object_get(trial, "cpu");
    const json_t *bare = json_object_get(trial, "bare");
    double window_ns = json_figure_of(trial, "window_ns");

    return (struct facts){
        .cpu_ns = figure_of("cpu_per_request_ns", trial),
        .memory_bytes = figure_of("memory_total_bytes", trial),
        .idle_bytes = json_figure_in(trial, "memory", "idle_total_bytes"),
        .connections = json_figure_in(cell, "load", "connections"),
        .size_bytes = json_figure_in(cell, "parameters", "size_bytes"),
        .workers = json_figure_of(cell, "workers"),
        .bare_ns = 1e9 * json_figure_of(bare, "processes") /
                   json_figure_of(bare, "per_s"),
        .steps = json_figure_in(cell, "parameters", "steps"),
        .busy = (json_figure_of(cpu, "user_ns") +
                 json_figure_of(cpu, "system_ns")) /
                window_ns,
    };
}

static void gather(const json_t *trials, const char *model, block *blocks)
{
    const json_t *trial;
    size_t i;

    for (int b = 0; b < BLOCKS_MAX; b++)
        for (int p = 0; p < PLACES; p++)
            blocks[b][p] = unknown();
    json_array_foreach (trials, i, trial) {
        json_int_t b = json_integer_of(trial, "block") - 1;
        if (!json_true_of(trial, "valid") || b < 0 || b >= BLOCKS_MAX ||
            strcmp(json_text_of(json_object_get(trial, "cell"), "model"),
                   model) != 0)
            continue;
        for (int p = 0; p < PLACES; p++)
            if (json_text_is(trial, "load_point", places[p]))
                blocks[b][p] = facts_of(trial);
    }
}

static double cpu_more(const struct facts *at, enum place more, enum place less)
{
    return at[more].cpu_ns - at[less].cpu_ns;
}

/* A constant as one block has it; NAN where a cell is missing. */
static double in_block(const struct facts *at, enum constant_id id)
{
    switch (id) {
    case CONSTANT_REQUEST:
        return at[HELLO].cpu_ns;
    case CONSTANT_CALL_FIRST:
        return cpu_more(at, CALL_1, HELLO);
    case CONSTANT_CALL:
        return cpu_more(at, CALL_4, CALL_1) / 3;
    case CONSTANT_BYTE:
        return cpu_more(at, BYTES, HELLO) /
               (at[BYTES].size_bytes - at[HELLO].size_bytes);
    case CONSTANT_CONNECTION:
        return cpu_more(at, CHURN, HELLO);
    case CONSTANT_GROWTH:
        return (at[MANY].cpu_ns / at[HELLO].cpu_ns - 1) /
               log2(at[MANY].connections / at[HELLO].connections);
    case CONSTANT_WAKE:
        return cpu_more(at, PART, HELLO) / (1 - at[PART].busy);
    case CONSTANT_WORK_FACTOR:
        return cpu_more(at, SPIN, HELLO) / at[SPIN].bare_ns;
    case CONSTANT_MEMORY_FLIGHT:
        return (at[WAIT_MANY].memory_bytes - at[WAIT_FEW].memory_bytes) /
               (at[WAIT_MANY].connections - at[WAIT_FEW].connections);
    case CONSTANT_MEMORY_WORKER:
        return (at[WORKERS_MANY].memory_bytes - at[WORKERS_FEW].memory_bytes) /
               (at[WORKERS_MANY].workers - at[WORKERS_FEW].workers);
    case CONSTANT_MEMORY:
        if (isfinite(at[WORKERS_FEW].memory_bytes))
            return at[WORKERS_FEW].memory_bytes -
                   at[WORKERS_FEW].workers *
                       in_block(at, CONSTANT_MEMORY_WORKER);
        return isfinite(at[WAIT_FEW].idle_bytes) ? at[WAIT_FEW].idle_bytes
                                                 : at[PART].idle_bytes;
    case CONSTANTS:
        break;
    }
    return NAN;
}

static struct constant level(const double *values, int n)
{
    double mean = 0;

    if (n == 0)
        return (struct constant){NAN, NAN, NAN, 0};
    for (int i = 0; i < n; i++)
        mean += values[i] / n;
    double half = n < 2 ? 0 : statistics_half_width(values, n);
    return (struct constant){mean, mean - half, mean + half, n};
}

/* The work alone, by all of a model's blocks; 0: not measured. */
static double step_ns(block *blocks)
{
    double sum_ns = 0;
    int n = 0;

    for (int b = 0; b < BLOCKS_MAX; b++) {
        double ns = blocks[b][SPIN].bare_ns / blocks[b][SPIN].steps;
        if (isfinite(ns)) {
            sum_ns += ns;
            n++;
        }
    }
    return n > 0 ? sum_ns / n : 0;
}

static void fit_model(block *blocks, struct model_constants *model)
{
    for (int id = 0; id < CONSTANTS; id++) {
        double values[BLOCKS_MAX];
        int n = 0;
        for (int b = 0; b < BLOCKS_MAX; b++) {
            double value = in_block(blocks[b], id);
            if (isfinite(value))
                values[n++] = value;
        }
        model->of[id] = level(values, n);
    }
}

int fit_constants(const json_t *trials, struct machine *machine, char *why,
                  size_t why_size)
{
    static block blocks[BLOCKS_MAX];
    int kept = 0;

    snprintf(why, why_size, "no model is asked for");
    for (int i = 0; i < machine->model_count; i++) {
        struct model_constants *model = &machine->models[i];
        gather(trials, model->name, blocks);
        fit_model(blocks, model);
        if (machine->step_ns == 0)
            machine->step_ns = step_ns(blocks);
        if (isfinite(model->of[CONSTANT_REQUEST].value))
            machine->models[kept++] = *model;
        else
            snprintf(why, why_size, "%s has no valid trial of the cell %s",
                     model->name, places[HELLO]);
    }
    machine->model_count = kept;
    return kept > 0 ? 0 : -EINVAL;
}
