/* SPDX-License-Identifier: MIT
 *
 * Reads only the summary and the comparisons of run.json. A model that is not
 * worse than the leader by its verdict shares the lead. A difference inside the
 * noise is called that, and no winner is named that the data do not support.
 */
#include "conclusion.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "comparison.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/results/ending.h"
#include "harness/trial/drift.h"
#include "margin.h"
#include "models/runtime/base/units.h"
#include "precision.h"
#include "summary_rows.h"

enum { MODELS_SHOWN = 32, TIES_BRIEF = 2 };

/* Difference between repeated trials from which on a machine is called noisy:
 * twice the usual margin. */
static const double NOISE_MUCH = 0.1;

/* The load point whose lines are being made. */
struct point {
    const struct results *results;
    const json_t *run, *trials;
    const char *experiment, *id, *metric;
    const char *baseline; /* or NULL */
    const json_t *apart;  /* names of the models that cannot lead */
    const char *models[MODELS_SHOWN];
    double values[MODELS_SHOWN];
    int count;
};

/* The summary's row on the load point's metric. */
static const json_t *row_of(const struct point *point, const char *model)
{
    return summary_row(point->run, point->experiment, point->id, model,
                       point->metric);
}

/* How `other` compares with the leader: '=' no meaningful difference, '<'
 * worse, '?' unknown, or better in the blocks that both have although its mean
 * over all blocks is worse; 0: there is no comparison. */
static char against(const struct point *point, int leader, int other,
                    const json_t **comparison)
{
    bool turned = false;

    *comparison = summary_comparison(point->run, point->experiment, point->id,
                                     point->metric, point->models[leader],
                                     point->models[other]);
    if (!*comparison) {
        turned = true;
        *comparison = summary_comparison(
            point->run, point->experiment, point->id, point->metric,
            point->models[other], point->models[leader]);
    }
    if (!*comparison)
        return 0;
    const char *verdict = json_text_of(*comparison, "verdict");
    if (!strcmp(verdict, turned ? "worse" : "better"))
        return '<';
    return !strcmp(verdict, "same") || !strcmp(verdict, "negligible") ? '='
                                                                      : '?';
}

static bool is_among(const json_t *names, const char *model)
{
    const json_t *name;
    size_t i;
    json_array_foreach (names, i, name) {
        if (!strcmp(json_string_value(name), model))
            return true;
    }
    return false;
}

/* Ranks the contenders that have a value, best first, without those set
 * apart. */
static void rank(struct point *point, const json_t *models)
{
    const struct metric *metric = metric_find(point->metric);

    point->count = 0;
    const json_t *name;
    size_t i;
    json_array_foreach (models, i, name) {
        const char *model = json_string_value(name);
        double value = json_number_of(row_of(point, model), "value");
        int at = point->count;

        if (!(value > 0) || summary_is_yardstick(point->run, model) ||
            is_among(point->apart, model) || point->count == MODELS_SHOWN)
            continue;
        for (; at > 0 &&
               (point->values[at - 1] < value) == metric->higher_is_better;
             at--) {
            point->values[at] = point->values[at - 1];
            point->models[at] = point->models[at - 1];
        }
        point->values[at] = value;
        point->models[at] = model;
        point->count++;
    }
}

/* Tells the ratio from the leader's side, whichever way round the row is
 * stored. The phrase names the better model, so it fits either way. */
static void tell_comparison(const struct point *point, int leader, int other)
{
    const json_t *row;
    char mark = against(point, leader, other, &row);
    double ratio = json_number_of(row, "ratio");
    double lo = json_number_of(row, "lo");
    double hi = json_number_of(row, "hi");

    if (mark == 0)
        return;
    if (!(lo > 0)) {
        results_tell(point->results, "    %s", json_text_of(row, "words"));
        return;
    }
    if (!json_text_is(row, "a", point->models[leader])) {
        double swap = lo;

        ratio = 1 / ratio;
        lo = 1 / hi;
        hi = 1 / swap;
    }
    char text[32], range[80];
    results_tell(point->results, "    %s times %s %s: %s",
                 comparison_ratio_format(ratio, text, sizeof text),
                 point->models[other],
                 comparison_range_format(lo, hi, range, sizeof range),
                 json_text_of(row, "phrase"));
}

/* Marks a value that is only a bound: ">= 54,000/s (generator-bound)", and for
 * a latency "<= 1.2 ms (Redis-bound)". */
