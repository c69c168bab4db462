/* SPDX-License-Identifier: MIT
 *
 * The text's table is 120 columns wide at most, on a terminal as wide as that
 * is; a band stands below its figure.
 * In Markdown it stands beside it.
 */
#include "print.h"

#include <math.h>
#include <stdio.h>

#include "harness/figures/metric.h"
#include "harness/screen/table.h"
#include "sentences.h"

enum { CELL = 64 };

enum column_kind {
    COLUMN_CAPACITY,
    COLUMN_P50,
    COLUMN_P90,
    COLUMN_P99,
    COLUMN_CPU,
    COLUMN_MEMORY,
    COLUMN_PEAK,
    COLUMNS,
};

/* Columns with a figure, in order. */
static const struct column {
    const char *title, *metric;
    enum quantity quantity; /* whose band it has; QUANTITIES: none */
} columns[COLUMNS] = {
    [COLUMN_CAPACITY] = {"capacity", "_per_s", QUANTITY_THROUGHPUT},
    [COLUMN_P50] = {"p50", "_ns", QUANTITY_P50},
    [COLUMN_P90] = {"p90", "_ns", QUANTITIES},
    [COLUMN_P99] = {"p99", "_ns", QUANTITY_P99},
    [COLUMN_CPU] = {"cpu", "_ns", QUANTITY_CPU},
    [COLUMN_MEMORY] = {"memory", "_bytes", QUANTITY_MEMORY},
    [COLUMN_PEAK] = {"at a peak", "_bytes", QUANTITIES},
};

/* What a limit is for is shown, and what is always of interest. */
static bool shown(const struct advice *advice, enum column_kind figure)
{
    const struct service *p = &advice->question->service;

    switch (figure) {
    case COLUMN_P50:
    case COLUMN_P99:
        return !advice->laws_alone;
    case COLUMN_P90:
        return !advice->laws_alone && p->limit_ns > 0 && p->limit_percent == 90;
    case COLUMN_PEAK:
        return !advice->laws_alone && p->memory_bytes > 0;
    default:
        return true;
    }
}

/* NAN: there is none. */
static double figure_of(const struct forecast *f, enum column_kind figure)
{
    switch (figure) {
    case COLUMN_CAPACITY:
        return f->capacity_per_s;
    case COLUMN_CPU:
        return f->request_cpu_ns;
    case COLUMN_MEMORY:
        return f->memory_bytes;
    case COLUMN_PEAK:
        return f->simulated ? f->memory_most_bytes : NAN;
    case COLUMN_P50:
        return f->simulated ? f->p50_ns.value : NAN;
    case COLUMN_P90:
        return f->simulated ? f->p90_ns.value : NAN;
    case COLUMN_P99:
        return f->simulated ? f->p99_ns.value : NAN;
    case COLUMNS:
        break;
    }
    return NAN;
}

static const char *figure_text(const struct advised *row,
                               enum column_kind figure, char *text)
{
    double value = figure_of(&row->forecast, figure);

    if (isfinite(value))
        metric_format(columns[figure].metric, value, text, CELL);
    else
        snprintf(text, CELL, "-");
    return text;
}

/* "" where there is no figure, or no band of it. */
static const char *row_band_text(const struct advised *row,
                                 enum column_kind figure, char *text)
{
    enum quantity quantity = columns[figure].quantity;

    text[0] = '\0';
    return quantity != QUANTITIES && isfinite(figure_of(&row->forecast, figure))
               ? band_text(&row->bands[quantity], text, CELL)
               : text;
}

static const char *verdict_text(const struct advice *advice,
                                const struct forecast *f, char *text)
{
    static const char *const limit[] = {
        [KEPT_UNKNOWN] = ", limit not judged",
        [KEPT_NOT] = ", misses the limit",
    };
    static const char *const memory[] = {
        [KEPT_UNKNOWN] = ", memory not judged",
        [KEPT_NOT] = ", over the memory",
    };
    bool overloaded = advice_overloaded(advice, f);
    bool unknown = f->beyond > 0 || f->model->discipline == DISCIPLINE_UNKNOWN;
    bool told = !overloaded && !advice->laws_alone;

    snprintf(text, CELL, "%s%s%s%s", law_name(f->law),
             overloaded ? ": overload"
             : unknown  ? ": not simulated"
                        : "",
             told && f->on_limit > KEPT ? limit[f->on_limit] : "",
             f->on_memory > KEPT ? memory[f->on_memory] : "");
    return text;
}

static void print_row(const struct advice *advice, const struct advised *row,
                      FILE *file)
{
    char text[CELL];
    bool banded = false;

    fprintf(file, "%-22s %7d", row->forecast.model->name,
            row->forecast.workers);
    for (int c = 0; c < COLUMNS; c++) {
        if (!shown(advice, c))
            continue;
        fprintf(file, " %11s", figure_text(row, c, text));
        banded |= row_band_text(row, c, text)[0] != '\0';
    }
    fprintf(file, "  %s\n", verdict_text(advice, &row->forecast, text));
    if (!banded)
        return;
    fprintf(file, "%-22s %7s", "", "");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, c))
            fprintf(file, " %11s", row_band_text(row, c, text));
    fputc('\n', file);
}

void print_text(const struct advice *advice)
{
    struct sentences sentences;
    struct table_text table;

    if (advice->model_count == 0)
        return;
    FILE *file = table_open(&table, stdout);
    fprintf(file, "%-22s %7s", "model", "workers");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, c))
            fprintf(file, " %11s", columns[c].title);
    fputs("  bound by\n", file);
    for (int i = 0; i < advice->model_count; i++)
        print_row(advice, &advice->models[i], file);
    table_close(&table);
    sentences_make(advice, &sentences);
    for (int i = 0; i < sentences.count; i++)
        puts(sentences.of[i]);
}

void print_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '<' || *text == '*' || *text == '_' ||
            *text == '`' || *text == '[' || *text == ']' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void print_markdown_row(const struct advice *advice,
                               const struct advised *row)
{
    char figure[CELL], band[CELL];

    printf("| ");
    print_escaped(row->forecast.model->name);
    printf(" | %d |", row->forecast.workers);
    for (int c = 0; c < COLUMNS; c++) {
        if (!shown(advice, c))
            continue;
        row_band_text(row, c, band);
        printf(" %s%s", figure_text(row, c, figure), band[0] ? " " : "");
        print_escaped(band);
        printf(" |");
    }
    printf(" %s |\n", verdict_text(advice, &row->forecast, figure));
}

void print_markdown(const struct advice *advice)
{
    struct sentences sentences;

    if (advice->model_count == 0)
        return;
    printf("| model | workers |");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, c))
            printf(" %s |", columns[c].title);
    printf(" bound by |\n|---|--:|");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, c))
            printf("--:|");
    puts("---|");
    for (int i = 0; i < advice->model_count; i++)
        print_markdown_row(advice, &advice->models[i]);
    puts("");
    sentences_make(advice, &sentences);
    for (int i = 0; i < sentences.count; i++) {
        printf("- ");
        print_escaped(sentences.of[i]);
        puts("");
    }
}
