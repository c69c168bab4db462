/* SPDX-License-Identifier: MIT
 *
 * Two numbers from the server's statistics.
 */
#include "updates.h"

#include "harness/server/client.h"

enum { STATS_MAX = 4096 };
static const int64_t TIMEOUT_NS = 5000000000;

void trial_updates_read(struct stage *stage)
{
    struct trial_updates *updates = &stage->trial->updates;
    json_t *stats = NULL, *told, *made, *kept;
    char body[STATS_MAX];

    if (!stage->plan->point->workload->workload->counts_updates)
        return;
    if (client_get(&stage->address, "/stats", TIMEOUT_NS, NULL, body,
                   sizeof(body), NULL, 0) >= 0)
        stats = json_loads(body, 0, NULL);
    told = json_object_get(stats, "updates");
    made = json_object_get(told, "made");
    kept = json_object_get(told, "kept");
    updates->known = json_is_integer(made) && json_is_integer(kept);
    updates->made = json_integer_value(made);
    updates->kept = json_integer_value(kept);
    json_decref(stats);
}

json_t *trial_updates_json(const struct trial_updates *updates)
{
    if (!updates->known)
        return json_null();
    return json_pack("{s:I, s:I}", "made", (json_int_t)updates->made, "kept",
                     (json_int_t)updates->kept);
}
