/* SPDX-License-Identifier: MIT
 *
 * All turns are laid out before the first one: a warm-up with each server,
 * then the rounds. The generators know their own turns beforehand (`slices` of
 * struct load_spec) and begin as one; the harness only reads CPU at the edges
 * of each counted part, from the server under load first. What is read late is
 * scaled to the part's length, and a gate watches how late it was.
 */
#include "slices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/machine/urgency.h"
#include "predict.h"
#include "steps.h"

static const int64_t LEAD_NS = 20000000; /* to tell all generators */

/* The load's stay with one server; times from the loads' beginning. */
struct turn {
    int server, slice; /* slice: of the server's; -1 in the warm-up */
    int64_t start_ns, counted_ns, end_ns;
};

struct block {
    int count; /* servers that take part */
    struct stage stages[EXPERIMENT_MODELS_MAX];
    struct load_slice *slices[EXPERIMENT_MODELS_MAX]; /* each generator's */
    struct turn *turns;
    int turn_count;
    int64_t begin_ns,
        window_ns; /* begin of the warm-up; length of the rounds */
    struct meter_sample before[EXPERIMENT_MODELS_MAX];
    struct meter_sample after[EXPERIMENT_MODELS_MAX];
    int64_t backend_ns[EXPERIMENT_MODELS_MAX];      /* its CPU in a server's */
    int64_t backend_span_ns[EXPERIMENT_MODELS_MAX]; /* counted parts */
};

void slices_order(int n, int rounds, uint64_t seed, int *models)
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

/* Growth between two samples, scaled to a span; -1: unknown. */
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

/* The turn, in the list of all and in that of its server's generator. */
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
    const struct load_point *point = block->stages[0].plan->point;
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
    slices_order(block->count, slicing->count, block->stages[0].plan->seed,
                 order);
    for (int i = 0; i < block->count * slicing->count; i++)
        add_turn(block, order[i], i / block->count, slicing->slice_ns,
                 slicing->discard_ns, &at_ns);
    block->window_ns = block->count * point->window_ns;
    free(order);
    return 0;
}

/* Everything of a server but its load. */
static bool start(struct stage *stage)
{
    return !stage_stopped(stage) && stage_prepare(stage) >= 0 &&
           stage_start_server(stage) >= 0 && stage_check(stage) >= 0 &&
           trial_predict(stage->plan, stage->trial) >= 0;
}

/* The last one could not take part: its trial says why, the others go on. */
static void drop(struct block *block)
{
    struct stage *stage = &block->stages[block->count - 1];

    stage->trial->end = stage_stopped(stage) ? TRIAL_STOPPED : TRIAL_FAILED;
    stage_finish(stage);
    block->count--;
}

static int open_load(struct block *block, int index)
{
    struct stage *stage = &block->stages[index];
    const struct load_point *point = stage->plan->point;
    int result;

    stage_fill_plan(stage, &stage->load_plan);
    stage->load_plan.warmup_ns = block->count * point->warmup_ns;
    stage->load_plan.window_ns = block->window_ns;
    stage->load_plan.slices = block->slices[index];
    stage->load_plan.slice_count = point->slicing.count + 1;
    result = load_start(&stage->load_plan, &stage->load, stage->trial->failure,
                        sizeof stage->trial->failure);
    return result < 0 ? result : stage_open(stage);
}

/* All generators begin at the same moment. */
static int begin(struct block *block)
{
    block->begin_ns = stage_now_ns() + LEAD_NS;
    for (int i = 0; i < block->count; i++) {
        int64_t result = load_begin_at(block->stages[i].load, block->begin_ns);

        if (result >= 0)
            continue;
        snprintf(block->stages[i].trial->failure,
                 sizeof block->stages[i].trial->failure,
                 "the load could not begin: %s", strerror((int)-result));
        return (int)result;
    }
    return 0;
}

