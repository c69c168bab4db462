/* SPDX-License-Identifier: MIT
 *
 * Everything random is seeded by a hash of the run's seed, the experiment's
 * name and the block (for the order of models, which is balanced over several
 * blocks: the cycle of blocks). So the order of one experiment does not depend
 * on which others are in the run.
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/order.h"
#include "harness/experiment/entrants.h"
#include "harness/experiment/modes.h"
#include "harness/search/search.h"

/* Start, idle snapshot and stop of a server on a small machine. The time left
 * that a run prints also counts what its trials took beyond this. */
static const int64_t OVERHEAD_NS = 350000000;
static const int64_t BARE_NS = 250000000;
static const int64_t CHECKS_NS = 500000000; /* at most; trial/steps.c */

enum { PROBES_MIN = 26 }; /* before and after the load; trial/recovery.c */

/* FNV-1a over the text with its final NUL, so that "a" "bc" differs from "ab"
 * "c". */
static uint64_t mix(uint64_t hash, const char *text)
{
    size_t size = strlen(text) + 1;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
    return hash;
}

uint64_t plan_seed(uint64_t seed, const char *experiment,
                   const char *load_point, int block)
{
    uint64_t state = mix(0xcbf29ce484222325, experiment);

    state = mix(state, load_point) ^ seed;
    state = order_random(&state) + (uint64_t)block;
    return order_random(&state);
}

static int model_count(const struct load_point *point)
{
    int n = 0;

    while (n < EXPERIMENT_MODELS_MAX && point->models[n])
        n++;
    return n;
}

/* Whether the names have this model; a copy goes with its original. */
static bool is_among(const char *name, const char *const *names)
{
    size_t length = strlen(name) - entrants_is_copy(name);

    for (; *names; names++)
        if (strlen(*names) == length && !strncmp(name, *names, length))
            return true;
    return false;
}

static void keep_models(struct load_point *point, const char *const *names)
{
    int n = model_count(point), kept = 0;

    for (int i = 0; i < n; i++) {
        if (!is_among(point->models[i], names))
            continue;
        point->models[kept] = point->models[i];
        memmove(point->model_settings[kept], point->model_settings[i],
                SETTINGS_TEXT_MAX);
        point->model_workers[kept++] = point->model_workers[i];
    }
    if (kept < EXPERIMENT_MODELS_MAX)
        point->models[kept] = NULL;
}

void plan_override(struct experiment *experiment,
                   const struct overrides *overrides)
{
    if (overrides->blocks > 0)
        experiment->blocks = overrides->blocks;
    if (overrides->warmup_ns >= 0)
        experiment->calibrate_warmup = false;
    for (int i = 0; i < experiment->load_point_count; i++) {
        struct load_point *point = &experiment->load_points[i];

        if (overrides->window_ns > 0 &&
            modes_have(modes_of(point), CELL_WINDOW))
            point->window_ns = overrides->window_ns;
        if (overrides->warmup_ns >= 0)
            point->warmup_ns = overrides->warmup_ns;
        if (overrides->models)
            keep_models(point, overrides->models);
    }
}

/* Fills `models` with the indices of a load point's models in the order of this
 * block. */
static void order_models(const struct plan *plan, int index,
                         const struct load_point *point, int block, int *models)
{
    int n = model_count(point), cycle = order_cycle(n);
    char use[128];

    if (n == 0)
        return;
    snprintf(use, sizeof use, "order of %.95s", point->id);
    order_draw(n, (block - 1) % cycle,
               plan_seed(plan->seed, plan->experiments[index]->name, use,
                         (block - 1) / cycle),
               models);
}

static void lay_out_block(struct plan *plan, int index, int block)
{
    const struct experiment *experiment = plan->experiments[index];
    uint64_t state = plan_seed(plan->seed, experiment->name, "", block);
    int points[EXPERIMENT_CELLS_MAX], models[EXPERIMENT_MODELS_MAX];

    order_shuffle(points, experiment->load_point_count, &state);
    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[points[i]];
        int n = model_count(point);

        order_models(plan, index, point, block, models);
        for (int j = 0; j < n; j++) {
            struct planned_trial *trial = &plan->trials[plan->trial_count++];

            trial->experiment = index;
            trial->load_point = points[i];
            trial->model = models[j];
            trial->block = block;
            trial->order = plan->trial_count;
            snprintf(trial->id, sizeof trial->id, "%.64s-b%d-%.95s-%.64s",
                     experiment->name, block, point->id,
                     point->models[models[j]]);
        }
    }
}

int plan_make(struct experiment *const *experiments, int count, uint64_t seed,
              struct plan *plan)
{
    size_t total = 0;

    *plan = (struct plan){
        .experiments = experiments, .experiment_count = count, .seed = seed};
    for (int e = 0; e < count; e++)
        for (int i = 0; i < experiments[e]->load_point_count; i++)
            total += (size_t)model_count(&experiments[e]->load_points[i]) *
                     (size_t)experiments[e]->blocks;
    if (total == 0)
        return -EINVAL;
    plan->trials = calloc(total, sizeof *plan->trials);
    if (!plan->trials)
        return -ENOMEM;
    for (int e = 0; e < count; e++)
        for (int block = 1; block <= experiments[e]->blocks; block++)
            lay_out_block(plan, e, block);
    return 0;
}

