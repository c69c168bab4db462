/* SPDX-License-Identifier: MIT
 *
 * The text's table is 100 columns wide or so, on a terminal as wide as that is;
 * the marks, which may be several for one number, are last.
 */
#include "print.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/advice/print.h"
#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "harness/screen/screen.h"
#include "harness/screen/table.h"
#include "words.h"

enum { CELL = 32, MARKS = 160, HEADLINE = 2000 };

static const char *figure_text(const char *metric, double value, bool known,
                               char *text)
{
    if (known && isfinite(value))
        return metric_format(metric, value, text, CELL);
    return strcpy(text, "-");
}

static const char *verdict_of(const struct size *size,
                              const struct curve_point *point)
{
    const struct service *p = &size->at_peak.service;
    const struct forecast *f = &point->forecast;

    if (point->overloaded)
        return "overload";
    if (f->beyond > 0)
        return "not simulated";
    bool misses = f->on_limit == KEPT_NOT;
    if (misses && f->on_memory == KEPT_NOT)
        return "misses both";
    if (misses)
        return "misses the limit";
    if (f->on_memory == KEPT_NOT)
        return "over the memory";
    if (kept_both(f->on_limit, f->on_memory) == KEPT_UNKNOWN)
        return "cannot be told";
    return p->limit_ns > 0 || p->memory_bytes > 0 ? "keeps" : "carries";
}

/* "W*, Goetz". */
static const char *marks_of(const struct curve *curve, int workers, char *text,
                            size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < CURVE_MARKS; i++) {
        size_t used = strlen(text);
        bool nearest = i == MARK_STAR && !curve_keeps(curve);
        if (curve->marks[i] == workers)
            snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                     nearest ? "nearest" : curve_mark_name(i));
    }
    return text;
}

/* "p90" where a limit is for it, which is no column otherwise; else NULL. */
static const char *more_title(const struct size *size)
{
    const struct service *p = &size->at_peak.service;
    return p->limit_ns > 0 && p->limit_percent == 90 ? "p90" : NULL;
}

static void print_row(const struct size *size, const struct curve *curve,
                      const struct curve_point *point, bool markdown,
                      FILE *file)
{
    const struct forecast *f = &point->forecast;
    char capacity[CELL], p50[CELL], p90[CELL + 4], p99[CELL], memory[CELL];
    char marks[MARKS], figure[CELL];
    const char *verdict = verdict_of(size, point);

    figure_text("_per_s", f->capacity_per_s, true, capacity);
    figure_text("_ns", f->p50_ns.value, f->simulated, p50);
    figure_text("_ns", f->p90_ns.value, f->simulated, figure);
    snprintf(p90, sizeof p90, markdown ? "| %s " : " %11s", figure);
    if (!more_title(size))
        p90[0] = '\0';
    figure_text("_ns", f->p99_ns.value, f->simulated, p99);
    figure_text("_bytes", f->memory_most_bytes, !point->overloaded, memory);
    marks_of(curve, f->workers, marks, sizeof marks);
    if (!markdown) {
        fprintf(file, "%7d %11s %11s%s %11s %11s  %s", f->workers, capacity,
                p50, p90, p99, memory, verdict);
        if (marks[0] != '\0')
            fprintf(file, "%*s%s", 18 - (int)strlen(verdict), "", marks);
        fputc('\n', file);
        return;
    }
    fprintf(file, "| %d | %s | %s %s| %s | %s | %s | ", f->workers, capacity,
            p50, p90, p99, memory, verdict);
    print_escaped(marks);
    puts(" |");
}

static void print_sentences(const struct sentences *sentences, bool markdown)
{
    if (markdown)
        puts("");
    for (int i = 0; i < sentences->count; i++) {
        if (!markdown) {
            puts(sentences->of[i]);
            continue;
        }
        printf("- ");
        print_escaped(sentences->of[i]);
        puts("");
    }
}

