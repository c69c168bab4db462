/* SPDX-License-Identifier: MIT
 *
 * All turns are laid out before the first one: a warm-up with each server,
 * then the rounds. Every generator knows its own turns beforehand (`slices` of
 * struct load_spec), and all begin at the same moment. The harness only reads
 * CPU times at the edges of each counted part, those of the server under load
 * first. A late reading is scaled to the length of the counted part, and a gate
 * checks how late it was.
 */
#include "slices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/machine/urgency.h"
#include "models/runtime/base/clock.h"
#include "steps.h"

static const int64_t LEAD_NS = 20000000; /* time to tell all generators */

/* One turn: the load stays with one server. Times since the loads began. */
struct turn {
    int server;
    int slice; /* number of the server's slice; -1 in the warm-up */
    int64_t start_ns, counted_ns, end_ns;
};

struct block {
    int count; /* of the servers that take part */
    struct live_trial live[EXPERIMENT_MODELS_MAX];
    struct load_slice *slices[EXPERIMENT_MODELS_MAX]; /* by generator */
    struct turn *turns;
    int turn_count;
    int64_t begin_ns;  /* of the warm-up */
    int64_t window_ns; /* length of all rounds together */
    struct meter_sample before[EXPERIMENT_MODELS_MAX];
    struct meter_sample after[EXPERIMENT_MODELS_MAX];
    /* By server: the backend's CPU time in the counted parts of the server's
     * turns, and the length of these parts. */
    int64_t backend_ns[EXPERIMENT_MODELS_MAX];
    int64_t backend_span_ns[EXPERIMENT_MODELS_MAX];
};

/* The order of turns: `rounds` rounds, in each of which every one of n models
 * has one turn, in an order of that round. Over a cycle of rounds (order.h)
 * each model stands equally often at each place and right behind each other
 * model. Fills n * rounds entries. */
static void order_turns(int n, int rounds, uint64_t seed, int *models)
{
    int cycle = order_cycle(n);

    for (int round = 0; round < rounds; round++)
        order_draw(n, round % cycle, seed + (uint64_t)(round / cycle),
                   models + (size_t)round * (size_t)n);
}

static int64_t cpu_of(const struct meter_sample *sample)
{
    return sample->cpu_user_ns < 0
               ? -1
               : sample->cpu_user_ns + sample->cpu_system_ns;
}

/* CPU time between two samples, scaled to span_ns; -1: unknown. */
static int64_t grown(const struct meter_sample *before,
                     const struct meter_sample *after, int64_t span_ns)
{
    int64_t first = cpu_of(before), last = cpu_of(after);
    int64_t read_ns = after->at_ns - before->at_ns;

    if (first < 0 || last < first || read_ns <= 0)
        return -1;
    return (int64_t)((double)(last - first) * (double)span_ns /
                     (double)read_ns);
}

/* Adds a turn to the list of all turns and to the list of its generator. */
static void add_turn(struct block *block, int server, int slice,
                     int64_t length_ns, int64_t discard_ns, int64_t *at_ns)
{
    struct turn turn = {.server = server,
                        .slice = slice,
                        .start_ns = *at_ns,
                        .counted_ns = *at_ns + discard_ns,
                        .end_ns = *at_ns + length_ns};

    block->turns[block->turn_count++] = turn;
    block->slices[server][slice + 1] =
        (struct load_slice){turn.start_ns, turn.counted_ns, turn.end_ns};
    *at_ns = turn.end_ns;
}

static int lay_out(struct block *block)
{
    const struct load_point *point = block->live[0].spec->point;
    const struct slicing *slicing = &point->slicing;
    size_t turns = (size_t)block->count * (size_t)(slicing->count + 1);
    int *order = calloc(turns, sizeof *order);
    int64_t at_ns = 0;

    block->turns = calloc(turns, sizeof *block->turns);
    for (int i = 0; i < block->count; i++)
        block->slices[i] =
            calloc((size_t)slicing->count + 1, sizeof *block->slices[i]);
    if (!order || !block->turns || !block->slices[block->count - 1]) {
        free(order);
        return -ENOMEM;
    }
    for (int i = 0; i < block->count; i++)
        add_turn(block, i, -1, point->warmup_ns, point->warmup_ns, &at_ns);
    order_turns(block->count, slicing->count, block->live[0].spec->seed, order);
    for (int i = 0; i < block->count * slicing->count; i++)
        add_turn(block, order[i], i / block->count, slicing->slice_ns,
                 slicing->discard_ns, &at_ns);
    block->window_ns = block->count * point->window_ns;
    free(order);
    return 0;
}

/* Brings up one server; the loads begin later, all together. */
static bool start(struct live_trial *live)
{
    return !steps_stopped(live) && steps_prepare(live) >= 0 &&
           steps_start_server(live) >= 0 && steps_check(live) >= 0 &&
           prediction_record(live->spec, live->trial) >= 0;
}

