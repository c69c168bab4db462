/* SPDX-License-Identifier: MIT
 *
 * Only valid trials are used. How many were not is counted, because trials that
 * remain may not be typical.
 *
 * In slice mode a value comes from a stretch of rounds. Stretches do not
 * overlap. Their number is small on purpose: the longer they are, the less
 * alike neighbouring values are. If any slice lacks the figure, the whole block
 * is dropped: the remaining slices would be a biased sample. A slice whose CPU
 * was read late takes only its pair with it, because the cause lies in the
 * harness and not in the figure, so the remaining pairs are not biased.
 */
#include "sample.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "summary_rows.h"

/* Values that a comparison in slice mode should rest on. */
enum { SLICE_VALUES_MIN = 6 };

/* As much as the gate machine_speed allows. */
static const double SPEED_ALIKE = 0.15;

int sample_init(struct sample *sample, size_t n)
{
    /* In slice mode blocks are cut up: up to so many more values than
     * blocks. */
    n += SLICE_VALUES_MIN;
    *sample = (struct sample){.valid = calloc(n, sizeof(json_t *)),
                              .trials = calloc(n, sizeof(json_t *)),
                              .values = calloc(n, sizeof(double))};
    return sample->valid && sample->trials && sample->values ? 0 : -ENOMEM;
}

void sample_free(struct sample *sample)
{
    free(sample->valid);
    free(sample->trials);
    free(sample->values);
    *sample = (struct sample){0};
}

static json_int_t block_of(const json_t *trial)
{
    return json_integer_of(trial, "block");
}

static int by_block(const void *left, const void *right)
{
    json_int_t a = block_of(*(const json_t *const *)left);
    json_int_t b = block_of(*(const json_t *const *)right);

    return (a > b) - (a < b);
}

void sample_gather(const json_t *trials, struct sample *sample)
{
    sample->valid_count = sample->count = sample->invalid = 0;
    sample->withheld = 0;
    sample->reason = NULL;
    const json_t *trial;
    size_t i;
    json_array_foreach (trials, i, trial) {
        if (!figures_are_of(trial, sample->experiment, sample->load_point,
                            sample->model))
            continue;
        if (json_true_of(trial, "valid"))
            sample->valid[sample->valid_count++] = trial;
        else {
            sample->invalid++;
            sample->reason = json_text_of(trial, "reason");
        }
    }
    qsort(sample->valid, (size_t)sample->valid_count, sizeof *sample->valid,
          by_block);
}

void sample_select(struct sample *sample, const struct metric *metric,
                   bool level)
{
    const char *words = NULL;

    sample->count = sample->withheld = 0;
    for (int i = 0; i < sample->valid_count; i++)
        if (!figures_withheld(sample->valid[i], metric->figure, level, &words))
            sample->trials[sample->count++] = sample->valid[i];
        else if (sample->withheld++ == 0 && words)
            sample->reason = words;
}

/* Adds a reason that `some` of the trials have to the text in `why`. */
static void add_reason(const char *reason, int some, int all, char *why,
                       size_t size)
{
    size_t used = strlen(why);

    if (some == 0)
        return;
    used +=
        (size_t)snprintf(why + used, size - used, "%s%s", used > 0 ? "; " : "",
                         reason[0] ? reason : "a trial does not give it");
    if (some < all && used < size)
        snprintf(why + used, size - used, " (in %d of %d trials)", some, all);
}

/* Takes the values of the selected trials. */
static bool take_values(struct sample *sample, const struct metric *metric,
                        char *why, size_t size)
{
    char missing[256] = "", zero[256] = "";
    int without = 0, zeros = 0;

    why[0] = '\0';
    if (sample->count == 0) {
        int gone = sample->withheld + sample->invalid;

        snprintf(why, size, "%s%.200s",
                 sample->withheld > 0  ? "withheld: "
                 : sample->invalid > 0 ? "no valid trial: "
                                       : "not measured",
                 gone > 0 && sample->reason ? sample->reason : "");
        return false;
    }
    for (int i = 0; i < sample->count; i++) {
        char reason[256] = "";
        double value =
            metric->value(metric, sample->trials[i], reason, sizeof reason);

        sample->values[i] = value;
        if (value == 0 && zeros++ == 0)
            strcpy(zero, reason);
        if (!(isfinite(value) && value >= 0) && without++ == 0)
            strcpy(missing, reason);
    }
    add_reason(missing, without, sample->count, why, size);
    add_reason(zero, zeros, sample->count, why, size);
    return without + zeros == 0;
}

