/* SPDX-License-Identifier: MIT */
#include "precision.h"

#include <math.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "summary_rows.h"

int precision_look(int looks, int n, double half_width, double asked)
{
    if (n < PRECISION_BLOCKS_LEAST || !(half_width <= asked))
        return 0;
    return looks + 1;
}

/* The half width of the row's interval on logarithms, as a share of the value;
 * NAN: the row has one block. */
static double half_width_of(const json_t *row)
{
    double lo = json_figure_of(row, "lo"), hi = json_figure_of(row, "hi");

    return lo > 0 && hi > 0 ? expm1(log(hi / lo) / 2) : NAN;
}

static void take(struct precision *precision, const json_t *row, const char *a,
                 const char *b)
{
    double half_width = half_width_of(row);
    int n = (int)json_integer_of(row, "n");

    if (n == 0)
        return;
    if (precision->intervals++ == 0 || n < precision->n)
        precision->n = n;
    if (precision->intervals > 1 &&
        (isnan(precision->half_width) || half_width <= precision->half_width))
        return;
    precision->half_width = half_width;
    precision->load_point = json_text_of(row, "load_point");
    precision->metric = json_text_of(row, "metric");
    precision->a = a;
    precision->b = b;
}

/* Takes the level of a load point's only contender. */
static void take_level(const json_t *run, const json_t *experiment,
                       const json_t *point, struct precision *precision)
{
    const json_t *name;
    size_t i;

    json_array_foreach (json_object_get(point, "models"), i, name) {
        const char *model = json_string_value(name);

        if (!summary_is_yardstick(run, model))
            take(precision,
                 summary_row(run, json_text_of(experiment, "name"),
                             json_text_of(point, "id"), model,
                             json_text_of(point, "headline")),
                 model, NULL);
    }
}

static int contenders(const json_t *run, const json_t *point)
{
    const json_t *name;
    int count = 0;
    size_t i;

    json_array_foreach (json_object_get(point, "models"), i, name)
        count += !summary_is_yardstick(run, json_string_value(name));
    return count;
}

void precision_of(const json_t *run, const json_t *experiment,
                  struct precision *precision)
{
    const char *name = json_text_of(experiment, "name");
    const json_t *point, *row;
    size_t i, k;

    *precision = (struct precision){.half_width = NAN};
    json_array_foreach (json_object_get(experiment, "load_points"), i, point) {
        if (contenders(run, point) == 1) {
            take_level(run, experiment, point, precision);
            continue;
        }
        json_array_foreach (json_object_get(run, "comparisons"), k, row)
            if (json_text_is(row, "experiment", name) &&
                json_text_is(row, "load_point", json_text_of(point, "id")) &&
                json_text_is(row, "metric", json_text_of(point, "headline")))
                take(precision, row, json_text_of(row, "a"),
                     json_text_of(row, "b"));
    }
}

int precision_blocks_needed(const struct precision *precision, double asked)
{
    double factor = log1p(precision->half_width) / log1p(asked);
    double blocks = precision->n * factor * factor;

    if (!(blocks >= PRECISION_BLOCKS_LEAST))
        blocks = PRECISION_BLOCKS_LEAST;
    blocks = ceil(blocks) + PRECISION_LOOKS - 1;
    return blocks < 100000 ? (int)blocks : 100000;
}

/* "widest ±2.6 %, threads / event-loop at mixed" */
static void say_widest(const struct precision *precision, char *text,
                       size_t size)
{
    const char *b = precision->b;
    char width[48] = "has no interval:";

    if (isfinite(precision->half_width))
        snprintf(width, sizeof width, "±%s %%,",
                 digits_of(100 * precision->half_width, 2).text);
    snprintf(text, size, "widest %s %s%s%s at %s", width, precision->a,
             b ? " / " : "", b ? b : "", precision->load_point);
}

char *precision_words(const struct precision *precision, double asked,
                      int blocks, bool reached, char *text, size_t size)
{
    struct digits share = digits_of(100 * asked, 3);
    char widest[384], lacking[96] = "";

    if (precision->intervals == 0) {
        snprintf(text, size,
                 "no model has a figure, so that more blocks would not make "
                 "intervals of ±%s %%",
                 share.text);
        return text;
    }
    say_widest(precision, widest, sizeof widest);
    if (precision->n < blocks)
        snprintf(lacking, sizeof lacking,
                 " (%d of them lack a figure, which was withheld, and count "
                 "for no look)",
                 blocks - precision->n);
    if (reached)
        snprintf(text, size, "±%s %% reached in %d blocks%s, %s", share.text,
                 blocks, lacking, widest);
    else
        snprintf(text, size,
                 "±%s %% NOT reached in %d blocks%s, %s; about %d would do "
                 "(--max-blocks)",
                 share.text, blocks, lacking, widest,
                 precision_blocks_needed(precision, asked));
    return text;
}

void precision_print(const struct results *results, const json_t *run)
{
    const json_t *experiment;
    size_t i;

    json_array_foreach (json_object_get(run, "experiments"), i, experiment) {
        const json_t *until = json_object_get(experiment, "until");

        if (json_text_of(until, "words")[0])
            results_tell(results, "%s: %s", json_text_of(experiment, "name"),
                         json_text_of(until, "words"));
    }
}
