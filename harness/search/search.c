/* SPDX-License-Identifier: MIT
 *
 * A state machine: search_note advances it by one step. The staircase is the
 * up-and-down method of W. J. Dixon and A. M. Mood (A Method for Obtaining and
 * Analyzing Sensitivity Data, JASA 43, 1948); its weighted form is that of C.
 * Kaernbach (Simple adaptive testing with the weighted up-down method,
 * Perception & Psychophysics 49, 1991).
 */
#include "search.h"

#include <math.h>

#include "harness/base/json.h"

static const double FLOOR = 0.1, ROOF = 1.2;
static const double STAIR = 1.03, CAUTIOUS_UP = 1.01, CAUTIOUS_DOWN = 1.03;

void search_begin(struct search *search)
{
    *search = (struct search){.phase = SEARCH_CEILING};
}

bool search_over(const struct search *search)
{
    return search->phase == SEARCH_OVER;
}

/* The geometric mean of the rates of one staircase; 0 if it has no steps. */
static double mean_rate(const struct search *search, enum search_phase phase)
{
    double sum = 0;
    int seen = 0, n = 0;

    for (int i = 0; i < search->count; i++) {
        const struct search_step *step = &search->steps[i];

        if (step->phase != phase || step->verdict == SEARCH_INVALID ||
            seen++ < SEARCH_DROPPED)
            continue;
        sum += log(step->rate_per_s);
        n++;
    }
    return n > 0 ? exp(sum / n) : 0;
}

static void enter(struct search *search, enum search_phase phase, double rate)
{
    search->phase = phase;
    search->rate_per_s = rate;
    search->turn = 0;
}

static void climb(struct search *search, bool pass, double up, double down)
{
    search->rate_per_s =
        pass ? search->rate_per_s * up : search->rate_per_s / down;
}

static void bisect(struct search *search, bool pass)
{
    *(pass ? &search->lo_per_s : &search->hi_per_s) = search->rate_per_s;
    search->rate_per_s = sqrt(search->lo_per_s * search->hi_per_s);
    if (search->turn == SEARCH_BISECTIONS)
        enter(search, SEARCH_STAIRCASE, search->rate_per_s);
}

static void rise(struct search *search, const struct search_step *step)
{
    bool pass = step->verdict == SEARCH_PASS;

    search->turn++;
    switch (search->phase) {
    case SEARCH_CEILING:
        /* Even a generator at its limit gives a usable ceiling. */
        search->ceiling_per_s = step->achieved_per_s;
        search->lo_per_s = FLOOR * search->ceiling_per_s;
        search->hi_per_s = ROOF * search->ceiling_per_s;
        enter(search, SEARCH_FLOOR, search->lo_per_s);
        break;
    case SEARCH_FLOOR:
        search->cannot_meet = step->verdict == SEARCH_FAIL;
        if (pass)
            enter(search, SEARCH_BISECTION,
                  sqrt(search->lo_per_s * search->hi_per_s));
        else
            enter(search, SEARCH_OVER, 0);
        break;
    case SEARCH_BISECTION:
        bisect(search, pass);
        break;
    case SEARCH_STAIRCASE:
        climb(search, pass, STAIR, STAIR);
        if (search->turn == SEARCH_STAIRS)
            enter(search, SEARCH_CAUTIOUS, mean_rate(search, SEARCH_STAIRCASE));
        break;
    case SEARCH_CAUTIOUS:
        climb(search, pass, CAUTIOUS_UP, CAUTIOUS_DOWN);
        if (search->turn == SEARCH_STAIRS)
            enter(search, SEARCH_OVER, 0);
        break;
    case SEARCH_OVER:
        break;
    }
}

void search_note(struct search *search, const struct search_step *step)
{
    bool useless =
        step->verdict == SEARCH_INVALID ||
        (search->phase == SEARCH_CEILING && !(step->achieved_per_s > 0));

    if (search_over(search) || search->count == SEARCH_STEPS_MAX)
        return;
    search->steps[search->count] = *step;
    search->steps[search->count].phase = search->phase;
    search->steps[search->count].rate_per_s = search->rate_per_s;
    if (useless)
        search->steps[search->count].verdict = SEARCH_INVALID;
    search->count++;
    if (!useless) {
        search->invalid = 0;
        rise(search, step);
    } else if (++search->invalid == SEARCH_ATTEMPTS || step->lasting) {
        search->failed = true;
        enter(search, SEARCH_OVER, 0);
    }
}