bool sample_values(struct sample *sample, const struct metric *metric,
                   char *why, size_t size)
{
    sample_select(sample, metric, true);
    return take_values(sample, metric, why, size);
}

double sample_left_out(struct sample *sample, const struct metric *metric)
{
    int all = sample->valid_count + sample->invalid;

    sample_select(sample, metric, false);
    return all > 0 ? (double)(sample->withheld + sample->invalid) / all : 0;
}

/* Whether the ratio of two trials of a block can be used. If the level of one
 * is off, the error cancels in the ratio provided the machine ran at about
 * equal shares of its usual speed in both. */
static bool alike(const json_t *a, const json_t *b, const struct metric *metric)
{
    const char *words;
    if (!figures_withheld(a, metric->figure, true, &words) &&
        !figures_withheld(b, metric->figure, true, &words))
        return true;
    double x = json_number_of(json_object_get(a, "platform"), "speed_ratio");
    double y = json_number_of(json_object_get(b, "platform"), "speed_ratio");
    return x > 0 && y > 0 && fabs(log(x / y)) <= log1p(SPEED_ALIKE);
}

/* Moves *i and *j on to trials of one block, which may be the present ones;
 * false when no further block has trials of both. */
static bool next_shared(const struct sample *a, const struct sample *b, int *i,
                        int *j)
{
    while (*i < a->count && *j < b->count) {
        json_int_t x = block_of(a->trials[*i]), y = block_of(b->trials[*j]);

        if (x == y)
            return true;
        *(x < y ? i : j) += 1;
    }
    return false;
}

static double slice_value(const json_t *slice, const struct metric *metric)
{
    double completed = json_figure_of(slice, "completed");

    if (!strcmp(metric->name, "throughput_per_s"))
        return completed / json_figure_of(slice, "counted_ns");
    if (!strcmp(metric->name, "cpu_per_request_ns"))
        return json_figure_of(slice, "cpu_ns") / completed;
    return NAN;
}

/* Whether CPU, if the metric is about CPU, was read in time in both slices. */
static bool in_time(const json_t *left, const json_t *right,
                    const struct metric *metric)
{
    return strcmp(metric->name, "cpu_per_request_ns") != 0 ||
           !(json_is_false(json_object_get(left, "sampled")) ||
             json_is_false(json_object_get(right, "sampled")));
}

int sample_slice_ratios(const json_t *a, const json_t *b,
                        const struct metric *metric, int stretches,
                        double *ratios, int *pairs)
{
    const json_t *left = json_object_get(a, "slices");
    const json_t *right = json_object_get(b, "slices");
    size_t rounds = json_array_size(left), used = 0;
    size_t count = rounds < (size_t)stretches ? rounds : (size_t)stretches;
    int given = 0;

    if (count == 0 || json_array_size(right) != rounds)
        return 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = i * rounds / count, to = (i + 1) * rounds / count;
        size_t before = used;
        double sum = 0;

        for (size_t round = from; round < to; round++) {
            const json_t *x = json_array_get(left, round);
            const json_t *y = json_array_get(right, round);

            if (!in_time(x, y, metric))
                continue;
            sum += log(slice_value(x, metric) / slice_value(y, metric));
            used++;
        }
        if (used == before)
            continue;
        ratios[given] = exp(sum / (double)(used - before));
        if (!isfinite(ratios[given]) || ratios[given] <= 0)
            return 0;
        given++;
    }
    if (2 * used < rounds)
        return 0;
    *pairs += (int)used;
    return given;
}

/* Adds the ratios of one shared block behind the n values so far. Returns how
 * many values there are then; -1 if its slices do not give the metric. */
static int pair_block(const json_t *a, const json_t *b,
                      const struct metric *metric, int stretches,
                      struct sample *pair_a, struct sample *pair_b, int n)
{
    int count = sample_slice_ratios(a, b, metric, stretches, pair_a->values + n,
                                    &pair_a->pairs);

    for (int i = n; i < n + count; i++) {
        pair_a->trials[i] = a;
        pair_b->trials[i] = b;
        pair_b->values[i] = 1;
    }
    return count > 0 ? n + count : -1;
}

static int pair_slices(const struct sample *a, const struct sample *b,
                       const struct metric *metric, struct sample *pair_a,
                       struct sample *pair_b)
{
    int blocks = 0, n = 0;

    for (int i = 0, j = 0; next_shared(a, b, &i, &j); i++, j++)
        blocks++;
    for (int i = 0, j = 0; n >= 0 && next_shared(a, b, &i, &j); i++, j++)
        n = pair_block(a->trials[i], b->trials[j], metric,
                       (SLICE_VALUES_MIN + blocks - 1) / blocks, pair_a, pair_b,
                       n);
    pair_a->count = pair_b->count = n > 0 ? n : 0;
    return pair_a->count;
}

