/* SPDX-License-Identifier: MIT */
#include "live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/figures/metric.h"
#include "harness/screen/screen.h"
#include "harness/search/rows.h"

enum { MODELS_MOST = 24, POINTS_MOST = 64, CELL = 11 };

/* What a load point's figures are: the rate that a closed loop reaches, the
 * latency at a rate that is given, or the capacity that is searched for. */
struct cell {
    double log_sum;
    int n, invalid;
};

struct live {
    struct screen *screen;
    const char *models[MODELS_MOST];
    int model_count;
    const struct load_point *points[POINTS_MOST];
    int point_count;
    struct cell cells[MODELS_MOST][POINTS_MOST];
    int done, retried;
    double others_share; /* of the CPUs, by other processes; NAN: not known */
};

struct live *live_open(const struct run *run)
{
    struct screen *screen = run->options.quiet ? NULL : screen_open(stderr);
    struct live *live = screen ? calloc(1, sizeof *live) : NULL;

    if (!live) {
        screen_close(screen);
        return NULL;
    }
    live->screen = screen;
    live->others_share = NAN;
    return live;
}

static int model_of(struct live *live, const char *name)
{
    for (int i = 0; i < live->model_count; i++)
        if (!strcmp(live->models[i], name))
            return i;
    if (live->model_count == MODELS_MOST)
        return -1;
    live->models[live->model_count] = name;
    return live->model_count++;
}

static int point_of(struct live *live, const struct load_point *point)
{
    for (int i = 0; i < live->point_count; i++)
        if (live->points[i] == point)
            return i;
    if (live->point_count == POINTS_MOST)
        return -1;
    live->points[live->point_count] = point;
    return live->point_count++;
}

static bool is_rate(const struct load_point *point)
{
    return point->search || point->mode != LOAD_OPEN;
}

static double figure_of(const struct load_point *point, const json_t *trial)
{
    const struct metric *metric =
        metric_find(point->search    ? "capacity_per_s"
                    : is_rate(point) ? "throughput_per_s"
                                     : "latency_p99_ns");
    char why[256];

    return metric_applies(metric, trial)
               ? metric_of(metric, trial, why, sizeof why)
               : NAN;
}

static void take(struct live *live, const struct load_point *point,
                 const char *name, const json_t *trial)
{
    int m = model_of(live, name), p = point_of(live, point);
    double value = figure_of(point, trial);

    if (m < 0 || p < 0)
        return;
    if (!json_true_of(trial, "valid")) {
        live->cells[m][p].invalid++;
    } else if (value > 0 && isfinite(value)) {
        live->cells[m][p].log_sum += log(value);
        live->cells[m][p].n++;
    }
}

/* By the gate that judges it; NAN: it did not. */
static double others_share_of(const json_t *trial)
{
    const json_t *gate;
    size_t i;

    json_array_foreach (json_object_get(trial, "gates"), i, gate)
        if (json_text_is(gate, "id", "foreign_cpu"))
            return json_figure_of(gate, "value");
    return NAN;
}

static double mean_of(const struct cell *cell)
{
    return cell->n > 0 ? exp(cell->log_sum / cell->n) : NAN;
}

/* The model that leads at a load point so far, or -1. */
static int best_at(const struct live *live, int p)
{
    int best = -1;

    for (int m = 0; m < live->model_count; m++) {
        double own = mean_of(&live->cells[m][p]);
        double most = best < 0 ? NAN : mean_of(&live->cells[best][p]);
        if (isfinite(own) &&
            (best < 0 || (is_rate(live->points[p]) ? own > most : own < most)))
            best = m;
    }
    return best;
}

static void append(char *line, const char *text, int width)
{
    size_t used = strlen(line);

    snprintf(line + used, SCREEN_LINE - used, "%*s", width, text);
}

/* "quick [#####-----] 49/72  1 retried  ETA 40 s" */
static void head(const struct live *live, const struct run *run, int64_t eta_ns,
                 char *line)
{
    int all = run->plan.trial_count;
    char left[64], counts[128], name[32];

    snprintf(counts, sizeof counts, "%d/%d%s%.0d%s  ETA %s", live->done, all,
             live->retried > 0 ? "  " : "", live->retried,
             live->retried > 0 ? " retried" : "",
             plan_duration(eta_ns, left, sizeof left));
    snprintf(name, sizeof name, "%.30s", run->plan.experiments[0]->name);
    screen_bar(live->screen, name, all > 0 ? (double)live->done / all : 0,
               counts, line);
}