static void mark_bound(const struct point *point, const char *plain, char *text,
                       size_t size)
{
    const json_t *row = row_of(point, point->models[0]);
    const char *sign =
        metric_find(point->metric)->higher_is_better ? ">=" : "<=";

    if (json_is_string(json_object_get(row, "bound_by")))
        snprintf(text, size, "%s %s (%s-bound)", sign, plain,
                 json_text_of(row, "bound_by"));
    else
        snprintf(text, size, "%s%s", metric_mark(row), plain);
}

/* The models that the verdicts do not put behind the leader, with it: "A, B and
 * C"; `most` of them by name ("A, B and 2 more"). Sets `unsure` if one of them
 * may be better or worse; then `unclear` stands before the last. Returns their
 * number. */
static int leaders(const struct point *point, int most, const char *unclear,
                   char *text, size_t size, bool *unsure)
{
    const char *names[MODELS_SHOWN] = {point->models[0]};
    int count = 1;
    const json_t *comparison;
    *unsure = false;
    for (int i = 1; i < point->count; i++) {
        char mark = against(point, 0, i, &comparison);
        if (mark == '<')
            continue;
        *unsure |= mark != '=';
        names[count++] = point->models[i];
    }
    const char *last = *unsure ? unclear : " and ";
    size_t used = 0;
    for (int i = 0; i < count && i < most && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i == 0           ? ""
                                 : i == count - 1 ? last
                                                  : ", ",
                                 names[i]);
    if (count > most && used < size)
        snprintf(text + used, size - used, "%s%d more", last, count - most);
    return count;
}

/* Why no leader can be told among several. */
static const char *unclear_words(const struct point *point)
{
    bool few = json_integer_of(row_of(point, point->models[0]), "n") <
               PRECISION_BLOCKS_LEAST;

    return few ? "not told apart by so few blocks" : "too close to call";
}

static void tell_leader(const struct point *point)
{
    const struct metric *metric = metric_find(point->metric);
    char tied[512];
    bool unsure;
    int leading =
        leaders(point, MODELS_SHOWN, " and ", tied, sizeof tied, &unsure);
    char plain[32];
    metric_format(point->metric, point->values[0], plain, sizeof plain);
    char value[96];
    mark_bound(point, plain, value, sizeof value);
    if (json_integer_of(row_of(point, point->models[0]), "n") < 2) {
        results_tell(point->results,
                     "  %s: one block: no interval, so no verdict; best %s "
                     "seen is %s by %s",
                     point->id, metric->words, value, point->models[0]);
        return;
    }
    if (point->count == 1)
        results_tell(point->results, "  %s: %s, %s %s (no other has a figure)",
                     point->id, point->models[0], metric->words, value);
    else if (leading == 1)
        results_tell(point->results, "  %s: %s leads on %s, %s", point->id,
                     point->models[0], metric->words, value);
    else
        results_tell(point->results, "  %s: %s: %s%s%s%s (%s %s)", point->id,
                     metric->words,
                     unsure ? "" : "no meaningful difference between ", tied,
                     unsure ? " " : "", unsure ? unclear_words(point) : "",
                     point->models[0], value);
    if (point->count > 1)
        tell_comparison(point, 0, 1);
    for (int i = 2; i < point->count && point->baseline; i++)
        if (!strcmp(point->models[i], point->baseline))
            tell_comparison(point, 0, i);
    if (point->baseline && point->count > 2 &&
        !strcmp(point->models[0], point->baseline))
        tell_comparison(point, 0, point->count - 1);
}

/* Tells if one and the same thing was the limit under every model. */
static void tell_limit(const struct point *point)
{
    const char *by = NULL;

    if (strcmp(point->metric, "throughput_per_s") != 0 || point->count < 2)
        return;
    for (int i = 0; i < point->count; i++) {
        const char *one =
            json_string_of(row_of(point, point->models[i]), "bound_by");

        if (!one || (by && strcmp(one, by) != 0))
            return;
        by = one;
    }
    char least[32], most[32];
    results_tell(
        point->results,
        "    %s is the limit under every model, at %s to %s: the model is not "
        "the bottleneck; compare CPU per request instead",
        strcmp(by, "generator") != 0 && strcmp(by, "backend") != 0 ? by
        : !strcmp(by, "backend") ? "the backend"
                                 : "the generator",
        metric_format(point->metric, point->values[point->count - 1], least,
                      sizeof least),
        metric_format(point->metric, point->values[0], most, sizeof most));
}

