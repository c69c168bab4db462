/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <math.h>
#include <stdlib.h>

static const double BOUND_SHARE = 0.7;
static const double LATE_SHARE = 0.05, LATE_NS = 5e6;

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

int64_t trial_window_ns(const struct trial *trial)
{
    return trial->load->window_end_ns - trial->load->window_start_ns;
}

static double slices_per_s(const struct trial_slices *slices)
{
    double completed = 0, counted_ns = 0;

    for (int i = 0; i < slices->count; i++) {
        completed += (double)slices->rows[i].completed;
        counted_ns += (double)slices->rows[i].counted_ns;
    }
    return completed * 1e9 / counted_ns;
}

double trial_per_s(const struct trial *trial)
{
    if (trial->end != TRIAL_DONE)
        return 0;
    if (trial->slices)
        return slices_per_s(trial->slices);
    return (double)trial->load->completed_in_window * 1e9 /
           (double)trial_window_ns(trial);
}

bool slice_sampled(const struct slice *slice)
{
    return (double)slice->late_ns <=
           fmax(LATE_SHARE * (double)slice->counted_ns, LATE_NS);
}

static int64_t slices_cpu_per_request_ns(const struct trial_slices *slices)
{
    double completed = 0, cpu_ns = 0;

    for (int i = 0; i < slices->count; i++) {
        if (slices->rows[i].cpu_ns < 0)
            return -1;
        if (!slice_sampled(&slices->rows[i]))
            continue;
        completed += (double)slices->rows[i].completed;
        cpu_ns += (double)slices->rows[i].cpu_ns;
    }
    return completed > 0 ? llround(cpu_ns / completed) : -1;
}

int64_t trial_cpu_per_request_ns(const struct trial *trial)
{
    const struct meter_sample *first = &trial->first, *last = &trial->last;
    int64_t span_ns = last->at_ns - first->at_ns;
    int64_t user =
        trial_scaled(trial, span_ns, first->cpu_user_ns, last->cpu_user_ns);
    int64_t kernel =
        trial_scaled(trial, span_ns, first->cpu_system_ns, last->cpu_system_ns);
    uint64_t n = trial->load->completed_in_window;

    if (trial->slices)
        return slices_cpu_per_request_ns(trial->slices);
    if (user < 0 || kernel < 0 || n == 0 || trial->beside)
        return -1;
    return llround((double)(user + kernel) / (double)n);
}

int64_t trial_scaled(const struct trial *trial, int64_t span_ns, int64_t first,
                     int64_t last)
{
    if (first < 0 || last < first || span_ns <= 0)
        return -1;
    return llround((double)(last - first) * (double)trial_window_ns(trial) /
                   (double)span_ns);
}

int64_t trial_throttled_ns(const struct trial_spec *spec,
                           const struct trial *trial)
{
    int64_t first_ns = trial->throttled_first.own_ns;

    return spec->point->cpu_quota > 0 && first_ns >= 0
               ? trial->throttled_last.own_ns - first_ns
               : -1;
}

int64_t trial_walked(const struct trial *trial, int64_t first, int64_t last)
{
    int64_t span_ns = trial->walk_last.at_ns - trial->walk_first.at_ns;

    return trial->has_walks ? trial_scaled(trial, span_ns, first, last) : -1;
}

void trial_free(struct trial *trial)
{
    free(trial->load);
    free(trial->beside);
    free(trial->slices);
    trial->load = trial->beside = NULL;
    trial->slices = NULL;
}