int plan_extend(struct plan *plan, int experiment)
{
    int more;

    plan_block_ns(plan, experiment, &more);
    struct planned_trial *trials = realloc(
        plan->trials, (size_t)(plan->trial_count + more) * sizeof *trials);
    if (!trials)
        return -ENOMEM;
    memset(trials + plan->trial_count, 0, (size_t)more * sizeof *trials);
    plan->trials = trials;
    lay_out_block(plan, experiment, ++plan->experiments[experiment]->blocks);
    return 0;
}

const struct load_point *plan_point(const struct plan *plan,
                                    const struct planned_trial *trial)
{
    return &plan->experiments[trial->experiment]
                ->load_points[trial->load_point];
}

int plan_together(const struct plan *plan, int index)
{
    const struct planned_trial *first = &plan->trials[index], *next = first + 1;
    const struct load_point *point = plan_point(plan, first);
    const struct planned_trial *end = plan->trials + plan->trial_count;

    if (!modes[modes_of(point)].together && !point->search)
        return 1;
    while (next < end && next->experiment == first->experiment &&
           next->load_point == first->load_point && next->block == first->block)
        next++;
    return (int)(next - first);
}

void plan_free(struct plan *plan)
{
    free(plan->trials);
    *plan = (struct plan){0};
}

/* The time for recovery: the server works off the requests that were beyond its
 * capacity, at most until they time out. If the capacity is unknown, the load
 * is taken for twice the capacity. */
static int64_t recovery_ns(const struct load_point *point, int64_t wait_ns)
{
    double beyond =
        point->rate_of_capacity > 0 ? point->rate_of_capacity - 1 : 1;
    int64_t ns = beyond > 0 ? (int64_t)(beyond * (double)point->window_ns) : 0;

    if (point->recovery_ns == 0)
        return 0;
    ns = ns < point->timeout_ns ? ns : point->timeout_ns;
    return PROBES_MIN * wait_ns +
           (ns < point->recovery_ns ? ns : point->recovery_ns);
}

int64_t plan_trial_ns(const struct load_point *point)
{
    int64_t wait_ns = point->workload->workload->wait_ns(&point->arguments);
    int64_t checks_ns = 20 * wait_ns;
    bool bare = point->workload->workload->kind == WORKLOAD_CPU ||
                point->workload->workload->kind == WORKLOAD_MIXED;

    if (checks_ns > CHECKS_NS)
        checks_ns = CHECKS_NS > wait_ns ? CHECKS_NS : wait_ns;
    return (point->search ? SEARCH_STEPS : 1) *
           (OVERHEAD_NS + checks_ns + point->warmup_ns + point->window_ns +
            (bare ? BARE_NS : 0) + (point->mode == LOAD_OPEN ? wait_ns : 0) +
            recovery_ns(point, wait_ns));
}

/* The time to measure capacities for rates that are multiples, once per
 * section. */
static int64_t capacities_ns(const struct experiment *experiment)
{
    const struct load_point *before = NULL;
    int64_t sum = 0;

    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];

        if (point->rate_of_capacity > 0 &&
            (!before || strcmp(before->section, point->section) != 0))
            sum += model_count(point) *
                   (plan_trial_ns(point) - recovery_ns(point, 0));
        before = point;
    }
    return sum;
}

int64_t plan_block_ns(const struct plan *plan, int experiment, int *trials)
{
    const struct experiment *of = plan->experiments[experiment];
    int64_t sum = 0;

    *trials = 0;
    for (int i = 0; i < of->load_point_count; i++) {
        int count = model_count(&of->load_points[i]);

        sum += count * plan_trial_ns(&of->load_points[i]);
        *trials += count;
    }
    return sum;
}

int64_t plan_eta_ns(const struct plan *plan, int from)
{
    int64_t sum = 0;

    for (int e = 0; e < plan->experiment_count && from == 0; e++)
        sum += capacities_ns(plan->experiments[e]);
    for (int i = from; i < plan->trial_count; i++)
        sum += plan_trial_ns(plan_point(plan, &plan->trials[i]));
    return sum;
}

char *plan_name(const struct plan *plan, const struct planned_trial *trial,
                char *text, size_t size)
{
    const struct load_point *point = plan_point(plan, trial);

    snprintf(text, size, "%d/%d block %d %s %s", trial->order,
             plan->trial_count, trial->block, point->models[trial->model],
             point->id);
    return text;
}

char *plan_duration(int64_t ns, char *text, size_t size)
{
    int64_t s = (ns + 500000000) / 1000000000;

    if (s >= 3600)
        snprintf(text, size, "%d h %d min", (int)(s / 3600),
                 (int)(s % 3600 / 60));
    else if (s >= 60)
        snprintf(text, size, "%d min %d s", (int)(s / 60), (int)(s % 60));
    else
        snprintf(text, size, "%d s", (int)s);
    return text;
}

void plan_print(const struct plan *plan, const char *more, FILE *file)
{
    char text[64];

    for (int i = 0; i < plan->trial_count; i++) {
        const struct planned_trial *trial = &plan->trials[i];

        fprintf(file, "%*d  %s\n", plan->trial_count > 999 ? 5 : 3,
                trial->order, trial->id);
    }
    fprintf(file, "%d trials, about %s%s; seed %llu\n", plan->trial_count,
            plan_duration(plan_eta_ns(plan, 0), text, sizeof text), more,
            (unsigned long long)plan->seed);
}
