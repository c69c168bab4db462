/* SPDX-License-Identifier: MIT
 *
 * Output of hey (github.com/rakyll/hey) and oha (hatoo/oha), which have one
 * form: "Summary:", then a line each for Total, Slowest, Fastest, Average and
 * Requests/sec; "50% in 0.0014 secs" (oha: "50.00% in 0.0014 sec"); and
 * "[200] 14551 responses" for each status.
 *
 * hey keeps the latencies of its first million requests alone, but divides the
 * sum of all by their number: beyond a million its mean is too large
 * (requester/report.go). Both count requests that failed in the rate.
 */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "numbers.h"

enum { LINES_MOST = 200 };

static const double hey_keeps = 1e6;

static const char hey_doubt[] =
    "hey keeps the latencies of a million requests at most, and its mean is "
    "too large beyond";
const char read_oha_doubt[] =
    "oha may have sent several requests at once on each connection (-p, "
    "HTTP/2), or have counted latency from the intended time "
    "(--latency-correction)";

static bool begins(const struct source *source, int line)
{
    const char *rest = source_behind(source->lines[line], "Summary:");

    return rest && *rest == '\0';
}

static const struct {
    const char *key;
    enum figure_id id;
} keys[] = {
    {"Total:", FIGURE_DURATION},    {"Slowest:", FIGURE_MAX},
    {"Fastest:", FIGURE_MIN},       {"Average:", FIGURE_MEAN},
    {"Requests/sec:", FIGURE_RATE},
};

/* "99% in 0.0121 secs", "99.00%% in ...". */
static void take_percentile(struct row *row, const char *line)
{
    const char *text = source_trimmed(line);
    char *end;
    double percent = strtod(text, &end);
    int id = figure_of_percent(percent);

    if (end == text || *end != '%' || id < 0)
        return;
    end += strspn(end, "%");
    const char *rest = source_behind(end, "in ");
    if (rest)
        figure_take(row, id, rest, (int)strlen(rest));
}

/* "[200] 14551 responses", or below "Error distribution:" "[16] why". */
static void take_status(struct row *row, const char *line, bool errors,
                        double *responses)
{
    const char *text = source_behind(line, "[");
    char *end;

    if (!text)
        return;
    double first = strtod(text, &end);
    if (end == text || *end != ']')
        return;
    if (errors) {
        /* Requests under way at the end are no failures. */
        if (!strstr(end, "deadline"))
            figure_add(row, FIGURE_FAILED, first);
        *responses += first;
        return;
    }
    double count = strtod(end + 1, &end);
    if (!source_behind(end, "responses"))
        return;
    *responses += count;
    if (first < 200 || first >= 400)
        figure_add(row, FIGURE_FAILED, count);
    else
        figure_add(row, FIGURE_FAILED, 0);
}

/* What follows from all lines together. */
static void finish(struct row *row, double responses)
{
    const struct figure *rate = &row->figures[FIGURE_RATE];
    const struct figure *duration = &row->figures[FIGURE_DURATION];
    bool hey = row->format[0] == 'h';

    if (responses > 0 && responses < hey_keeps)
        row->figures[FIGURE_REQUESTS] = figure_exact(responses);
    if (hey &&
        (responses >= hey_keeps || (rate->known && duration->known &&
                                    rate->high * duration->high >= hey_keeps)))
        row->mean_doubt = hey_doubt;
    row->flight_doubt = hey ? NULL : read_oha_doubt;
}

static int read_output(const struct source *source, int line, double unit_s,
                       struct rows *rows)
{
    struct row *row = row_add(rows, source->name, line + 1, "hey");
    bool errors = false;
    double responses = 0;
    int end = line + 1;

    (void)unit_s;
    if (!row)
        return source->count;
    row->loop = LOOP_CLOSED;
    row->own_times = true; /* but requests are counted by status here */
    for (; end < source->count && end < line + LINES_MOST; end++) {
        const char *text = source->lines[end], *rest;
        if (begins(source, end) || source_behind(text, "```"))
            break;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if ((rest = source_behind(text, keys[i].key)))
                figure_take(row, keys[i].id, rest, (int)strlen(rest));
        if (source_behind(text, "Success rate:"))
            row->format = "oha";
        errors |= source_behind(text, "Error distribution:") != NULL;
        take_percentile(row, text);
        take_status(row, text, errors, &responses);
    }
    finish(row, responses);
    return end;
}

const struct reader reader_summary = {"hey", "line \"Summary:\"", begins,
                                      read_output};