static int name_width(const struct live *live, int columns)
{
    size_t most = 0;

    for (int m = 0; m < live->model_count; m++)
        most = strlen(live->models[m]) > most ? strlen(live->models[m]) : most;
    int limit = columns / 3 > 12 ? columns / 3 : 12;
    return (int)most < limit ? (int)most : limit;
}

/* The load points that fit, the newest ones last. */
static int first_shown(const struct live *live, int room)
{
    int fit = room / (CELL + 1) > 1 ? room / (CELL + 1) : 1;

    return live->point_count > fit ? live->point_count - fit : 0;
}

static void row(const struct live *live, int m, int width, int from, char *line)
{
    char text[32], cell[48];

    snprintf(line, SCREEN_LINE, "%-*.*s", width, width, live->models[m]);
    for (int p = from; p < live->point_count; p++) {
        const struct cell *c = &live->cells[m][p];
        bool best = best_at(live, p) == m;
        double mean = mean_of(c);
        if (isfinite(mean))
            metric_format(is_rate(live->points[p]) ? "_per_s" : "_ns", mean,
                          text, sizeof text);
        else
            snprintf(text, sizeof text, "%s", c->invalid > 0 ? "invalid" : "-");
        snprintf(cell, sizeof cell, "%s%*s%s%s", best ? "\1" : "", CELL - 1,
                 text, best ? "<" : " ", best ? "\2" : "");
        append(line, " ", 0);
        append(line, cell, 0);
    }
}

/* The table of what the models reached so far. Returns the lines it takes. */
static int table(const struct live *live, char (*lines)[SCREEN_LINE])
{
    int columns = screen_columns(live->screen) - 1, count = 0;
    int width = name_width(live, columns);
    int from = first_shown(live, columns - width);
    int most = screen_rows(live->screen) - 5;

    if (live->model_count == 0)
        return 0;
    snprintf(lines[count], SCREEN_LINE, "%-*s", width, "");
    for (int p = from; p < live->point_count; p++) {
        append(lines[count], " ", 0);
        char title[CELL + 1];
        snprintf(title, sizeof title, "%.*s", CELL - 1, live->points[p]->id);
        append(lines[count], title, CELL - 1);
        append(lines[count], " ", 0);
    }
    count++;
    for (int m = 0;
         m < live->model_count && m < most && count < SCREEN_LINES - 2; m++)
        row(live, m, width, from, lines[count++]);
    return count;
}

/* Draws the state; `group`: with the searches that are under way. */
static void show(struct live *live, const struct run *run, int64_t eta_ns,
                 const struct search_group *group, const char *const *names)
{
    static char lines[SCREEN_LINES][SCREEN_LINE];
    int columns = screen_columns(live->screen) - 1, count = 0;

    head(live, run, eta_ns, lines[count++]);
    count += table(live, lines + count);
    if (group)
        count += search_rows(group, names, columns, lines + count,
                             SCREEN_LINES - 1 - count);
    if (isfinite(live->others_share))
        snprintf(lines[count++], SCREEN_LINE,
                 "machine: %s (others %s %% of the CPU)",
                 live->others_share <= QUIET_FOREIGN_SHARE ? "quiet" : "busy",
                 digits_of(100 * live->others_share, 2).text);
    screen_show(live->screen, lines, count);
}

void live_search(struct live *live, const struct run *run,
                 const struct search_group *group, const char *const *names,
                 int64_t eta_ns)
{
    show(live, run, eta_ns, group, names);
}

void live_trial(struct live *live, const struct run *run,
                const struct planned_trial *planned, const json_t *trial,
                bool last, int64_t eta_ns)
{
    const struct load_point *point = plan_point(&run->plan, planned);
    double others = others_share_of(trial);

    live->retried += !last;
    /* Trials that are measured once more come after all others. */
    if (planned->order > live->done)
        live->done = planned->order;
    if (isfinite(others))
        live->others_share = others;
    if (last)
        take(live, point, point->models[planned->model], trial);
    show(live, run, eta_ns, NULL, NULL);
}

void live_close(struct live *live)
{
    if (!live)
        return;
    screen_close(live->screen);
    free(live);
}
