/* SPDX-License-Identifier: MIT
 *
 * A load point's load from its texts, judged as a whole.
 */
#include "expand_load.h"

#include <errno.h>
#include <string.h>

#include "expand_slices.h"
#include "expand_workload.h"
#include "harness/load/schedule.h"
#include "value.h"

/* Of a search where nobody says how many: more than good servers need. */
enum { SEARCH_CONNECTIONS = 256 };

static const int64_t SECOND_NS = 1000000000;

static int take_time(const struct expansion *expansion, int key,
                     const char *default_text, int64_t min, int64_t max,
                     int64_t *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[EXPAND_WHY_MAX];

    if (value_quantity(UNIT_NS, given->text ? given->text : default_text, min,
                       max, value, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"%s\" %s",
                           cell_keys[key].name, why);
    return 0;
}

static int take_choice(const struct expansion *expansion, int key,
                       const char *const *names, int *value)
{
    const struct cell_text *given = &expansion->cell->fixed[key];
    char why[EXPAND_WHY_MAX];

    *value = 0;
    if (given->text != NULL &&
        value_choice(given->text, names, value, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"%s\" %s",
                           cell_keys[key].name, why);
    return 0;
}

/* A key that only the other mode knows: an error in the cell itself, and of no
 * effect as a default. */
static int refuse_own(const struct expansion *expansion, int key,
                      const char *mode)
{
    const struct cell_text *given = &expansion->cell->fixed[key];

    if (given->text == NULL || given->line < expansion->cell->line)
        return 0;
    return reader_fail(expansion->reader, given->line,
                       "\"%s\" has no meaning here; it belongs to mode = %s",
                       cell_keys[key].name, mode);
}

/* What a search must keep, and what is good in an open loop. */
static int take_slo(const struct expansion *expansion, struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_SLO];
    int64_t wait_ns =
        expand_workload_wait_ns(point->workload, &point->arguments);
    char why[EXPAND_WHY_MAX];

    if (given->text == NULL)
        return reader_fail(expansion->reader, expansion->cell->line,
                           "[cell %s] is a search and has no limit to keep; "
                           "add slo = p99<100ms",
                           point->section);
    if (value_limit(given->text, &point->slo.percentile, &point->slo.limit_ns,
                    why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"slo\" %s", why);
    if (strlen(given->text) >= sizeof(point->slo.text))
        return reader_fail(expansion->reader, given->line,
                           "\"slo\" is longer than %zu characters",
                           sizeof(point->slo.text) - 1);
    if (point->slo.limit_ns <= wait_ns)
        return reader_fail(expansion->reader, given->line,
                           "\"slo\" is %s, and a request waits %.4g ms by "
                           "itself: no server can keep it",
                           given->text, (double)wait_ns / 1e6);
    strcpy(point->slo.text, given->text);
    return 0;
}

/* The idle ones are asked in turn, evenly: each has slept since its turn
 * before, or since it was opened. */
static int take_active(const struct expansion *expansion,
                       struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_ACTIVE];
    double share = 0.01;
    char why[EXPAND_WHY_MAX];
    int result = refuse_own(expansion, CELL_THINK, "closed");

    if (result < 0)
        return result;
    if (given->text != NULL &&
        (!strcmp(given->text, "0") || !strcmp(given->text, "0%")))
        share = 0;
    else if (given->text != NULL &&
             value_share(given->text, &share, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, given->line, "\"active\" %s",
                           why);
    point->arrivals = ARRIVALS_UNIFORM;
    point->burst = 1;
    point->rate_per_s = share * point->connections;
    return 0;
}

/* Keys and defaults of the modes. */
static int take_rate(const struct expansion *expansion,
                     struct load_point *point)
{
    char why[EXPAND_WHY_MAX];
    const char *text;
    int line, result;

    if (point->search) {
        if ((result = refuse_own(expansion, CELL_RATE, "open")) < 0 ||
            (result = refuse_own(expansion, CELL_RECOVERY, "open")) < 0 ||
            (result = refuse_own(expansion, CELL_THINK, "closed")) < 0)
            return result;
        return take_slo(expansion, point);
    }
    if ((point->mode == LOAD_CLOSED || point->idle) &&
        (result = refuse_own(expansion, CELL_SLO, "open or search")) < 0)
        return result;
    if (!point->idle &&
        (result = refuse_own(expansion, CELL_ACTIVE, "idle")) < 0)
        return result;
    if ((point->mode == LOAD_CLOSED || point->idle || point->soak) &&
        (result = refuse_own(expansion, CELL_RECOVERY, "open")) < 0)
        return result;
    if (point->mode == LOAD_CLOSED || point->idle) {
        if ((result = refuse_own(expansion, CELL_RATE, "open")) < 0 ||
            (result = refuse_own(expansion, CELL_ARRIVALS, "open")) < 0)
            return result;
        return point->idle ? take_active(expansion, point) : 0;
    }
    if ((result = refuse_own(expansion, CELL_THINK, "closed")) < 0)
        return result;
    text = expansion_item(expansion, CELL_RATE, &line);
    if (text == NULL)
        return reader_fail(expansion->reader, line,
                           "[cell %s] is an open loop and has no rate; add "
                           "rate = 200, or mode = closed",
                           point->section);
    if (!value_multiple(text, &point->rate_of_capacity) &&
        value_rate(text, &point->rate_per_s, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, line, "\"rate\" %s", why);
    if (point->rate_of_capacity > 0 &&
        expansion->cell->fixed[CELL_CONNECTIONS].text == NULL)
        return reader_fail(expansion->reader, line,
                           "\"rate\" is a multiple of what the connections "
                           "can ask for; say how many: connections = 256");
    return expansion->cell->fixed[CELL_SLO].text == NULL
               ? 0
               : take_slo(expansion, point);
}

static int default_connections(const struct load_point *point)
{
    if (point->search)
        return SEARCH_CONNECTIONS;
    if (point->mode == LOAD_CLOSED)
        return 1;
    return load_schedule_connections(
        point->rate_per_s, point->burst,
        expand_workload_wait_ns(point->workload, &point->arguments));
}

static int take_connections(const struct expansion *expansion,
                            struct load_point *point)
{
    char why[EXPAND_WHY_MAX];
    int line;
    const char *text = expansion_item(expansion, CELL_CONNECTIONS, &line);

    if (text != NULL && value_count(text, 1, CONNECTIONS_MAX,
                                    &point->connections, why, sizeof(why)) < 0)
        return reader_fail(expansion->reader, line, "\"connections\" %s", why);
    return 0;
}

enum {
    MODE_CLOSED,
    MODE_OPEN,
    MODE_SEARCH,
    MODE_CHURN,
    MODE_IDLE,
    MODE_SLICE,
    MODE_SOAK
};

static const char *const mode_names[] = {"closed", "open",  "search", "churn",
                                         "idle",   "slice", "soak",   NULL};

const char *load_point_mode(const struct load_point *point)
{
    return mode_names[point->search              ? MODE_SEARCH
                      : point->churn             ? MODE_CHURN
                      : point->idle              ? MODE_IDLE
                      : point->slicing.count > 0 ? MODE_SLICE
                      : point->soak              ? MODE_SOAK
                      : point->mode == LOAD_OPEN ? MODE_OPEN
                                                 : MODE_CLOSED];
}

int expand_load_take(const struct expansion *expansion,
                     struct load_point *point)
{
    const struct cell_text *given = &expansion->cell->fixed[CELL_ARRIVALS];
    int mode, result;

    result = take_choice(expansion, CELL_MODE, mode_names, &mode);
    if (result < 0)
        return result;
    point->mode =
        mode == MODE_CLOSED || mode == MODE_CHURN || mode == MODE_SLICE
            ? LOAD_CLOSED
            : LOAD_OPEN;
    point->search = mode == MODE_SEARCH;
    point->churn = mode == MODE_CHURN;
    point->idle = mode == MODE_IDLE;
    result = expand_slices_take(expansion, mode == MODE_SLICE, point);
    if (result < 0)
        return result;
    point->soak = mode == MODE_SOAK;
    if (load_schedule_parse(given->text ? given->text : "poisson",
                            &point->arrivals, &point->burst) < 0)
        return reader_fail(expansion->reader, given->line,
                           "\"arrivals\" is \"%s\"; poisson, uniform or "
                           "burst:K with K from 2 to %d",
                           given->text, LOAD_BURST_MAX);
    point->connections = 1; /* an idle load's rate follows from them */
    if ((point->idle && (result = take_connections(expansion, point)) < 0) ||
        (result = take_rate(expansion, point)) < 0)
        return result;
    if (point->idle)
        return 0;
    point->connections = default_connections(point);
    return take_connections(expansion, point);
}

/* What a conversation cannot be asked with. */
static int judge_session(const struct expansion *expansion,
                         const struct load_point *point)
{
    const struct workload *workload = point->workload->workload;
    const char *mode = load_point_mode(point);
    int line = expansion->cell->line;

    if (workload->session == NULL)
        return 0;
    if (point->churn)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: a connection of %s is held, and mode = "
                           "churn opens one for each request",
                           point->section, point->workload->name);
    if (point->recovery_ns > 0)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: recovery is for requests of HTTP, "
                           "and %s is a conversation",
                           point->section, point->workload->name);
    if (workload->push_ns(&point->arguments) > 0 && strcmp(mode, "idle") != 0 &&
        strcmp(mode, "open") != 0 && strcmp(mode, "soak") != 0)
        return reader_fail(expansion->reader, line,
                           "[cell %s]: pushes come by the clock, and mode = %s "
                           "does not wait for them; mode = idle, open or soak",
                           point->section, mode);
    return 0;
}

int expand_load_times(const struct expansion *expansion,
                      struct load_point *point)
{
    static const char *const placements[] = {"split", "shared", NULL};
    int64_t wait_ns =
        expand_workload_wait_ns(point->workload, &point->arguments);
    int placement, result;

    if ((result = take_choice(expansion, CELL_PLACEMENT, placements,
                              &placement)) < 0 ||
        (result = take_time(expansion, CELL_WARMUP, "1s", 0, 600 * SECOND_NS,
                            &point->warmup_ns)) < 0 ||
        (result = take_time(expansion, CELL_WINDOW, point->soak ? "10m" : "3s",
                            SECOND_NS / 100, 3000 * SECOND_NS,
                            &point->window_ns)) < 0 ||
        (result = take_time(expansion, CELL_TIMEOUT, "30s", SECOND_NS / 1000,
                            600 * SECOND_NS, &point->timeout_ns)) < 0 ||
        (result = take_time(expansion, CELL_THINK, "0s", 0, 600 * SECOND_NS,
                            &point->think_ns)) < 0 ||
        (result = take_time(expansion, CELL_RECOVERY, "0s", 0, 600 * SECOND_NS,
                            &point->recovery_ns)) < 0)
        return result;
    if (strcmp(load_point_mode(point), "open") != 0)
        point->recovery_ns = 0;
    point->placement = placement ? PLACEMENT_SHARED : PLACEMENT_SPLIT;
    if (point->mode == LOAD_OPEN)
        point->think_ns = 0;
    if (point->slicing.count > 0) {
        point->think_ns = 0;
        point->window_ns = point->slicing.count * point->slicing.slice_ns;
    }
    if (point->timeout_ns <= wait_ns)
        return reader_fail(
            expansion->reader, expansion->cell->line,
            "[cell %s]: a request waits %.4g s by itself, longer "
            "than its timeout of %.4g s; raise timeout",
            point->section, (double)wait_ns / 1e9,
            (double)point->timeout_ns / 1e9);
    if (point->window_ns < wait_ns)
        return reader_fail(
            expansion->reader, expansion->cell->line,
            "[cell %s]: a request waits %.4g s by itself, longer "
            "than the window of %.4g s; raise window",
            point->section, (double)wait_ns / 1e9,
            (double)point->window_ns / 1e9);
    return judge_session(expansion, point);
}

int expand_load_beside(struct expansion *expansion)
{
    const struct cell_text *fixed = expansion->cell->fixed;
    const struct reader *reader = expansion->reader;
    struct cell_text given[PARAMETERS_MAX] = {{NULL, 0}};
    const char *texts[PARAMETERS_MAX];
    struct beside *beside = &expansion->beside;
    const struct cell_text *name = &fixed[CELL_BESIDE_WORKLOAD];
    char why[EXPAND_WHY_MAX];
    int result;

    if (name->text == NULL) {
        for (int key = CELL_BESIDE_RATE; key <= CELL_BESIDE_CONNECTIONS; key++)
            if (fixed[key].text != NULL)
                return reader_fail(reader, fixed[key].line,
                                   "\"%s\" needs beside.workload",
                                   cell_keys[key].name);
        return 0;
    }
    beside->workload = expand_workload_find(reader, name);
    if (beside->workload == NULL)
        return -EINVAL;
    if (beside->workload->workload->session != NULL)
        return reader_fail(reader, name->line,
                           "\"beside.workload\": %s is a conversation; beside "
                           "another load there can be requests of HTTP",
                           name->text);
    result = expand_workload_pick(reader, expansion->cell, beside->workload,
                                  "beside.", given);
    for (int i = 0; i < PARAMETERS_MAX; i++)
        texts[i] = given[i].text;
    if (result < 0)
        return result;
    if (parameters_parse(beside->workload->workload->parameters, texts,
                         &beside->arguments, why, sizeof(why)) < 0)
        return reader_fail(reader, name->line, "beside.workload: %s", why);
    if (fixed[CELL_BESIDE_RATE].text == NULL)
        return reader_fail(reader, name->line,
                           "the second load has no rate; add beside.rate = 1");
    if (value_rate(fixed[CELL_BESIDE_RATE].text, &beside->rate_per_s, why,
                   sizeof(why)) < 0)
        return reader_fail(reader, fixed[CELL_BESIDE_RATE].line,
                           "\"beside.rate\" %s", why);
    beside->connections = load_schedule_connections(
        beside->rate_per_s, 1,
        expand_workload_wait_ns(beside->workload, &beside->arguments));
    if (fixed[CELL_BESIDE_CONNECTIONS].text != NULL &&
        value_count(fixed[CELL_BESIDE_CONNECTIONS].text, 1, CONNECTIONS_MAX,
                    &beside->connections, why, sizeof(why)) < 0)
        return reader_fail(reader, fixed[CELL_BESIDE_CONNECTIONS].line,
                           "\"beside.connections\" %s", why);
    return 0;
}