/* Names the cells without a figure: a gap must not look like a zero. */
static void tell_gaps(const struct point *point, const json_t *models)
{
    const json_t *name, *row;
    size_t i;
    json_array_foreach (models, i, name) {
        const char *model = json_string_value(name);
        json_int_t invalid, withheld;

        row = row_of(point, model);
        invalid = json_integer_of(row, "invalid");
        withheld = json_integer_of(row, "withheld");
        if (!json_is_number(json_object_get(row, "value")))
            /* "0/s: ..." is a figure, though it has no mean. */
            results_tell(point->results, "    %s: %s%s", model,
                         isdigit((unsigned char)json_text_of(row, "why")[0])
                             ? ""
                             : "no figure: ",
                         json_text_of(row, "why"));
        else if (invalid + withheld > 0)
            results_tell(point->results,
                         "    %s: left out %d trial%s, %d invalid and %d from "
                         "which %s is withheld",
                         model, (int)(invalid + withheld),
                         invalid + withheld == 1 ? "" : "s", (int)invalid,
                         (int)withheld, metric_find(point->metric)->words);
    }
}

/* Tells the drift of a soak trial by trial, since a mean of slopes would hide
 * the one server that leaks. */
static void tell_drift(const struct point *point, const json_t *models)
{
    const json_t *name, *trial;
    char words[768];
    size_t i, j;
    json_array_foreach (models, i, name)
        json_array_foreach (point->trials, j, trial) {
            const char *model = json_string_value(name);
            const json_t *drift = json_object_get(trial, "drift");

            if (drift && json_true_of(trial, "valid") &&
                figures_are_of(trial, point->experiment, point->id, model))
                results_tell(point->results, "    %s, block %d: %s", model,
                             (int)json_integer_of(trial, "block"),
                             trial_drift_words(drift, words, sizeof words));
        }
}

/* Tells the time to recover if the experiment asks for it. */
static void tell_recovery(const struct point *point, const json_t *models)
{
    const json_t *name, *row, *value;
    char text[32];
    size_t i;
    json_array_foreach (models, i, name) {
        const char *model = json_string_value(name);

        row = summary_row(point->run, point->experiment, point->id, model,
                          "recovery_ns");
        value = json_object_get(row, "value");
        if (json_is_number(value))
            results_tell(point->results, "    %s: recovered after %s", model,
                         metric_format("recovery_ns", json_number_value(value),
                                       text, sizeof text));
        else if (row)
            results_tell(point->results, "    %s: time to recover: %s", model,
                         json_text_of(row, "why"));
    }
}

static bool beyond(const json_t *run, const json_t *experiment,
                   const json_t *point, const char *model, const char *metric,
                   double limit)
{
    const json_t *row = summary_row(run, json_string_of(experiment, "name"),
                                    json_string_of(point, "id"), model, metric);

    return json_number_of(row, "lo") > limit;
}

static bool misses(const json_t *run, const json_t *experiment,
                   const json_t *point, const char *model)
{
    const json_t *profile = json_object_get(experiment, "profile");
    bool beside = json_is_object(json_object_get(point, "beside"));
    double limit = json_number_of(profile, "limit_ns");
    double memory = json_number_of(profile, "memory_bytes");
    double p = json_number_of(profile, "limit_percentile");
    char metric[48];
    if (limit > 0) {
        snprintf(metric, sizeof metric, "%s_p%g_ns",
                 beside ? "beside" : "latency", p > 0 ? p : 99);
        if (beyond(run, experiment, point, model, metric, limit) ||
            (!beside &&
             beyond(run, experiment, point, model, "latency_p50_ns", limit)))
            return true;
    }
    return memory > 0 &&
           beyond(run, experiment, point, model, "memory_total_bytes", memory);
}

/* The contenders whose whole 95 % interval lies beyond a limit of the profile,
 * as an array of names that the caller releases; empty without a profile or
 * limits. A limit on a percentile is also missed if the median is beyond it.
 * NULL when out of memory. The report uses this rule, too (reports/,
 * missed). */
