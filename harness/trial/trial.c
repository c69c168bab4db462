/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <stdlib.h>

#include "slice_figures.h"

static const double BOUND_SHARE = 0.7;

bool trial_needs_backend(const struct load_point *point)
{
    return point->workload->workload->needs_backend ||
           (point->beside.workload &&
            point->beside.workload->workload->needs_backend);
}

int trial_workers(const struct trial_plan *plan, const struct trial *trial)
{
    if (!plan->model->has_workers)
        return 0;
    if (trial->workers > 0)
        return trial->workers;
    return plan->workers > 0 ? plan->workers : plan->model->workers_default;
}

double trial_per_s(const struct trial *trial)
{
    const struct load_result *load = trial->load;

    if (trial->slices)
        return slices_per_s(trial->slices);
    return (double)load->completed_in_window * 1e9 /
           (double)(load->window_end_ns - load->window_start_ns);
}

bool trial_ceiling_binds(double per_s, double ceiling_per_s)
{
    return ceiling_per_s > 0 && per_s > BOUND_SHARE * ceiling_per_s;
}

void trial_free(struct trial *trial)
{
    free(trial->load);
    free(trial->beside);
    free(trial->slices);
    trial->load = trial->beside = NULL;
    trial->slices = NULL;
}
