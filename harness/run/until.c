/* SPDX-License-Identifier: MIT
 *
 * The state of an experiment, `until` in run.json, is all that a resumed run
 * needs: how many looks in a row were narrow, and at how many blocks the last
 * look was.
 */
#include "until.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/statistics/precision.h"
#include "harness/statistics/summary.h"
#include "run_json.h"

/* The most blocks, unless --max-blocks says so: four times the planned. Half
 * the width takes four times the blocks. */
enum { BLOCKS_FACTOR = 4, BLOCKS_MOST_LEAST = 12 };

static int blocks_most(const struct run *run, int planned)
{
    const struct overrides *overrides = &run->options.overrides;
    int most = BLOCKS_FACTOR * planned;

    if (overrides->until == 0)
        return planned;
    if (most < BLOCKS_MOST_LEAST)
        most = BLOCKS_MOST_LEAST;
    if (overrides->blocks_max > 0)
        most = overrides->blocks_max;
    return most < EXPERIMENT_BLOCKS_MAX ? most : EXPERIMENT_BLOCKS_MAX;
}

bool until_max_fault(int most, char *why, size_t why_size)
{
    int least = PRECISION_BLOCKS_LEAST + PRECISION_LOOKS - 1;

    if (most == 0 || most >= least)
        return false;
    snprintf(why, why_size,
             "--max-blocks: %d are too few for --until, which ends after %d "
             "blocks at the earliest; give %d or more",
             most, least, least);
    return true;
}

int until_check(const struct run *run, char *why, size_t why_size)
{
    int most = run->options.overrides.blocks_max;

    if (until_max_fault(most, why, why_size))
        return -EINVAL;
    for (int i = 0; i < run->experiment_count && most > 0; i++)
        if (run->experiments[i]->blocks > most) {
            snprintf(why, why_size,
                     "--max-blocks: %s has %d blocks already, and at most %d "
                     "are allowed; raise it, or give --blocks",
                     run->experiments[i]->name, run->experiments[i]->blocks,
                     most);
            return -EINVAL;
        }
    return 0;
}

int until_most(const struct run *run, int64_t *ns)
{
    int count = run->plan.trial_count;

    *ns = plan_eta_ns(&run->plan, 0);
    for (int i = 0; i < run->experiment_count; i++) {
        int blocks = run->experiments[i]->blocks, trials;
        int more = blocks_most(run, blocks) - blocks;

        *ns += more * plan_block_ns(&run->plan, i, &trials);
        count += more * trials;
    }
    return count;
}

char *until_words(const struct run *run, char *text, size_t size)
{
    double asked = run->options.overrides.until;
    int blocks = 0, trials;
    char time[64];
    int64_t ns;

    text[0] = '\0';
    if (asked == 0)
        return text;
    for (int i = 0; i < run->experiment_count; i++) {
        int most = blocks_most(run, run->experiments[i]->blocks);

        blocks = most > blocks ? most : blocks;
    }
    trials = until_most(run, &ns);
    snprintf(text, size,
             "; blocks are added until ±%.3g %%, at most %d: then %d trials, "
             "about %s",
             100 * asked, blocks, trials, plan_duration(ns, time, sizeof time));
    return text;
}

static json_t *json_experiment(const struct run *run, int index)
{
    return json_array_get(json_object_get(run->json, "experiments"),
                          (size_t)index);
}

void until_begin(struct run *run)
{
    for (int i = 0; i < run->experiment_count; i++) {
        int planned = run->experiments[i]->blocks;
        json_t *until = json_null();

        if (run->options.overrides.until > 0)
            until = json_pack("{s:f, s:i, s:i, s:i, s:i, s:b, s:n, s:s}",
                              "width", run->options.overrides.until,
                              "blocks_planned", planned, "blocks_max",
                              blocks_most(run, planned), "blocks_looked", 0,
                              "looks", 0, "reached", 0, "widest", "words", "");
        json_object_set_new(json_experiment(run, i), "until", until);
    }
}

static int extend(struct run *run, int index)
{
    int result = plan_extend(&run->plan, index);

    if (result == 0)
        json_object_set_new(json_experiment(run, index), "blocks",
                            json_integer(run->experiments[index]->blocks));
    return result;
}

int until_replan(struct run *run)
{
    const json_t *stored = json_object_get(run->json, "plan"), *row;
    int result = 0;

    while (result == 0 &&
           (row = json_array_get(stored, (size_t)run->plan.trial_count))) {
        int index = 0, before = run->plan.trial_count;

        while (index < run->experiment_count &&
               !json_text_is(row, "experiment", run->experiments[index]->name))
            index++;
        if (index == run->experiment_count ||
            !json_is_object(
                json_object_get(json_experiment(run, index), "until")))
            break; /* the plan's check tells */
        result = extend(run, index);
        if (run->plan.trial_count == before)
            break; /* no model takes part */
    }
    return result;
}