static json_t *missed_limit(const json_t *run, const json_t *experiment,
                            const json_t *point)
{
    json_t *found = json_array();
    const json_t *name;
    size_t i;
    json_array_foreach (json_object_get(point, "models"), i, name) {
        const char *model = json_string_value(name);

        if (found && !summary_is_yardstick(run, model) &&
            misses(run, experiment, point, model) &&
            json_array_append_new(found, json_string(model)) < 0) {
            json_decref(found);
            found = NULL;
        }
    }
    return found;
}

/* The profile's limits: "p99<100ms or 512MiB of memory". Returns text. */
static char *limit_words(const json_t *experiment, char *text, size_t size)
{
    const json_t *profile = json_object_get(experiment, "profile");
    const char *limit = json_string_of(profile, "limit");
    json_int_t memory = json_integer_of(profile, "memory_bytes");
    char bytes[32] = "";

    if (memory > 0)
        units_format(UNIT_BYTES, memory, bytes, sizeof bytes);
    snprintf(text, size, "%s%s%s%s", limit ? limit : "",
             limit && memory > 0 ? " or " : "", bytes,
             memory > 0 ? " of memory" : "");
    return text;
}

/* Ranks the models that keep the limits of the profile; all of them if none
 * does. Returns the names of those that miss one, which the caller releases;
 * point->apart borrows them where they are set apart. */
static json_t *rank_fitting(struct point *point, const json_t *experiment,
                            const json_t *object)
{
    const json_t *models = json_object_get(object, "models");
    json_t *missed = missed_limit(point->run, experiment, object);

    point->apart = missed;
    rank(point, models);
    if (point->count == 0 && json_array_size(missed) > 0) {
        point->apart = NULL;
        rank(point, models);
    }
    return missed;
}

static void rank_and_tell(struct point *point, const json_t *experiment,
                          const json_t *object)
{
    json_t *missed = rank_fitting(point, experiment, object);
    char names[512] = "";
    size_t used = 0;

    if (point->count > 0)
        tell_leader(point);
    else
        results_tell(point->results, "  %s: no figure", point->id);
    const json_t *name;
    size_t i;
    json_array_foreach (missed, i, name) {
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     i ? ", " : "", json_string_value(name));
    }
    char words[128];
    limit_words(experiment, words, sizeof words);
    if (point->count == 0)
        names[0] = '\0';
    if (names[0] && !point->apart)
        results_tell(
            point->results,
            "    ranked without regard to the profile's %s, which all miss",
            words);
    else if (names[0])
        results_tell(point->results,
                     "    set apart, because they miss the profile's %s: %s",
                     words, names);
    point->apart = NULL;
    json_decref(missed);
}

/* "event-loop leads, throughput 1,990/s". Returns text. */
static char *lead_text(const struct point *point, char *text, size_t size)
{
    char plain[32], value[96], names[512], between[64];
    bool unclear;
    int ties =
        leaders(point, TIES_BRIEF + 1, " or ", names, sizeof names, &unclear) -
        1;
    snprintf(between, sizeof between, ", %s", unclear_words(point));
    const char *verdict = unclear             ? between
                          : ties > 0          ? " alike"
                          : point->count == 1 ? " alone has a figure"
                                              : " leads";

    if (json_integer_of(row_of(point, point->models[0]), "n") < 2)
        verdict = " in one block, so without a verdict";
    metric_format(point->metric, point->values[0], plain, sizeof plain);
    mark_bound(point, plain, value, sizeof value);
    snprintf(text, size, "%s%s, %s %s", names, verdict,
             metric_find(point->metric)->words, value);
    return text;
}

struct leads {
    const json_t *run;
    json_t *lines;
};

static int add_lead(const json_t *experiment, const json_t *object,
                    void *context)
{
    struct leads *leads = context;
    struct point point = {.run = leads->run,
                          .experiment = json_text_of(experiment, "name"),
                          .id = json_text_of(object, "id"),
                          .metric = json_text_of(object, "headline")};
    char lead[600], text[768];

    if (!metric_find(point.metric))
        return 0;
    json_decref(rank_fitting(&point, experiment, object));
    point.apart = NULL;
    if (point.count == 0 ||
        json_integer_of(row_of(&point, point.models[0]), "n") < 2)
        return 0;
    snprintf(text, sizeof text, "%s: %s", point.id,
             lead_text(&point, lead, sizeof lead));
    json_array_append_new(leads->lines, json_text(text));
    return 0;
}

json_t *conclusion_leads(const json_t *run)
{
    struct leads leads = {.run = run, .lines = json_array()};

    summary_each_point(run, add_lead, &leads);
    return leads.lines;
}