/* Removes the last server, which failed: its trial says why, and the others go
 * on. */
static void drop(struct block *block)
{
    struct live_trial *live = &block->live[block->count - 1];

    live->trial->end = steps_stopped(live) ? TRIAL_STOPPED : TRIAL_FAILED;
    steps_finish(live);
    block->count--;
}

static int open_load(struct block *block, int index)
{
    struct live_trial *live = &block->live[index];
    const struct load_point *point = live->spec->point;
    int result;

    steps_load_plan(live, &live->load_plan);
    live->load_plan.warmup_ns = block->count * point->warmup_ns;
    live->load_plan.window_ns = block->window_ns;
    live->load_plan.slices = block->slices[index];
    live->load_plan.slice_count = point->slicing.count + 1;
    result = load_start(&live->load_plan, &live->load, live->trial->failure,
                        sizeof live->trial->failure);
    return result < 0 ? result : steps_open(live);
}

static int begin(struct block *block)
{
    block->begin_ns = clock_now_ns() + LEAD_NS;
    for (int i = 0; i < block->count; i++) {
        int64_t result = load_begin_at(block->live[i].load, block->begin_ns);

        if (result < 0)
            return steps_fail(&block->live[i], (int)result,
                              "the load could not begin: %s",
                              strerror((int)-result));
    }
    return 0;
}

/* Reads the CPU time of every server, of the one under load first. */
static void read_all(struct block *block, int active,
                     struct meter_sample *samples)
{
    for (int i = 0; i < block->count; i++) {
        int at = (active + i) % block->count;

        sampler_take(&block->live[at].trial->sampler,
                     block->live[at].server.meter, &samples[at]);
    }
}

static void note_slice(struct block *block, const struct turn *turn)
{
    struct slice *slice =
        &block->live[turn->server].trial->slices->rows[turn->slice];
    const struct meter_sample *before = &block->before[turn->server],
                              *after = &block->after[turn->server];
    int64_t first_ns = before->at_ns - block->begin_ns - turn->counted_ns;
    int64_t last_ns = after->at_ns - block->begin_ns - turn->end_ns;

    slice->started_ns = turn->start_ns - block->turns[block->count].start_ns;
    slice->counted_ns = turn->end_ns - turn->counted_ns;
    slice->late_ns = last_ns > first_ns ? last_ns : first_ns;
    slice->cpu_ns = grown(before, after, slice->counted_ns);
    for (int i = 0; i < block->count; i++) {
        int64_t idle_ns =
            grown(&block->before[i], &block->after[i], slice->counted_ns);

        if (i != turn->server && slice->idle_cpu_ns >= 0)
            slice->idle_cpu_ns =
                idle_ns < 0 ? -1 : slice->idle_cpu_ns + idle_ns;
    }
}

/* Reads CPU times at both edges of the counted part of a turn. False: the trial
 * is to be abandoned. */
static bool watch_turn(struct block *block, const struct turn *turn)
{
    struct live_trial *live = &block->live[turn->server];
    struct meter_sample first, last;
    bool backend = live->trial->has_backend;

    if (!steps_sleep_until(live, block->begin_ns + turn->counted_ns))
        return false;
    read_all(block, turn->server, block->before);
    if (backend)
        backend_server_sample(live->spec->backend, &first);
    if (!steps_sleep_until(live, block->begin_ns + turn->end_ns))
        return false;
    read_all(block, turn->server, block->after);
    note_slice(block, turn);
    if (backend) {
        backend_server_sample(live->spec->backend, &last);
        block->backend_span_ns[turn->server] += last.at_ns - first.at_ns;
        block->backend_ns[turn->server] +=
            grown(&first, &last, last.at_ns - first.at_ns);
    }
    return true;
}

static void begin_window(struct block *block)
{
    for (int i = 0; i < block->count; i++) {
        struct live_trial *live = &block->live[i];

        live->trial->sampler = (struct sampler){0};
        sampler_take(&live->trial->sampler, live->server.meter,
                     &live->trial->first);
    }
    for (int i = 0; i < block->count; i++)
        steps_window_begin(&block->live[i]);
}

static void end_window(struct block *block)
{
    for (int i = 0; i < block->count; i++)
        sampler_take(&block->live[i].trial->sampler,
                     block->live[i].server.meter, &block->live[i].trial->last);
    for (int i = 0; i < block->count; i++) {
        struct trial *trial = block->live[i].trial;

        steps_window_end(&block->live[i]);
        steps_note_tasks(trial, &trial->first);
        steps_note_tasks(trial, &trial->last);
    }
}

/* Watches the block from the loads' beginning to their end. False: the trials
 * are to be abandoned. */