void search_judge(const struct search *search, struct search_result *result)
{
    *result = (struct search_result){.cannot_meet = search->cannot_meet};
    for (int i = 0; i < search->count; i++) {
        const struct search_step *step = &search->steps[i];
        double rate = step->rate_per_s;

        if (step->phase == SEARCH_CEILING)
            continue;
        if (step->verdict == SEARCH_PASS && rate > result->last_success)
            result->last_success = rate;
        if (step->verdict == SEARCH_FAIL &&
            (result->first_failure <= 0 || rate < result->first_failure))
            result->first_failure = rate;
        /* A bisection step far above says nothing about the neighbourhood. */
        result->at_least |=
            step->verdict == SEARCH_LIMIT && step->phase != SEARCH_BISECTION;
    }
    if (!search_over(search) || search->failed || search->cannot_meet)
        return;
    result->conservative_per_s = mean_rate(search, SEARCH_CAUTIOUS);
    result->estimate_per_s = result->at_least
                                 ? result->last_success
                                 : mean_rate(search, SEARCH_STAIRCASE);
}

const char *search_phase_name(enum search_phase phase)
{
    static const char *const names[] = {"ceiling",   "floor",    "bisection",
                                        "staircase", "cautious", "over"};

    return names[phase];
}

const char *search_verdict_name(enum search_verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "invalid", "limit"};

    return names[verdict];
}

static bool all_over(const struct search_group *group)
{
    for (int i = 0; i < group->count; i++)
        if (!search_over(&group->searches[i]))
            return false;
    return true;
}

int search_group_run(const struct search_group *group)
{
    for (int i = 0; i < group->count; i++)
        search_begin(&group->searches[i]);
    for (int turn = 0; !all_over(group); turn++)
        for (int i = 0; i < group->count; i++) {
            struct search_step step = {.verdict = SEARCH_INVALID};
            int result;

            if (search_over(&group->searches[i]))
                continue;
            result = group->step(group->context, i, turn, &step);
            if (result < 0)
                return result;
            search_note(&group->searches[i], &step);
        }
    return 0;
}

static json_t *rate(double per_s)
{
    return per_s > 0 ? json_finite(per_s) : json_null();
}

static json_t *step_json(const struct search_step *step)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "phase",
                     search_phase_name(step->phase), "verdict",
                     search_verdict_name(step->verdict), "rate_per_s",
                     rate(step->rate_per_s), "achieved_per_s",
                     json_finite(step->achieved_per_s), "quantile_ns",
                     json_known(step->quantile_ns), "error_share",
                     json_finite(step->error_share), "why",
                     step->why[0] ? json_text(step->why) : json_null());
}

/* All steps are stored, invalid ones too, so that anybody can draw the
 * staircase and repeat the calculation. */
json_t *search_json(const struct search *search, const struct slo *slo,
                    const char *limit)
{
    json_t *steps = json_array();
    struct search_result result;
    search_judge(search, &result);
    if (!limit && result.at_least)
        limit = "generator";
    for (int i = 0; i < search->count; i++)
        json_array_append_new(steps, step_json(&search->steps[i]));
    return json_pack(
        "{s:s, s:f, s:I, s:o, s:o, s:o, s:o, s:b, s:o, s:b, s:o, s:o}", "slo",
        slo->text, "percentile", slo->percentile, "limit_ns",
        (json_int_t)slo->limit_ns, "estimate_per_s",
        rate(result.estimate_per_s), "conservative_per_s",
        rate(result.conservative_per_s), "last_success",
        rate(result.last_success), "first_failure", rate(result.first_failure),
        "at_least", limit && result.estimate_per_s > 0, "limit",
        limit ? json_string(limit) : json_null(), "cannot_meet",
        result.cannot_meet, "ceiling_per_s", rate(search->ceiling_per_s),
        "steps", steps);
}
