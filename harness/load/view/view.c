/* SPDX-License-Identifier: MIT */
#include "view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "harness/load/print.h"
#include "harness/screen/screen.h"

/* No line but the URL needs more than 40 columns. */
enum { STEPS_MOST = 50, STEPS_NOW = 4 };

static const int64_t step_ns = 250000000;

struct load_view {
    struct screen *screen;
    const struct load_spec *spec;
    const char *url;
    /* The rates of the latest steps, oldest first, and what was answered at the
     * end of the last one. */
    double per_s[STEPS_MOST];
    int steps;
    uint64_t answered;
    struct load_progress progress;
};

struct load_view *load_view_open(const struct load_spec *spec, const char *url)
{
    struct screen *screen = screen_open(stderr);
    struct load_view *view = screen ? calloc(1, sizeof *view) : NULL;

    if (!view) {
        screen_close(screen);
        return NULL;
    }
    view->screen = screen;
    view->spec = spec;
    view->url = url;
    return view;
}

/* Notes the rate since the last drawing. */
static void step(struct load_view *view, int64_t taken_ns)
{
    uint64_t answered = view->progress.answered;

    if (view->steps == STEPS_MOST)
        memmove(view->per_s, view->per_s + 1,
                (size_t)--view->steps * sizeof *view->per_s);
    view->per_s[view->steps++] =
        (double)(answered - view->answered) / ((double)taken_ns / 1e9);
}

/* Whether the terminal's characters are UTF-8, by the locale's names. */
static bool has_blocks(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0] != '\0')
            return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
    }
    return false;
}

/* One character for each of the latest steps, its height the share of the
 * highest. */
static void sparkline(const struct load_view *view, int room, char *line,
                      size_t size)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄",
                                         "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *heights = has_blocks() ? blocks : ascii;
    double most = 0;
    size_t used = 0;

    room = room < STEPS_MOST ? room : STEPS_MOST;
    int from = view->steps > room ? view->steps - room : 0;
    for (int i = from; i < view->steps; i++)
        most = view->per_s[i] > most ? view->per_s[i] : most;
    line[0] = '\0';
    for (int i = from; i < view->steps && used + 4 < size; i++)
        used += (size_t)snprintf(
            line + used, size - used, "%s",
            heights[most > 0 ? (int)(7 * view->per_s[i] / most) : 0]);
}

static double rate_now(const struct load_view *view)
{
    int count = view->steps < STEPS_NOW ? view->steps : STEPS_NOW;
    double sum = 0;

    for (int i = view->steps - count; i < view->steps; i++)
        sum += view->per_s[i];
    return count > 0 ? sum / count : 0;
}

/* "measuring [#####-----] 4.2 of 10 s": what the load does, and how far it
 * is. */
static void say_phase(const struct load_view *view, char *line)
{
    const struct load_spec *spec = view->spec;
    const struct load_progress *now = &view->progress;
    double done = (double)(now->since_begin_ns - spec->warmup_ns) / 1e9;
    double all = (double)spec->window_ns / 1e9;
    const char *unit = "s";

    if (done < 0) {
        snprintf(line, SCREEN_LINE, "warming up: %.1f s to go", -done);
        return;
    }
    if (spec->requests_max > 0) {
        done = (double)(now->answered + now->failed);
        all = (double)spec->requests_max;
        unit = "requests";
    } else if (done >= all) {
        snprintf(line, SCREEN_LINE, "waiting for the last answers");
        return;
    }
    char right[96];
    snprintf(right, sizeof right, "%s of %s %s", digits_of(done, 3).text,
             digits_of(all, 6).text, unit);
    screen_bar(view->screen, "measuring", done / all, right, line);
}

/* A percentile by the rule of the result: not before so many requests are
 * beyond it that a few do not decide it. */
static void percentile(const struct histogram *latency, double p, char *text,
                       size_t size)
{
    if (load_print_earned(latency, p))
        metric_format("_ns", (double)histogram_percentile_ns(latency, p), text,
                      size);
    else
        snprintf(text, size, "-");
}

static void show(struct load_view *view)
{
    static char lines[SCREEN_LINES][SCREEN_LINE];
    const struct histogram *latency = &view->progress.latency;
    char rate[32], sparks[4 * STEPS_MOST], times[3][32];
    int count = 0;

    snprintf(lines[count++], SCREEN_LINE, "%s", view->url);
    say_phase(view, lines[count++]);
    metric_format("_per_s", rate_now(view), rate, sizeof rate);
    sparkline(view, screen_columns(view->screen) - 18, sparks, sizeof sparks);
    snprintf(lines[count++], SCREEN_LINE, "rate %-11s %s", rate, sparks);
    if (latency->count > 0) {
        percentile(latency, 50, times[0], sizeof times[0]);
        percentile(latency, 99, times[1], sizeof times[1]);
        metric_format("_ns", (double)latency->max_ns, times[2],
                      sizeof times[2]);
        snprintf(lines[count++], SCREEN_LINE, "p50 %s  p99 %s  max %s",
                 times[0], times[1], times[2]);
    }
    snprintf(lines[count++], SCREEN_LINE, "%s%lu answered, %lu errors%s",
             view->progress.failed > 0 ? "\1" : "", view->progress.answered,
             view->progress.failed, view->progress.failed > 0 ? "\2" : "");
    screen_show(view->screen, lines, count);
}

void load_view_follow(struct load_view *view, struct load *load,
                      int64_t begun_ns)
{
    int64_t end_ns = begun_ns + view->spec->window_ns + view->spec->timeout_ns;
    int64_t drawn_ns = clock_now_ns();

    do {
        bool measuring = view->progress.since_begin_ns > view->spec->warmup_ns;
        int64_t now_ns = clock_now_ns();

        load_peek(load, &view->progress);
        if (measuring)
            step(view, now_ns - drawn_ns);
        view->answered = view->progress.answered;
        drawn_ns = now_ns;
        show(view);
    } while (drawn_ns < end_ns &&
             load_wait_until(load, drawn_ns + step_ns) == -ETIMEDOUT);
}

void load_view_close(struct load_view *view)
{
    if (!view)
        return;
    screen_close(view->screen);
    free(view);
}