static bool watch(struct block *block)
{
    struct live_trial *first = &block->live[0];
    int64_t window_ns = block->begin_ns + block->turns[block->count].start_ns;

    if (!steps_sleep_until(first,
                           block->begin_ns + (window_ns - block->begin_ns) / 2))
        return false;
    /* All servers of the block share one backend, which is reset once. */
    steps_reset_backend(first);
    for (int i = 1; i < block->count; i++)
        block->live[i].backend_reset = first->backend_reset;
    if (!steps_sleep_until(first, window_ns))
        return false;
    begin_window(block);
    for (int i = block->count; i < block->turn_count; i++)
        if (!watch_turn(block, &block->turns[i]))
            return false;
    end_window(block);
    return true;
}

/* Tells each trial the CPU time that the rest of the block used, so that no
 * gate takes it for the CPU time of foreign processes. */
static void share(struct block *block)
{
    double servers = 0, loads = 0, backend = 0;

    for (int i = 0; i < block->count; i++) {
        const struct trial *trial = block->live[i].trial;

        servers += (double)(cpu_of(&trial->last) - cpu_of(&trial->first));
        loads += trial->load ? (double)trial->load->cpu_ns : 0;
        backend = (double)trial->backend.cpu_ns;
    }
    for (int i = 0; i < block->count; i++) {
        struct trial *trial = block->live[i].trial;

        if (!trial->load)
            continue;
        trial->others_ns =
            servers - (double)(cpu_of(&trial->last) - cpu_of(&trial->first)) +
            loads - (double)trial->load->cpu_ns;
        if (!trial->has_backend || backend < 0)
            continue;
        trial->backend.cpu_ns = block->backend_ns[i];
        trial->backend.span_ns = block->backend_span_ns[i];
        trial->others_ns += backend - (double)trial->backend.cpu_ns;
    }
}

/* Loads and measures the servers, once all of them are up. */
static void drive(struct block *block)
{
    int result = lay_out(block);

    for (int i = 0; i < block->count && result >= 0; i++) {
        result = open_load(block, i);
        if (result < 0)
            block->live[i].trial->lasting =
                result == -EMFILE || result == -EADDRNOTAVAIL;
    }
    if (result >= 0)
        result = begin(block);
    if (result >= 0) {
        urgency_give(0, URGENCY_SAMPLER);
        if (!watch(block))
            result = -EINTR;
        urgency_drop();
    }
    for (int i = 0; i < block->count && result >= 0; i++) {
        struct live_trial *live = &block->live[i];
        struct trial *trial = live->trial;

        if (steps_collect(live, live->load, &trial->load) < 0) {
            free(trial->load);
            trial->load = NULL;
            continue;
        }
        for (int j = 0; j < trial->slices->count; j++)
            trial->slices->rows[j].completed = trial->load->slices[j + 1];
        steps_read_window(live);
        trial->end = TRIAL_DONE;
    }
    if (result >= 0)
        share(block);
}

/* Prepares one trial. The bare ceiling is measured once for all trials of the
 * block; `bare` is NULL for the first of them. */
static int set_up(const struct trial_spec *spec, struct trial *trial,
                  const struct bare *bare, struct live_trial *live)
{
    const struct slicing *slicing = &spec->point->slicing;

    if (steps_init(live, spec, trial) < 0 || steps_stopped(live))
        return -1;
    trial->slices =
        calloc(1, sizeof *trial->slices +
                      (size_t)slicing->count * sizeof *trial->slices->rows);
    if (!trial->slices)
        return -ENOMEM;
    trial->slices->count = slicing->count;
    trial->slices->slice_ns = slicing->slice_ns;
    if (!bare)
        return steps_take_bare(live);
    trial->bare = *bare;
    return 0;
}

void slices_run(const struct trial_spec *specs, struct trial *const *trials,
                int count)
{
    struct block *block = calloc(1, sizeof *block);
    bool stopped;

    for (int i = 0; i < count; i++)
        trials[i]->end = TRIAL_FAILED;
    if (!block)
        return;
    for (int i = 0; i < count; i++) {
        struct live_trial *live = &block->live[block->count++];

        if (set_up(&specs[i], trials[i], i > 0 ? &trials[0]->bare : NULL,
                   live) < 0 ||
            !start(live))
            drop(block);
    }
    if (block->count > 0)
        drive(block);
    stopped = *specs[0].stop != 0;
    for (int i = 0; i < block->count; i++)
        steps_finish(&block->live[i]);
    for (int i = 0; i < count; i++) {
        if (stopped)
            trials[i]->end = TRIAL_STOPPED;
        if (trials[i]->end == TRIAL_FAILED && trials[i]->failure[0] == '\0')
            snprintf(trials[i]->failure, sizeof trials[i]->failure,
                     "another server of the block could not be measured");
    }
    for (int i = 0; i < EXPERIMENT_MODELS_MAX; i++)
        free(block->slices[i]);
    free(block->turns);
    free(block);
}
