/* SPDX-License-Identifier: MIT
 *
 * The text's table is 120 columns wide at most; a band stands below its figure.
 * In Markdown it stands beside it.
 */
#include "print.h"

#include <math.h>
#include <stdio.h>

#include "harness/figures/metric.h"
#include "sentences.h"

enum { CELL = 64 };

/* Columns with a figure, in order. */
static const struct column {
    enum quantity quantity;
    const char *title;
    bool simulated;
} columns[] = {
    {QUANTITY_THROUGHPUT, "capacity", false},
    {QUANTITY_P50, "p50", true},
    {QUANTITY_P99, "p99", true},
    {QUANTITY_CPU, "cpu", false},
    {QUANTITY_MEMORY, "memory", false},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static bool shown(const struct advice *advice, const struct column *column)
{
    return !column->simulated || !advice->laws_alone;
}

/* NAN: there is none. */
static double figure_of(const struct forecast *f, enum quantity quantity)
{
    switch (quantity) {
    case QUANTITY_THROUGHPUT:
        return f->capacity_per_s;
    case QUANTITY_CPU:
        return f->request_cpu_ns;
    case QUANTITY_MEMORY:
        return f->memory_bytes;
    case QUANTITY_P50:
        return f->simulated ? f->p50_ns.value : NAN;
    case QUANTITY_P99:
        return f->simulated ? f->p99_ns.value : NAN;
    case QUANTITIES:
        break;
    }
    return NAN;
}

static const char *figure_text(const struct advised *row,
                               enum quantity quantity, char *text)
{
    double value = figure_of(&row->forecast, quantity);

    if (isfinite(value))
        metric_format(quantity_name(quantity), value, text, CELL);
    else
        snprintf(text, CELL, "-");
    return text;
}

/* "" where there is no figure, or no band of it. */
static const char *row_band_text(const struct advised *row,
                                 enum quantity quantity, char *text)
{
    text[0] = '\0';
    return isfinite(figure_of(&row->forecast, quantity))
               ? band_text(&row->bands[quantity], text, CELL)
               : text;
}

static const char *verdict_text(const struct advice *advice,
                                const struct forecast *f, char *text)
{
    bool overloaded = advice_overloaded(advice, f);
    bool unknown = f->model->discipline == DISCIPLINE_UNKNOWN;
    bool misses = !f->keeps_limit && !overloaded && !advice->laws_alone;

    snprintf(text, CELL, "%s%s%s%s", law_name(f->law),
             overloaded ? ": overload"
             : unknown  ? ": not simulated"
                        : "",
             !misses   ? ""
             : unknown ? ", limit not judged"
                       : ", misses the limit",
             f->keeps_memory ? "" : ", over the memory");
    return text;
}

static void print_row(const struct advice *advice, const struct advised *row)
{
    char text[CELL];
    bool banded = false;

    printf("%-22s %7d", row->forecast.model->name, row->forecast.workers);
    for (int c = 0; c < COLUMNS; c++) {
        if (!shown(advice, &columns[c]))
            continue;
        printf(" %11s", figure_text(row, columns[c].quantity, text));
        banded |= row_band_text(row, columns[c].quantity, text)[0] != '\0';
    }
    printf("  %s\n", verdict_text(advice, &row->forecast, text));
    if (!banded)
        return;
    printf("%-22s %7s", "", "");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, &columns[c]))
            printf(" %11s", row_band_text(row, columns[c].quantity, text));
    puts("");
}

void print_text(const struct advice *advice)
{
    struct sentences sentences;

    printf("%-22s %7s", "model", "workers");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, &columns[c]))
            printf(" %11s", columns[c].title);
    puts("  bound by");
    for (int i = 0; i < advice->model_count; i++)
        print_row(advice, &advice->models[i]);
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
        if (!shown(advice, &columns[c]))
            continue;
        row_band_text(row, columns[c].quantity, band);
        printf(" %s%s", figure_text(row, columns[c].quantity, figure),
               band[0] ? " " : "");
        print_escaped(band);
        printf(" |");
    }
    printf(" %s |\n", verdict_text(advice, &row->forecast, figure));
}

void print_markdown(const struct advice *advice)
{
    struct sentences sentences;

    printf("| model | workers |");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, &columns[c]))
            printf(" %s |", columns[c].title);
    printf(" bound by |\n|---|--:|");
    for (int c = 0; c < COLUMNS; c++)
        if (shown(advice, &columns[c]))
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
