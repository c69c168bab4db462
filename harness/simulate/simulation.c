/* SPDX-License-Identifier: MIT */
#include "simulation.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "harness/arithmetic/statistics.h"

static const char *wrong_step(const struct simulation *in)
{
    bool holds[SIMULATION_GROUPS] = {false};

    for (int i = 0; i < in->step_count; i++) {
        const struct step *step = &in->steps[i];
        bool grouped = step->kind != STEP_WAIT;
        if (grouped && (step->group < 0 || step->group >= in->group_count))
            return "a step names a group that is not there";
        if (step->draw >= SIMULATION_DRAWS || step->draw < NONE)
            return "a step names a draw that is not there";
        if (!(step->time_ns >= 0) || isinf(step->time_ns))
            return "a step's time is no time";
        if (step->kind == STEP_ACQUIRE && holds[step->group])
            return "a step acquires what its request has";
        if (grouped && step->kind != STEP_ACQUIRE && !holds[step->group])
            return "a step needs an executor that its request has not";
        if (step->kind == STEP_ACQUIRE || step->kind == STEP_RELEASE)
            holds[step->group] = step->kind == STEP_ACQUIRE;
    }
    for (int g = 0; g < in->group_count; g++)
        if (holds[g])
            return "a request ends with an executor that nobody gets back";
    return NULL;
}

static const char *wrong_arrivals(const struct arrivals *arrivals)
{
    bool closed = arrivals->kind == ARRIVE_CLOSED;
    if (closed && arrivals->connections < 1)
        return "a closed loop without connections";
    if (closed && !(arrivals->think_ns >= 0))
        return "a think time that is no time";
    if (closed && arrivals->think_draw >= SIMULATION_DRAWS)
        return "a think time names a draw that is not there";
    if (arrivals->kind == ARRIVE_REPLAY && arrivals->log_count == 0)
        return "a replay without arrivals";
    for (size_t i = 1;
         arrivals->kind == ARRIVE_REPLAY && i < arrivals->log_count; i++)
        if (!(arrivals->log_ns[i] >= arrivals->log_ns[i - 1]))
            return "a replay whose arrivals go back in time";
    if (!closed && arrivals->kind != ARRIVE_REPLAY &&
        !(arrivals->rate_per_s > 0))
        return "an open loop without a rate";
    if (!closed && arrivals->burst < 1)
        return "a burst of nothing";
    return NULL;
}

static const char *wrong(const struct simulation *in)
{
    if (in->step_count < 0 || in->step_count > SIMULATION_STEPS)
        return "too many steps";
    if (in->group_count < 0 || in->group_count > SIMULATION_GROUPS)
        return "too many groups";
    if (in->cores < 1 || in->cores > SIMULATION_CORES)
        return "no core, or too many";
    if (!(in->quantum_ns >= 0) || !(in->token_ns >= 0))
        return "a quantum that is no time";
    if (in->order == ORDER_FAIR &&
        (!(in->slice_ns >= 0) || !(in->tick_ns >= 0)))
        return "a slice or a tick that is no time";
    if (!(in->stall_share >= 0) || in->stall_share >= 1 ||
        (in->stall_share > 0 && !(in->stall_ns > 0)))
        return "stalls that are none";
    if (in->requests < SIMULATION_BATCHES || in->requests > INT32_MAX ||
        in->warmup < 0 || in->warmup > INT32_MAX)
        return "too few requests for an interval, or too many";
    for (int g = 0; g < in->group_count; g++)
        if (in->groups[g].executors < 0 ||
            (in->groups[g].split && in->groups[g].executors == 0))
            return "a group without executors";
    const char *why = wrong_step(in);
    return why ? why : wrong_arrivals(&in->arrivals);
}

enum { MEAN, P50, P90, P99, RATE, FIGURES };

static double mean_of(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

/* The value of that rank, from 0; those before it end up below it, and those
 * behind it above (C. A. R. Hoare, Algorithm 65: FIND, Communications of the
 * ACM 4, 1961). */
static double select_rank(double *values, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;

    while (low < high) {
        double pivot = values[low + (high - low) / 2];
        size_t i = low, j = high;
        while (true) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double value = values[i];
            values[i++] = values[j];
            values[j--] = value;
        }
        if (i > j)
            j = i - 1;
        /* values[low ... j] <= pivot <= values[j + 1 ... high] */
        if (rank <= j)
            high = j;
        else
            low = j + 1;
    }
    return values[rank];
}

/* The figures of responses[from ... from+count-1], whose order changes. */
static void figures_of(const struct engine *engine, double *responses,
                       size_t from, size_t count, double *figures)
{
    static const double percentiles[FIGURES] = {
        [P50] = 50, [P90] = 90, [P99] = 99};
    double begin_ns = from ? engine->ended_at_ns[from - 1] : engine->from_ns;
    double span_ns = engine->ended_at_ns[from + count - 1] - begin_ns;

    figures[MEAN] = mean_of(responses + from, count);
    figures[RATE] = span_ns > 0 ? (double)count / span_ns * 1e9 : NAN;
    size_t below = 0;
    for (int f = P50; f <= P99; f++) {
        size_t rank = (size_t)ceil(percentiles[f] / 100 * (double)count) - 1;
        figures[f] =
            select_rank(responses + from + below, count - below, rank - below);
        below = rank; /* where this percentile is */
    }
}

