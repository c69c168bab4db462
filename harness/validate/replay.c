/* SPDX-License-Identifier: MIT */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/load/answers.h"
#include "harness/load/schedule.h"
#include "workloads/factor.h"

/* The factors of request i of the load, in turn as the generator takes them. */
static void factors_of(const struct replay_load *load, int64_t i, int different,
                       double *wait, double *work)
{
    uint64_t seed = answers_seed(load->seed, (int)(i % different));

    *wait = (double)factor_of(FACTOR_WAIT, seed, load->cv_wait_percent) /
            FACTOR_ONE;
    *work =
        (double)factor_of(FACTOR_WORK, seed, load->cv_cpu_percent) / FACTOR_ONE;
}

int replay_make(const struct replay_load *load, struct request_log *log)
{
    struct load_spec spec = {.mode = LOAD_OPEN,
                             .arrivals = ARRIVALS_POISSON,
                             .rate_per_s = load->rate_per_s,
                             .seed = load->seed,
                             .warmup_ns = load->warmup_ns,
                             .window_ns = load->window_ns};
    struct load_schedule schedule;
    int different = answers_varied((size_t)load->size_bytes);

    *log = (struct request_log){0};
    if (load_schedule_make(&spec, 0, 1, &schedule) < 0)
        return -ENOMEM;
    size_t count = schedule.count, room = (count + 1) * sizeof(double);
    double *at_ns = malloc(room), *wait = malloc(room), *work = malloc(room);
    log->at_ns = at_ns;
    log->wait_factors = wait;
    log->work_factors = work;
    for (size_t i = 0; at_ns && wait && work && i < count; i++) {
        at_ns[i] = (double)schedule.due_ns[i];
        log->warmup += schedule.due_ns[i] < load->warmup_ns;
        factors_of(load, (int64_t)i, different, &wait[i], &work[i]);
        log->count++;
    }
    load_schedule_free(&schedule);
    return at_ns && wait && work ? 0 : -ENOMEM;
}

void replay_free(struct request_log *log)
{
    free((double *)log->at_ns);
    free((double *)log->wait_factors);
    free((double *)log->work_factors);
    *log = (struct request_log){0};
}
