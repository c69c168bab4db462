/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <stdlib.h>

static const double BOUND_SHARE = 0.7;

bool trial_needs_backend(const struct load_point *point)
{
    return point->workload->workload->needs_backend ||
           (point->beside.workload &&
            point->beside.workload->workload->needs_backend);
}

int trial_workers(const struct trial_spec *spec, const struct trial *trial)
{
    if (!spec->model->has_workers)
        return 0;
    if (trial->workers > 0)
        return trial->workers;
    return spec->workers > 0 ? spec->workers : spec->model->workers_default;
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