static struct simulated interval(const double (*batches)[FIGURES], int figure,
                                 double value)
{
    double values[SIMULATION_BATCHES];

    for (int b = 0; b < SIMULATION_BATCHES; b++)
        values[b] = batches[b][figure];
    double half = statistics_half_width(values, SIMULATION_BATCHES);
    return (struct simulated){value, value - half, value + half};
}

/* A queue without end makes answers longer by a share of the time that passes.
 * One that has an end wanders up and down: what tells them apart is a rise that
 * is long beside the interval of the mean, and that goes on. */
static double behind_share(const double (*batches)[FIGURES], double window_ns)
{
    enum { THIRD = SIMULATION_BATCHES / 3 };
    static const double HALVES = 4, SHARE = 0.002, TIMES = 2, SHARE_SURE = 0.01,
                        TIMES_SURE = 1.25;
    double means[SIMULATION_BATCHES];

    for (int b = 0; b < SIMULATION_BATCHES; b++)
        means[b] = batches[b][MEAN];
    double half_ns = statistics_half_width(means, SIMULATION_BATCHES);
    double first_ns = mean_of(means, THIRD);
    double last_ns = mean_of(means + SIMULATION_BATCHES - THIRD, THIRD);
    double between = (double)(SIMULATION_BATCHES - THIRD) / SIMULATION_BATCHES;
    double share = (last_ns - first_ns) / (between * window_ns);
    bool rises = last_ns - first_ns > HALVES * half_ns &&
                 ((share > SHARE && last_ns > TIMES * first_ns) ||
                  (share > SHARE_SURE && last_ns > TIMES_SURE * first_ns));

    return rises ? fmin(share, 1) : 0;
}

static void summarise(const struct engine *engine,
                      struct simulation_result *result)
{
    size_t measured = (size_t)engine->measured;
    size_t batch = measured / SIMULATION_BATCHES;
    double batches[SIMULATION_BATCHES][FIGURES], all[FIGURES];
    double window_ns = engine->to_ns - engine->from_ns;

    for (size_t b = 0; b < SIMULATION_BATCHES; b++)
        figures_of(engine, engine->responses_ns, b * batch, batch, batches[b]);
    figures_of(engine, engine->responses_ns, 0, measured, all);
    const double(*rows)[FIGURES] = (const double(*)[FIGURES])batches;
    *result = (struct simulation_result){
        .measured = engine->measured,
        .mean_ns = interval(rows, MEAN, all[MEAN]),
        .p50_ns = interval(rows, P50, all[P50]),
        .p90_ns = interval(rows, P90, all[P90]),
        .p99_ns = interval(rows, P99, all[P99]),
        .rate_per_s = interval(rows, RATE, all[RATE]),
        .behind_share = behind_share(rows, window_ns),
        .busy = (engine->computed_to_ns - engine->computed_from_ns) / window_ns,
        .in_flight = (engine->area_to_ns - engine->area_from_ns) / window_ns,
        .in_flight_most = engine->in_flight_most,
        .queued_ns = engine->queued_ns / (double)measured,
        .span_ns = engine->now_ns,
        .area_ns = engine->area_ns,
        .response_ns = engine->response_ns,
        .computed_ns = engine->computed_ns,
        .demanded_ns = engine->demanded_ns,
        .ended = engine->ended,
    };
}

double simulation_slice_ns(int cpus)
{
    double slice_ns = 700000;

    for (int more = 2; more <= cpus && more <= 8; more *= 2)
        slice_ns += 700000;
    return slice_ns;
}

int simulate(const struct simulation *simulation,
             struct simulation_result *result, char *why, size_t why_size)
{
    const char *reason = wrong(simulation);
    if (reason) {
        snprintf(why, why_size, "%s", reason);
        return -EINVAL;
    }
    struct engine engine = {.in = simulation};
    int status = engine_run(&engine);
    if (status == -E2BIG) {
        *result = (struct simulation_result){.ended = engine.ended};
        snprintf(why, why_size,
                 "beyond the limit of %lld events and %lld requests in flight "
                 "after %lld requests",
                 (long long)simulation->events_most,
                 (long long)simulation->flight_most, (long long)engine.ended);
    } else if (status == 0 && engine.measured < SIMULATION_BATCHES) {
        snprintf(why, why_size, "too few requests for an interval");
        status = -EINVAL;
    } else if (status < 0) {
        snprintf(why, why_size, "out of memory");
    }
    if (status == 0)
        summarise(&engine, result);
    engine_free(&engine);
    return status;
}