/* CPU of every server, from the one under load first. */
static void read_all(struct block *block, int active,
                     struct meter_sample *samples)
{
    for (int i = 0; i < block->count; i++) {
        int at = (active + i) % block->count;

        sampler_take(&block->stages[at].trial->sampler,
                     block->stages[at].server.meter, &samples[at]);
    }
}

static void note_slice(struct block *block, const struct turn *turn)
{
    struct slice *slice =
        &block->stages[turn->server].trial->slices->rows[turn->slice];
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

/* One turn of the rounds: CPU at both ends of what is counted. */
static bool watch_turn(struct block *block, const struct turn *turn)
{
    struct stage *stage = &block->stages[turn->server];
    struct meter_sample first, last;
    bool backend = stage->trial->has_backend;

    if (!stage_sleep_until(stage, block->begin_ns + turn->counted_ns))
        return false;
    read_all(block, turn->server, block->before);
    if (backend)
        backend_server_sample(stage->plan->backend, &first);
    if (!stage_sleep_until(stage, block->begin_ns + turn->end_ns))
        return false;
    read_all(block, turn->server, block->after);
    note_slice(block, turn);
    if (backend) {
        backend_server_sample(stage->plan->backend, &last);
        block->backend_span_ns[turn->server] += last.at_ns - first.at_ns;
        block->backend_ns[turn->server] +=
            grown(&first, &last, last.at_ns - first.at_ns);
    }
    return true;
}

static void note_tasks(struct trial *trial)
{
    const struct meter_sample *both[] = {&trial->first, &trial->last};

    for (int i = 0; i < 2; i++) {
        if (both[i]->threads > trial->threads_max)
            trial->threads_max = both[i]->threads;
        if (both[i]->processes > trial->processes_max)
            trial->processes_max = both[i]->processes;
    }
}

static void look_first(struct block *block)
{
    for (int i = 0; i < block->count; i++) {
        struct stage *stage = &block->stages[i];

        stage->trial->sampler = (struct sampler){0};
        sampler_take(&stage->trial->sampler, stage->server.meter,
                     &stage->trial->first);
    }
    for (int i = 0; i < block->count; i++) {
        struct stage *stage = &block->stages[i];

        machine_sample(&stage->trial->machine_first);
        stage->trial->faults_first =
            inspection_major_faults(stage->server.meter);
        if (stage->trial->has_backend)
            backend_server_sample(stage->plan->backend, &stage->backend_first);
        trial_store_first(stage);
    }
}

static void look_last(struct block *block)
{
    for (int i = 0; i < block->count; i++)
        sampler_take(&block->stages[i].trial->sampler,
                     block->stages[i].server.meter,
                     &block->stages[i].trial->last);
    for (int i = 0; i < block->count; i++) {
        struct stage *stage = &block->stages[i];
        struct trial *trial = stage->trial;

        machine_sample(&trial->machine_last);
        if (trial->has_backend)
            backend_server_sample(stage->plan->backend, &stage->backend_last);
        trial_store_last(stage);
        trial->faults_last = inspection_major_faults(stage->server.meter);
        inspection_make(stage->server.meter, stage->server.pid,
                        &trial->cpus.server, &trial->inspection);
        trial->listeners_last = inspection_listeners(stage->server.port);
        note_tasks(trial);
        trial->alive = process_alive(&stage->server, trial->server_words,
                                     sizeof trial->server_words);
    }
}

/* From the loads' beginning to their end. False when abandoned. */
static bool watch(struct block *block)
{
    struct stage *first = &block->stages[0];
    int64_t window_ns = block->begin_ns + block->turns[block->count].start_ns;

    if (!stage_sleep_until(first,
                           block->begin_ns + (window_ns - block->begin_ns) / 2))
        return false;
    first->backend_reset = first->trial->has_backend &&
                           backend_server_reset(first->plan->backend) == 0;
    if (!stage_sleep_until(first, window_ns))
        return false;
    look_first(block);
    for (int i = block->count; i < block->turn_count; i++)
        if (!watch_turn(block, &block->turns[i]))
            return false;
    look_last(block);
    return true;
}

/* What one load counted; the backend's part in its slices. */
static void take_result(struct block *block, int index)
{
    struct stage *stage = &block->stages[index];
    struct trial *trial = stage->trial;

    for (int i = 0; i < trial->slices->count; i++)
        trial->slices->rows[i].completed = trial->load->slices[i + 1];
    stage_look_for_limits(stage);
    stage_read_updates(stage);
    if (stage->plan->metronome)
        metronome_read(stage->plan->metronome, trial->load->window_start_ns,
                       trial->load->window_end_ns, &trial->platform);
    if (!trial->has_backend)
        return;
    backend_server_read(stage->plan->backend, &stage->backend_first,
                        &stage->backend_last, &trial->backend);
    if (!block->stages[0].backend_reset)
        trial->backend.lateness_p90_ns = trial->backend.lateness_p99_ns =
            trial->backend.lateness_max_ns = -1;
}

/* What of the block is not this trial's own, so that it is nobody's else. */
static void share(struct block *block)
{
    double servers = 0, loads = 0, backend = 0;

    for (int i = 0; i < block->count; i++) {
        const struct trial *trial = block->stages[i].trial;

        servers += (double)(cpu_of(&trial->last) - cpu_of(&trial->first));
        loads += trial->load ? (double)trial->load->cpu_ns : 0;
        backend = (double)trial->backend.cpu_ns;
    }
    for (int i = 0; i < block->count; i++) {
        struct trial *trial = block->stages[i].trial;

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

/* What was measured, once every server is up. */
static int drive(struct block *block)
{
    int result = lay_out(block);

    for (int i = 0; i < block->count && result >= 0; i++) {
        result = open_load(block, i);
        if (result < 0)
            block->stages[i].trial->lasting =
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
        struct stage *stage = &block->stages[i];

        if (stage_collect(stage, stage->load, &stage->trial->load) >= 0) {
            take_result(block, i);
            stage->trial->end = TRIAL_DONE;
        } else {
            free(stage->trial->load);
            stage->trial->load = NULL;
        }
    }
    if (result >= 0)
        share(block);
    return result;
}

static int set_up(const struct trial_plan *plan, struct trial *trial,
                  const struct bare *bare, struct stage *stage)
{
    const struct slicing *slicing = &plan->point->slicing;

    memset(trial, 0, sizeof *trial);
    *stage = (struct stage){.plan = plan, .trial = trial};
    trial->end = TRIAL_FAILED;
    trial->started_at = time(NULL);
    trial->threads_max = trial->processes_max = -1;
    placement_split(plan->point->placement, &trial->cpus);
    trial->slices =
        calloc(1, sizeof *trial->slices +
                      (size_t)slicing->count * sizeof *trial->slices->rows);
    if (!trial->slices)
        return -ENOMEM;
    trial->slices->count = slicing->count;
    trial->slices->slice_ns = slicing->slice_ns;
    if (stage_stopped(stage) || stage_take_cpus(trial) < 0)
        return -1;
    if (!bare)
        return stage_take_bare(stage);
    trial->bare = *bare; /* the same moment for all */
    return 0;
}

void slices_run(const struct trial_plan *plans, struct trial *const *trials,
                int count)
{
    struct block *block = calloc(1, sizeof *block);
    bool stopped;

    for (int i = 0; i < count; i++)
        trials[i]->end = TRIAL_FAILED;
    if (!block)
        return;
    for (int i = 0; i < count; i++) {
        struct stage *stage = &block->stages[block->count++];

        if (set_up(&plans[i], trials[i], i > 0 ? &trials[0]->bare : NULL,
                   stage) < 0 ||
            !start(stage))
            drop(block);
    }
    if (block->count > 0)
        drive(block);
    stopped = *plans[0].stop != 0;
    for (int i = 0; i < block->count; i++)
        stage_finish(&block->stages[i]);
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
