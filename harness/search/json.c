/* SPDX-License-Identifier: MIT
 *
 * All steps are kept, the invalid ones too: the staircase can be drawn, and
 * counted again by anybody.
 */
#include "json.h"

#include "harness/base/json.h"

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

json_t *search_json(const struct search *search, const struct slo *slo,
                    const char *limit)
{
    json_t *steps = json_array();
    struct search_result result;

    search_judge(search, &result);
    if (limit == NULL && result.at_least)
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
        "at_least", limit != NULL && result.estimate_per_s > 0, "limit",
        limit != NULL ? json_string(limit) : json_null(), "cannot_meet",
        result.cannot_meet, "ceiling_per_s", rate(search->ceiling_per_s),
        "steps", steps);
}
