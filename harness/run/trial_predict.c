/* SPDX-License-Identifier: MIT
 *
 * From a trial's plan and its bare ceiling to what the laws need to know: who
 * holds a request, on how many CPUs.
 */
#include <string.h>

#include "trial.h"

enum { SEEDS = 1000 }; /* have exactly their share of heavy requests */

/* Where only some requests are heavy, their wait is shared by all. */
static int64_t mean_wait_ns(const struct load_point *point)
{
    const struct workload *workload = point->workload->workload;
    int64_t wait_ns = workload->wait_ns(&point->arguments);
    struct arguments each = point->arguments;
    int heavy = 0;

    if (workload->heavy == NULL)
        return wait_ns;
    for (each.seed = 0; each.seed < SEEDS; each.seed++)
        heavy += workload->heavy(&each);
    return wait_ns / SEEDS * heavy;
}

void trial_predict(const struct trial_plan *plan, const struct trial *trial,
                   struct prediction *prediction)
{
    const struct load_point *point = plan->point;
    const struct model_info *model = plan->model;
    bool parallel = strstr(model->flags, "parallel") != NULL;
    struct prediction_input input = {
        .open = point->mode == LOAD_OPEN,
        .rate_per_s = point->rate_per_s,
        .connections = point->connections,
        .think_ns = point->think_ns,
        .wait_ns = mean_wait_ns(point),
        .cpus = parallel ? trial->cpus.server_count : 1,
        .backend_workers = point->backend_workers,
    };

    *prediction = (struct prediction){0};
    if (model->yardstick || model->target != NULL ||
        point->beside.workload != NULL)
        return;
    /* What the bare work costs in C says nothing of another language. */
    if (trial->bare.processes > 0 && trial->bare.per_s > 0 && !model->foreign)
        input.cpu_s = trial->bare.processes / trial->bare.per_s;
    if (!strcmp(model->task, "none"))
        input.holding_workers = 1;
    else if (model->has_workers && strcmp(model->task, "coroutine") != 0)
        input.holding_workers = trial_workers(plan);
    else if (model->has_workers && trial_workers(plan) < input.cpus)
        input.cpus = trial_workers(plan); /* loops, or a loop's pool */
    prediction_make(&input, prediction);
}
