/* SPDX-License-Identifier: MIT
 *
 * The cost of a reading is its wall time and this thread's CPU time. What it
 * costs the server beyond that, such as a lock that both need, cannot be
 * measured here.
 */
#include "sampler.h"

#include <stdbool.h>

#include "models/runtime/base/clock.h"

static const int64_t SETTLE_STEP_NS = 10000000;
static const int64_t QUIET_NS =
    500000; /* CPU time in a step below which the tree is idle */

enum { SETTLE_STEPS = 100, QUIET_STEPS = 2 };

static void look(struct sampler *sampler, struct meter *meter,
                 void (*reading)(struct meter *, struct meter_sample *),
                 struct meter_sample *sample)
{
    int64_t cpu_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
    int64_t start_ns = clock_now_ns(), took_ns;

    reading(meter, sample);
    took_ns = clock_now_ns() - start_ns;
    sampler->cpu_ns += clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    sampler->total_ns += took_ns;
    sampler->max_ns = took_ns > sampler->max_ns ? took_ns : sampler->max_ns;
    sampler->count++;
}

void sampler_take(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample)
{
    look(sampler, meter, meter_sample, sample);
}

void sampler_walk(struct sampler *sampler, struct meter *meter,
                  struct meter_sample *sample)
{
    look(sampler, meter, meter_walk, sample);
}

/* Whether no thread waits for a CPU. A server that gets none looks idle by its
 * CPU time, and has not yet begun what it was asked for. */
static bool wants_nothing(struct meter *meter)
{
    struct meter_sample sample;

    meter_walk(meter, &sample);
    return sample.threads_ready <= 0;
}

void sampler_settle(struct meter *meter, const volatile sig_atomic_t *stop)
{
    const struct timespec step = {.tv_nsec = SETTLE_STEP_NS};
    struct meter_sample before, after;

    meter_sample(meter, &before);
    for (int i = 0, quiet = 0; i < SETTLE_STEPS && quiet < QUIET_STEPS; i++) {
        if (*stop != 0)
            return;
        nanosleep(&step, NULL);
        meter_sample(meter, &after);
        bool still = after.threads == before.threads &&
                     after.cpu_user_ns + after.cpu_system_ns -
                             before.cpu_user_ns - before.cpu_system_ns <
                         QUIET_NS;

        quiet = still ? quiet + 1 : 0;
        if (quiet == QUIET_STEPS && !wants_nothing(meter))
            quiet = 0;
        before = after;
    }
}