int sample_pair(struct sample *a, struct sample *b, const struct metric *metric,
                struct sample *pair_a, struct sample *pair_b)
{
    int n = 0;

    pair_a->count = pair_b->count = pair_a->pairs = 0;
    /* A metric is given for the whole cell or not at all, as in the summary. */
    sample_select(a, metric, false);
    sample_select(b, metric, false);
    char why[256];
    if (!take_values(a, metric, why, sizeof why) ||
        !take_values(b, metric, why, sizeof why))
        return 0;
    if (json_is_array(json_object_get(a->trials[0], "slices")))
        return pair_slices(a, b, metric, pair_a, pair_b);
    for (int i = 0, j = 0; next_shared(a, b, &i, &j); i++, j++)
        if (alike(a->trials[i], b->trials[j], metric)) {
            pair_a->trials[n] = a->trials[i];
            pair_a->values[n] = a->values[i];
            pair_b->trials[n] = b->trials[j];
            pair_b->values[n++] = b->values[j];
        }
    pair_a->count = pair_b->count = n;
    return n;
}

double sample_error_share(const struct sample *sample,
                          const struct metric *metric, bool *lower_bound)
{
    double most = 0;

    *lower_bound = false;
    for (int i = 0; i < sample->count; i++) {
        bool lower;

        most =
            fmax(most, metric_error_share(metric, sample->trials[i], &lower));
        *lower_bound |= lower;
    }
    return most;
}

const char *sample_bound(const struct sample *sample,
                         const struct metric *metric)
{
    /* A limit of the load does not bound CPU, the memory of idle connections or
     * the recovery of a single request. */
    if (!(metric->figure & (FIGURE_THROUGHPUT | FIGURE_LATENCY)))
        return NULL;
    for (int i = 0; i < sample->count; i++) {
        const char *by = figures_bound(sample->trials[i], metric->figure);

        if (by)
            return by;
    }
    return NULL;
}

json_t *sample_ids(const struct sample *sample)
{
    json_t *list = json_array();

    for (int i = 0; i < sample->count; i++)
        if (i == 0 || sample->trials[i] != sample->trials[i - 1])
            json_array_append_new(
                list, json_string(json_text_of(sample->trials[i], "trial_id")));
    return list;
}

int samples_init(struct samples *samples, const json_t *run,
                 const json_t *trials)
{
    size_t n = json_array_size(trials);

    *samples = (struct samples){.run = run, .trials = trials};
    if (sample_init(&samples->a, n) < 0 || sample_init(&samples->b, n) < 0 ||
        sample_init(&samples->pair_a, n) < 0 ||
        sample_init(&samples->pair_b, n) < 0) {
        samples_free(samples);
        return -ENOMEM;
    }
    return 0;
}

void samples_free(struct samples *samples)
{
    sample_free(&samples->a);
    sample_free(&samples->b);
    sample_free(&samples->pair_a);
    sample_free(&samples->pair_b);
}

void samples_at(struct samples *samples, const json_t *experiment,
                const json_t *point)
{
    samples->experiment = experiment;
    samples->point = point;
    samples->a.experiment = samples->b.experiment =
        json_text_of(experiment, "name");
    samples->a.load_point = samples->b.load_point = json_text_of(point, "id");
}

void samples_each(struct samples *samples, void (*each)(void *context),
                  void (*pair)(void *context), void *context)
{
    const json_t *models = json_object_get(samples->point, "models");
    const json_t *a, *b;
    size_t i, j;
    json_array_foreach (models, i, a) {
        samples->a.model = json_string_value(a);
        sample_gather(samples->trials, &samples->a);
        each(context);
        json_array_foreach (models, j, b) {
            samples->b.model = json_string_value(b);
            if (j <= i ||
                summary_is_yardstick(samples->run, samples->a.model) ||
                summary_is_yardstick(samples->run, samples->b.model))
                continue;
            sample_gather(samples->trials, &samples->b);
            pair(context);
        }
    }
}

int samples_pair(struct samples *samples, const struct metric *metric)
{
    return sample_pair(&samples->a, &samples->b, metric, &samples->pair_a,
                       &samples->pair_b);
}

json_t *samples_ids(const struct samples *samples)
{
    json_t *ids = sample_ids(&samples->pair_a);
    json_t *more = sample_ids(&samples->pair_b);

    json_array_extend(ids, more);
    json_decref(more);
    return ids;
}
