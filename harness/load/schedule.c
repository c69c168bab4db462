/* SPDX-License-Identifier: MIT
 *
 * Arrival times from xoshiro256** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2018; seeded through splitmix64, as they
 * advise).
 *
 * Poisson arrivals have exponential gaps, -ln(U)/rate, summed in doubles:
 * 53 bits hold a day of nanoseconds to a hundredth of one. A burst has one gap
 * for all its requests, longer in proportion. Uniform arrivals are computed
 * from their number, not summed, so that they do not drift.
 *
 * A rate that rises is a change of the clock: the times of a process with rate
 * 1 are taken for numbers of expected requests, and each is turned into the
 * time by which so many are expected (the inverse of the integral of the rate;
 * E. Cinlar, Introduction to Stochastic Processes, 1975, chapter 4).
 */
#include "schedule.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "models/runtime/base/mix.h"
#include "models/runtime/base/units.h"

struct random {
    uint64_t state[4];
};

static void random_seed(struct random *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++, seed += 0x9e3779b97f4a7c15u)
        random->state[i] = mix(seed);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* A number in (0, 1], so that its logarithm is finite. */
static double random_unit(struct random *random)
{
    return (double)((random_next(random) >> 11) + 1) * 0x1p-53;
}

static int append(struct load_schedule *schedule, size_t *capacity,
                  int64_t due_ns)
{
    if (schedule->count == *capacity) {
        size_t larger = *capacity + *capacity / 4 + 64;
        int64_t *times = realloc(schedule->due_ns, larger * sizeof *times);
        if (!times)
            return -ENOMEM;
        schedule->due_ns = times;
        *capacity = larger;
    }
    schedule->due_ns[schedule->count++] = due_ns;
    return 0;
}

/* The expected number of requests of the spec's schedule. */
static double expected(const struct load_spec *spec)
{
    double duration_ns = (double)(spec->warmup_ns + spec->window_ns);
    double count = spec->rate_per_s * duration_ns / 1e9;
    if (spec->rate_end_per_s > 0)
        count += (spec->rate_end_per_s - spec->rate_per_s) / 2 *
                 (double)spec->window_ns / 1e9;
    return spec->requests_max > 0 ? fmin(count, (double)spec->requests_max)
                                  : count;
}

double load_schedule_rate(const struct load_spec *spec, double at_ns)
{
    double into =
        fmax(0, at_ns - (double)spec->warmup_ns) / (double)spec->window_ns;

    if (spec->rate_end_per_s == 0)
        return spec->rate_per_s;
    return spec->rate_per_s +
           (spec->rate_end_per_s - spec->rate_per_s) * fmin(1, into);
}

/* The time by which so many requests of a rising rate are expected. */
static double expected_at_ns(const struct load_spec *spec, double requests)
{
    double start = spec->rate_per_s, warmup_s = (double)spec->warmup_ns / 1e9;
    double rise =
        (spec->rate_end_per_s - start) / ((double)spec->window_ns / 1e9);
    double beyond = requests - start * warmup_s;

    if (beyond <= 0)
        return requests / start * 1e9;
    return (warmup_s +
            2 * beyond / (start + sqrt(start * start + 2 * rise * beyond))) *
           1e9;
}

int load_schedule_check(const struct load_spec *spec, char *why, size_t size)
{
    double duration_s = (double)(spec->warmup_ns + spec->window_ns) / 1e9;
    if (expected(spec) <= LOAD_SCHEDULE_MAX)
        return 0;
    snprintf(why, size,
             "%s for %s are more than the %s requests "
             "that one schedule holds; lower the rate or the duration",
             digits_rate(load_schedule_rate(spec, duration_s * 5e8), 10).text,
             digits_ns(duration_s * 1e9).text,
             digits_whole(LOAD_SCHEDULE_MAX, "").text);
    return -E2BIG;
}

int load_schedule_make(const struct load_spec *spec, int process, int processes,
                       struct load_schedule *schedule)
{
    double duration_ns = (double)(spec->warmup_ns + spec->window_ns);
    double gap_ns = 1e9 / spec->rate_per_s;
    uint64_t burst = spec->burst > 1 ? (uint64_t)spec->burst : 1;
    struct random random;
    random_seed(&random, spec->seed);
    *schedule = (struct load_schedule){0};
    if (!(spec->rate_per_s > 0)) /* connections only, without requests */
        return 0;
    size_t capacity = (size_t)(expected(spec) / processes * 1.02) + 64;
    schedule->due_ns = malloc(capacity * sizeof *schedule->due_ns);
    if (!schedule->due_ns)
        return -ENOMEM;
    bool rises = spec->rate_end_per_s > 0;
    double at = 0, due_ns; /* a time, or a number of requests */
    for (uint64_t number = 0;; number++) {
        if (spec->arrivals == ARRIVALS_UNIFORM)
            at = (double)number * (rises ? 1 : gap_ns);
        else if (number % burst == 0)
            at -= log(random_unit(&random)) * (rises ? 1 : gap_ns) *
                  (double)burst;
        due_ns = rises ? expected_at_ns(spec, at) : at;
        if (due_ns >= duration_ns ||
            (spec->requests_max > 0 && number == spec->requests_max))
            return 0;
        if ((int)(number % (uint64_t)processes) != process)
            continue;
        if (append(schedule, &capacity, (int64_t)due_ns) < 0) {
            load_schedule_free(schedule);
            return -ENOMEM;
        }
    }
}

int load_schedule_parse(const char *text, enum load_arrivals *arrivals,
                        int *burst)
{
    int64_t count;

    *burst = 1;
    *arrivals = ARRIVALS_POISSON;
    if (!strcmp(text, "poisson"))
        return 0;
    if (!strcmp(text, "uniform")) {
        *arrivals = ARRIVALS_UNIFORM;
        return 0;
    }
    if (strncmp(text, "burst:", 6) != 0 ||
        units_parse(UNIT_COUNT, text + 6, &count) < 0 || count < 2 ||
        count > LOAD_BURST_MAX)
        return -EINVAL;
    *burst = (int)count;
    return 0;
}

char *load_schedule_name(enum load_arrivals arrivals, int burst, char *text,
                         size_t size)
{
    if (arrivals == ARRIVALS_POISSON && burst > 1)
        snprintf(text, size, "burst:%d", burst);
    else
        snprintf(text, size, "%s",
                 arrivals == ARRIVALS_POISSON ? "poisson" : "uniform");
    return text;
}

int load_schedule_connections(double rate_per_s, int burst, int64_t wait_ns)
{
    double need = 4 * rate_per_s * ((double)wait_ns / 1e9 + 0.05);

    need = fmax(need, 4.0 * burst);
    return need < 16 ? 16 : need > 10000 ? 10000 : (int)need;
}

void load_schedule_free(struct load_schedule *schedule)
{
    free(schedule->due_ns);
    *schedule = (struct load_schedule){0};
}