static int visit(const json_t *experiment, const json_t *object, void *context)
{
    struct point point = *(struct point *)context;
    const json_t *models = json_object_get(object, "models");
    const char *baseline = json_text_of(experiment, "baseline");

    point.experiment = json_text_of(experiment, "name");
    point.id = json_text_of(object, "id");
    point.baseline = baseline[0] ? baseline : NULL;
    if (json_object_get(
            json_array_get(json_object_get(experiment, "load_points"), 0),
            "id") == json_object_get(object, "id"))
        results_tell(point.results, "%s: %s", point.experiment,
                     json_text_of(experiment, "title"));
    if (json_array_size(models) == 0)
        return 0;
    point.metric = json_text_of(object, "headline");
    rank_and_tell(&point, experiment, object);
    tell_limit(&point);
    tell_gaps(&point, models);
    tell_drift(&point, models);
    tell_recovery(&point, models);
    return 0;
}

/* Advises slice mode on a noisy machine: speed that wanders from minute to
 * minute hides differences between blocks, while servers that take turns see
 * equal conditions. */
static void tell_noise(const struct results *results, const json_t *noise)
{
    double sd = json_number_of(noise, "throughput_log_sd_median");

    if ((int)json_integer_of(noise, "cells") == 0)
        return;
    results_tell(results,
                 "noise: repeated trials of the same cell differ by %.1f %% "
                 "(standard deviation of throughput, median of %d cells)",
                 100 * expm1(sd), (int)json_integer_of(noise, "cells"));
    if (expm1(sd) > NOISE_MUCH)
        results_tell(results,
                     "  this is a lot: to compare throughput or CPU per "
                     "request, let the servers take turns (mode = slice, as in "
                     "floor.ini), or quieten the machine (troika doctor)");
}

/* "71 of 72 trials valid; 1 discarded after 3 attempts; 2 failed attempts of
 * valid ones repeated". */
static void tell_tally(const struct results *results, const json_t *tally,
                       const json_t *trials)
{
    int discarded = (int)json_integer_of(tally, "invalid");
    int others = (int)json_integer_of(tally, "retried");
    int attempts = 1;
    const json_t *trial;
    size_t i;
    json_array_foreach (trials, i, trial) {
        int attempt = (int)json_integer_of(trial, "attempt");
        if (json_true_of(trial, "valid") || attempt <= 1)
            continue;
        others -= attempt - 1;
        attempts = attempt > attempts ? attempt : attempts;
    }
    char after[64] = "", repeated[64] = "";
    if (attempts > 1)
        snprintf(after, sizeof after, " after %s%d attempts",
                 discarded > 1 ? "up to " : "", attempts);
    if (others > 0)
        snprintf(repeated, sizeof repeated,
                 "; %d failed attempt%s of valid ones repeated", others,
                 digits_plural(others));
    results_tell(results, "%d of %d trials valid; %d discarded%s%s",
                 (int)json_integer_of(tally, "valid"),
                 (int)json_integer_of(tally, "planned"), discarded, after,
                 repeated);
}

static void tell_incomplete(const struct results *results, const json_t *run)
{
    const json_t *tally = json_object_get(run, "tally");

    if (!json_true_of(run, "complete"))
        results_tell(results, "INCOMPLETE RUN: %d of %d trials%s%s",
                     (int)json_integer_of(tally, "done"),
                     (int)json_integer_of(tally, "planned"),
                     json_text_of(run, "interrupted")[0] ? ", ended by " : "",
                     json_text_of(run, "interrupted"));
}

/* The banner of a run whose gates were switched off. */
static void tell_untrusted(const struct results *results, const json_t *run)
{
    const char *words = json_string_of(run, "untrusted");

    if (words)
        results_tell(results, "%s", words);
}

/* Tells where the files are and what to do next; `more`: also what prints all
 * comparisons. */
static void tell_files(const struct results *results, const json_t *run,
                       bool more)
{
    char next[8192], word[4 * sizeof results->directory];
    bool complete = json_true_of(run, "complete");

    if (!results->begun || results_gone(results)) {
        results_tell(results, "Nothing of this is stored: %s %s",
                     results->directory,
                     results->begun ? "was removed while the run went on"
                                    : "could not be written");
        return;
    }
    results_tell(results, "files: %s", results->directory);
    hint_word(results->directory, word, sizeof word);
    if (complete && more)
        results_tell(results, "more: %s summarise %s", hint_program(), word);
    if (complete)
        hint_make("report", "RUN", "report", results->directory, next,
                  sizeof next);
    if (complete && next[0] == '\0') /* installed, without make */
        snprintf(next, sizeof next, "%s report %s", hint_program(), word);
    if (!complete)
        hint_resume(results->directory, next, sizeof next);
    if (next[0] != '\0')
        results_tell(results, "next: %s", next);
}

