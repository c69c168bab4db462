/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <string.h>

#include "harness/figures/metric.h"

/* Of a row: all but the name, and what is added where there is room. */
enum { STEP_COLUMNS = 29, BEST_COLUMNS = 22, NAME_LEAST = 10 };

int search_rows_done(const struct search_group *group)
{
    int done = 0;

    for (int i = 0; i < group->count; i++)
        done += group->searches[i].count;
    return done;
}

int search_rows_all(const struct search_group *group)
{
    int all = 0;

    for (int i = 0; i < group->count; i++) {
        const struct search *search = &group->searches[i];
        bool more =
            search->phase != SEARCH_OVER && search->count < SEARCH_STEPS;

        all += more ? SEARCH_STEPS : search->count;
    }
    return all;
}

double search_rows_share(const struct search_group *group)
{
    int all = search_rows_all(group);

    return all > 0 ? (double)search_rows_done(group) / all : 0;
}

static int name_columns(const struct search_group *group,
                        const char *const *names, int columns)
{
    int most = 0, room = columns - STEP_COLUMNS;

    for (int i = 0; i < group->count; i++) {
        int own = (int)strlen(names[i]);
        most = own > most ? own : most;
    }
    room = room < NAME_LEAST ? NAME_LEAST : room;
    return most < room ? most : room;
}

int search_rows(const struct search_group *group, const char *const *names,
                int columns, char (*lines)[SCREEN_LINE], int most)
{
    int width = name_columns(group, names, columns), count = 0;

    for (; count < group->count && count < most; count++) {
        const struct search *search = &group->searches[count];
        char rate[32] = "", best[32];
        struct search_result result;
        size_t used;

        search_judge(search, &result);
        used = (size_t)snprintf(lines[count], SCREEN_LINE, "%-*.*s %-10s",
                                width, width, names[count],
                                search_phase_name(search->phase));
        if (search->count == 0)
            continue;
        const struct search_step *last = &search->steps[search->count - 1];
        metric_format("_per_s",
                      last->rate_per_s > 0 ? last->rate_per_s
                                           : last->achieved_per_s,
                      rate, sizeof rate);
        used += (size_t)snprintf(lines[count] + used, SCREEN_LINE - used,
                                 " %9s %-7s", rate,
                                 search_verdict_name(last->verdict));
        if (result.last_success > 0 &&
            width + STEP_COLUMNS + BEST_COLUMNS <= columns)
            snprintf(lines[count] + used, SCREEN_LINE - used, "  passed %s",
                     metric_format("_per_s", result.last_success, best,
                                   sizeof best));
    }
    return count;
}
