/* SPDX-License-Identifier: MIT
 *
 * A made-up machine, whose forecasts have answers in closed form.
 */
#pragma once

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/predict/forecast.h"

static const double MS = 1e6;
static const struct precision PRECISION = {.requests = 50000, .seed = 1};

static struct constant exact(double value)
{
    return (struct constant){value, value, value, 3};
}

/* Two cores; a request costs 10 us, a call 10 us, work is what it is. */
static struct machine world(void)
{
    static const struct {
        const char *name;
        enum discipline discipline;
        bool has_workers, parallel;
    } models[] = {
        {"serial", DISCIPLINE_ALONE, false, false},
        {"loop", DISCIPLINE_LOOP, false, false},
        {"threads", DISCIPLINE_THREAD, false, true},
        {"pool", DISCIPLINE_WORKER, true, true},
    };
    struct machine machine = {.cores = 2, .quantum_ns = 3 * MS};

    for (int i = 0; i < 4; i++) {
        struct model_constants *m = &machine.models[machine.model_count++];
        strcpy(m->name, models[i].name);
        m->discipline = models[i].discipline;
        m->has_workers = models[i].has_workers;
        m->parallel = models[i].parallel;
        for (int c = 0; c < CONSTANTS; c++)
            m->of[c] = exact(0);
        m->of[CONSTANT_REQUEST] = m->of[CONSTANT_CALL_FIRST] = exact(10000);
        m->of[CONSTANT_WORK_FACTOR] = exact(1);
        m->of[CONSTANT_MEMORY] = exact(1 << 20);
        m->of[CONSTANT_MEMORY_CONNECTION] = exact(4096);
        m->of[CONSTANT_MEMORY_FLIGHT] = exact(4096);
        m->of[CONSTANT_MEMORY_WORKER] = exact(65536);
    }
    return machine;
}

static struct service service(double wait_ns, double cpu_ns, double rate_per_s)
{
    struct service profile = {
        .wait_ns = wait_ns, .cpu_ns = cpu_ns, .rate_per_s = rate_per_s};
    profile.given[SERVICE_CPU] = true;
    service_defaults(&profile, 2);
    return profile;
}

static struct forecast forecast(const struct service *profile,
                                const struct machine *machine,
                                const char *model, int workers)
{
    struct forecast f;
    char why[256] = "";
    if (forecast_make(profile, machine, machine_model(machine, model), workers,
                      &PRECISION, &f, why, sizeof why) != 0)
        fail_msg("%s: %s", model, why);
    return f;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got / expected - 1) <= limit))
        fail_msg("%s: got %.6g, expected %.6g", what, got, expected);
}
