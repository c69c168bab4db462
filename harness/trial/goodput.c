/* SPDX-License-Identifier: MIT
 *
 * Of the requests that were due in the window, whenever they were answered: a
 * late answer is no good, and one that never came is in the histogram at the
 * age of its timeout.
 */
#include "goodput.h"

json_t *goodput_json(const struct load_point *point,
                     const struct load_result *load)
{
    int64_t window_ns = load->window_end_ns - load->window_start_ns;
    uint64_t within;

    if (point->slo.limit_ns <= 0 || point->search || window_ns <= 0)
        return json_null();
    within = histogram_within(&load->response, point->slo.limit_ns);
    return json_pack("{s:s, s:I, s:I, s:f}", "slo", point->slo.text, "limit_ns",
                     (json_int_t)point->slo.limit_ns, "within",
                     (json_int_t)within, "per_s",
                     (double)within * 1e9 / (double)window_ns);
}