static void print_curve(const struct size *size, int model, bool markdown)
{
    const struct curve *curve = &size->models[model].curve;
    const char *more = more_title(size);
    struct sentences sentences;
    struct table_text table = {0};
    FILE *file = stdout;

    if (markdown) {
        printf("\n**");
        print_escaped(curve->model->name);
        printf("**\n\n| workers | capacity | p50 |%s p99 | memory | verdict | "
               "mark |\n|--:|--:|--:|%s--:|--:|---|---|\n",
               more ? " p90 |" : "", more ? "--:|" : "");
    } else {
        printf("\n%s\n", curve->model->name);
        file = table_open(&table, stdout);
        fprintf(file, "%7s %11s %11s", "workers", "capacity", "p50");
        if (more)
            fprintf(file, " %11s", more);
        fprintf(file, " %11s %11s\n", "p99", "memory");
    }
    for (int i = 0; i < curve->count; i++)
        print_row(size, curve, &curve->points[i], markdown, file);
    table_close(&table);
    words_of_curve(size, model, &sentences);
    print_sentences(&sentences, markdown);
}

bool size_shows(const struct size *size, const struct server *server)
{
    const char *only = size->asked->server;

    return server_applies(server, &size->figures) &&
           (!only || !strcmp(only, server->name));
}

/* A line of the list begins in the first of these columns, beside the server's
 * name; in the second, below it, if the terminal is too narrow for that: people
 * copy these lines, so they stand in one row if that can be. */
enum { LINE_AT = 26, LINE_BELOW_AT = 4 };

static int line_at(const struct size *size, const struct server *server)
{
    int columns = screen_width(stdout);
    char line[SERVER_LINE];

    for (int i = 0; i < SERVER_LINES && server->lines[i]; i++)
        if (columns > 0 &&
            server_fill(server->lines[i], &size->figures, line, sizeof line) &&
            LINE_AT + (int)strlen(line) >= columns)
            return LINE_BELOW_AT;
    return LINE_AT;
}

static void print_server(const struct size *size, const struct server *server)
{
    char title[CELL * 2], line[SERVER_LINE], remark[SERVER_REMARK];
    int at = line_at(size, server);
    bool first = true;

    server_title(server, title, sizeof title);
    if (at == LINE_BELOW_AT) {
        printf("  %s\n", title);
        first = false;
    }
    for (int i = 0; i < SERVER_LINES && server->lines[i]; i++) {
        if (!server_fill(server->lines[i], &size->figures, line, sizeof line))
            continue;
        printf("  %-*s%s\n", at - 2, first ? title : "", line);
        first = false;
    }
    int slots = server_slots(server, &size->figures);
    if (server->kind == SERVER_BOTH)
        printf("%*s(%d slot%s)\n", at, "", slots, digits_plural(slots));
    server_remark(server, &size->figures, remark, sizeof remark);
    if (size->asked->server && remark[0] != '\0')
        printf("%*s%s\n", at, "", remark);
}

static void print_servers(const struct size *size, bool markdown)
{
    bool any = false;

    if (size->kept == KEPT_NOT)
        puts("\nno line for a server's workers: no number keeps what is asked "
             "for");
    for (const struct server *server = servers; server->name; server++) {
        if (!size_shows(size, server))
            continue;
        if (!any)
            puts(markdown ? "\n```text" : "\nin servers:");
        any = true;
        print_server(size, server);
    }
    if (!any && size->asked->server && size->kept != KEPT_NOT)
        printf("\n%s has no setting for a figure of this service\n",
               size->asked->server);
    else if (any && markdown)
        puts("```");
    else if (any && !size->asked->server)
        puts("what to mind with one of them: --server NAME");
}

void size_print(const struct size *size, bool markdown)
{
    struct sentences sentences;
    char headline[HEADLINE];

    words_headline(size, headline, sizeof headline);
    if (markdown)
        print_escaped(headline);
    else
        printf("%s", headline);
    puts("");
    for (int i = 0; i < size->advice.model_count && !size->asked->server; i++)
        print_curve(size, i, markdown);
    print_servers(size, markdown);
    if (!markdown)
        puts("");
    words_of_service(size, &sentences);
    print_sentences(&sentences, markdown);
}
