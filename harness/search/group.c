/* SPDX-License-Identifier: MIT
 *
 * Round-robin; whoever is through is passed over.
 */
#include "group.h"

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