static json_t *json_widest(const struct precision *precision, double asked)
{
    if (precision->intervals == 0)
        return json_null();
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:i, s:i}", "load_point",
        precision->load_point, "metric", precision->metric, "a", precision->a,
        "b", precision->b ? json_string(precision->b) : json_null(),
        "half_width", json_finite(precision->half_width), "n", precision->n,
        "blocks_needed", precision_blocks_needed(precision, asked));
}

/* Says that a block is added, and why. `lacking`: how many of the blocks so far
 * lack a figure. */
static void say_look(const struct run *run, const struct experiment *experiment,
                     const struct precision *precision, double asked, int most,
                     int lacking)
{
    char why[384];

    if (lacking > 0)
        snprintf(why, sizeof why,
                 "%s%s%s at %s; %d of %d blocks lack a figure, which was "
                 "withheld, and count for no look",
                 precision->a, precision->b ? " / " : "",
                 precision->b ? precision->b : "", precision->load_point,
                 lacking, experiment->blocks - 1);
    else if (precision->half_width <= asked)
        snprintf(why, sizeof why, "narrow, but %d looks in a row must be",
                 PRECISION_LOOKS);
    else
        snprintf(why, sizeof why, "%s%s%s at %s", precision->a,
                 precision->b ? " / " : "", precision->b ? precision->b : "",
                 precision->load_point);
    results_say(&run->results,
                "%s: block %d of at most %d, for ±%s %%: widest ±%s %%, %s",
                experiment->name, experiment->blocks, most,
                digits_of(100 * asked, 3).text,
                isfinite(precision->half_width)
                    ? digits_of(100 * precision->half_width, 2).text
                    : "?",
                why);
}

/* How many looks in a row were narrow. A block in which a figure was withheld
 * adds nothing to the interval that has the fewest blocks, so it is no further
 * look at that one; if the interval is wide now, the count begins anew. */
static int count_looks(const json_t *until, const struct precision *precision,
                       int blocks)
{
    double asked = json_number_of(until, "width");
    int looks = (int)json_integer_of(until, "looks");
    /* In slice mode a block may be cut into several values. */
    int n = precision->n < blocks ? precision->n : blocks;
    int before =
        (int)json_integer_of(until, "blocks_looked") > 0
            ? (int)json_integer_of(json_object_get(until, "widest"), "n")
            : 0;

    if (n > before)
        return precision_look(looks, n, precision->half_width, asked);
    return precision->half_width <= asked ? looks : 0;
}

/* Looks at one experiment. Returns whether it needs a block more. */
static bool look(struct run *run, int index, struct precision *precision)
{
    json_t *until = json_object_get(json_experiment(run, index), "until");
    double asked = json_number_of(until, "width");
    int blocks = run->experiments[index]->blocks;
    int looks = (int)json_integer_of(until, "looks");
    char words[768];

    if (!json_is_object(until))
        return false;
    precision_of(run->json, json_experiment(run, index), precision);
    if (json_integer_of(until, "blocks_looked") < blocks)
        looks = count_looks(until, precision, blocks);
    json_object_set_new(until, "blocks_looked", json_integer(blocks));
    json_object_set_new(until, "looks", json_integer(looks));
    json_object_set_new(until, "reached",
                        json_boolean(looks >= PRECISION_LOOKS));
    json_object_set_new(until, "widest", json_widest(precision, asked));
    json_object_set_new(until, "words",
                        json_text(precision_words(precision, asked, blocks,
                                                  looks >= PRECISION_LOOKS,
                                                  words, sizeof words)));
    return looks < PRECISION_LOOKS && precision->intervals > 0 &&
           blocks < json_integer_of(until, "blocks_max") &&
           blocks < EXPERIMENT_BLOCKS_MAX;
}

int until_extend(struct run *run)
{
    int before = run->plan.trial_count;
    struct precision precision;
    int result = 0;

    if (run->options.overrides.until == 0)
        return 0;
    result = summary_make(run->json, run->trials);
    for (int i = 0; i < run->experiment_count && result == 0; i++) {
        const json_t *until;

        if (!look(run, i, &precision))
            continue;
        result = extend(run, i);
        until = json_object_get(json_experiment(run, i), "until");
        if (result == 0)
            say_look(run, run->experiments[i], &precision,
                     json_number_of(until, "width"),
                     (int)json_integer_of(until, "blocks_max"),
                     run->experiments[i]->blocks - 1 - precision.n);
    }
    run_json_add_plan(run->json, &run->plan, before);
    return result < 0 ? result : run->plan.trial_count - before;
}