static void tell_all(const struct results *results, const json_t *run,
                     const json_t *trials)
{
    struct point point = {.results = results, .run = run, .trials = trials};
    const json_t *tally = json_object_get(run, "tally");

    tell_untrusted(results, run);
    results_tell(results, "%s", "");
    tell_incomplete(results, run);
    summary_each_point(run, visit, &point);
    tell_tally(results, tally, trials);
    if (json_integer_of(tally, "withheld") > 0 ||
        json_integer_of(tally, "bounded") > 0)
        results_tell(
            results,
            "of the valid trials, %d withhold a figure that failed a gate, and "
            "%d give only bounds, because the server was not the limit",
            (int)json_integer_of(tally, "withheld"),
            (int)json_integer_of(tally, "bounded"));
    precision_print(results, run);
    tell_noise(results, json_object_get(run, "noise"));
    margin_floor_print(results, run);
    tell_files(results, run, false);
    tell_untrusted(results, run);
}

/* "; no figure: serial": the contenders without one, or how many they are. */
static void name_gaps(const struct point *point, const json_t *models,
                      char *text, size_t size)
{
    const char *last = "";
    const json_t *name;
    int count = 0;
    size_t i;

    text[0] = '\0';
    json_array_foreach (models, i, name) {
        const char *model = json_string_value(name);

        if (summary_is_yardstick(point->run, model) ||
            is_among(point->apart, model) ||
            json_number_of(row_of(point, model), "value") > 0)
            continue;
        last = model;
        count++;
    }
    if (count == 1)
        snprintf(text, size, "; no figure: %s", last);
    else if (count > 1)
        snprintf(text, size, "; no figure: %d models", count);
}

static void tell_briefly(const struct point *point, const json_t *models,
                         const char *title)
{
    char gaps[128], text[1024];

    if (point->count == 0) {
        results_tell(point->results, "%s: no figure", title);
        return;
    }
    name_gaps(point, models, gaps, sizeof gaps);
    results_tell(point->results, "%s: %s%s", title,
                 lead_text(point, text, sizeof text), gaps);
}

static int visit_briefly(const json_t *experiment, const json_t *object,
                         void *context)
{
    struct point *all = context, point = *all;
    bool one = json_array_size(json_object_get(point.run, "experiments")) == 1;
    char title[256];

    if (json_array_size(json_object_get(object, "models")) == 0)
        return 0;
    point.experiment = json_text_of(experiment, "name");
    point.id = json_text_of(object, "id");
    point.metric = json_text_of(object, "headline");
    snprintf(title, sizeof title, "%s%s%s", one ? "" : point.experiment,
             one ? "" : " ", point.id);
    json_t *missed = rank_fitting(&point, experiment, object);
    tell_briefly(&point, json_object_get(object, "models"), title);
    json_decref(missed);
    return 0;
}

static void tell_some(const struct results *results, const json_t *run,
                      const json_t *trials)
{
    struct ending ending;

    ending_open(&ending, results);
    struct point point = {.results = &ending.parts[ENDING_POINTS], .run = run};
    const struct results *rest = &ending.parts[ENDING_REST];
    tell_untrusted(&ending.parts[ENDING_WARNINGS], run);
    tell_incomplete(&ending.parts[ENDING_WARNINGS], run);
    summary_each_point(run, visit_briefly, &point);
    precision_print(&ending.parts[ENDING_PRECISION], run);
    tell_tally(rest, json_object_get(run, "tally"), trials);
    tell_files(rest, run, true);
    ending_print(&ending);
}

void conclusion_print(const struct results *results, const json_t *run,
                      const json_t *trials, enum conclusion much)
{
    struct results log = *results, terminal = *results;

    log.mute |= much != CONCLUSION_FULL;
    tell_all(&log, run, trials);
    terminal.log = NULL;
    if (much == CONCLUSION_BRIEF)
        tell_some(&terminal, run, trials);
}
