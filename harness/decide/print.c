/* SPDX-License-Identifier: MIT
 *
 * The table is 100 columns wide at most, on a terminal as wide as that is; its
 * rows are ordered by burden.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/figures/metric.h"
#include "harness/screen/table.h"
#include "words.h"

enum { CELL = 72 };

enum column {
    COLUMN_MODEL,
    COLUMN_WORKERS,
    COLUMN_FATE,
    COLUMN_LATENCY,
    COLUMN_CPU,
    COLUMN_MEMORY,
    COLUMN_RATE,
    COLUMN_BEST,
    COLUMN_REGRET,
    COLUMN_ISOLATION,
    COLUMNS,
};

static const int widths[COLUMNS] = {-22, 7, 13, 9, 6, 9, 9, 6, 9, 9};

/* Fits first, then by burden. */
static void order_of(const struct decision *decision, int *order)
{
    int count = decision->matter.model_count;

    for (int m = 0; m < count; m++)
        order[m] = m;
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0; k--) {
            int a = order[k - 1], b = order[k];
            enum fate before = decision->choice.of[a].fate;
            enum fate own = decision->choice.of[b].fate;
            if (own > before ||
                (own == before &&
                 !(decision->options[b].burden < decision->options[a].burden)))
                break;
            order[k - 1] = b;
            order[k] = a;
        }
}

static const char *title_of(const struct decision *decision, int column,
                            char *text)
{
    static const char *const titles[COLUMNS] = {
        "model",  "workers", "",     "",         "cores",
        "memory", "",        "best", "regret95", "isolation"};

    snprintf(text, CELL, "%s", titles[column]);
    if (column == COLUMN_FATE)
        snprintf(text, CELL, "limits");
    if (column == COLUMN_LATENCY)
        snprintf(text, CELL, "p%s",
                 digits_of(decision->peak.limit_ns > 0
                               ? decision->peak.limit_percent
                               : 99,
                           4)
                     .text);
    if (column == COLUMN_RATE)
        snprintf(text, CELL, "%s",
                 decision->peak.rate_per_s > 0 ? "headroom" : "rate");
    return text;
}

static void figure_text(const char *metric, double value, char *text)
{
    if (isfinite(value))
        metric_format(metric, value, text, CELL);
    else
        snprintf(text, CELL, "-");
}

static void share_text(double share, bool known, char *text)
{
    if (known)
        snprintf(text, CELL, "%.0f %%", 100 * share);
    else
        snprintf(text, CELL, "-");
}

static const char *cell_of(const struct decision *decision, int option,
                           int column, char *text)
{
    const struct candidate *o = &decision->options[option];
    const struct judged *judged = &decision->choice.of[option];
    bool drawn = decision->choice.none < 1;
    double score = wishes_score(&decision->wishes, o->model, DRIVER_ISOLATION);

    switch ((enum column)column) {
    case COLUMN_MODEL:
        snprintf(text, CELL, "%s", o->model->name);
        break;
    case COLUMN_WORKERS:
        snprintf(text, CELL, o->workers > 0 ? "%d" : "-", o->workers);
        break;
    case COLUMN_FATE:
        snprintf(text, CELL, "%s", fate_words(judged->fate));
        break;
    case COLUMN_LATENCY:
        figure_text("_ns", o->figures.of[DRIVER_LATENCY], text);
        if (isinf(o->figures.of[DRIVER_LATENCY]))
            snprintf(text, CELL, "overload");
        break;
    case COLUMN_CPU:
        snprintf(text, CELL, "%.2f", o->figures.of[DRIVER_CPU]);
        break;
    case COLUMN_MEMORY:
        /* Under overload it grows without end. */
        figure_text("_bytes",
                    isinf(o->figures.of[DRIVER_LATENCY])
                        ? NAN
                        : decision_memory_bytes(decision, option),
                    text);
        break;
    case COLUMN_RATE:
        if (isfinite(judged->headroom))
            snprintf(text, CELL, "%s x", digits_of(judged->headroom, 2).text);
        else
            figure_text("_per_s", o->figures.of[DRIVER_THROUGHPUT], text);
        break;
    case COLUMN_BEST:
        share_text(judged->best, drawn, text);
        break;
    case COLUMN_REGRET:
        share_text(judged->regret95, drawn, text);
        break;
    case COLUMN_ISOLATION:
        snprintf(text, CELL, "%s",
                 isfinite(score) ? digits_of(score, 3).text : "-");
        break;
    case COLUMNS:
        break;
    }
    return text;
}

static void print_table(const struct decision *decision)
{
    int order[OPTIONS_MAX];
    char text[CELL];
    struct table_text table;
    FILE *file = table_open(&table, stdout);

    order_of(decision, order);
    for (int c = 0; c < COLUMNS; c++)
        fprintf(file, "%s%*s", c > 0 ? " " : "", widths[c],
                title_of(decision, c, text));
    fputc('\n', file);
    for (int i = 0; i < decision->matter.model_count; i++) {
        for (int c = 0; c < COLUMNS; c++)
            fprintf(file, "%s%*s", c > 0 ? " " : "", widths[c],
                    cell_of(decision, order[i], c, text));
        fputc('\n', file);
    }
    table_close(&table);
}

/* "390/s at the peak of 1.3 times the usual 300/s": what the table is for. */
static const char *load_text(const struct decision *decision, char *text,
                             size_t size)
{
    char peak[CELL], usual[CELL];

    if (decision->peak.rate_per_s > 0)
        snprintf(text, size, "at %s, the peak of %s times the usual %s",
                 metric_format("_per_s", decision->peak.rate_per_s, peak, CELL),
                 digits_of(decision->wishes.peak, 3).text,
                 metric_format("_per_s", decision->matter.service->rate_per_s,
                               usual, CELL));
    else
        snprintf(text, size, "with %d client%s", decision->peak.connections,
                 digits_plural(decision->peak.connections));
    return text;
}

void decision_print(const struct decision *decision)
{
    static struct sentences sentences;
    char load[200], command[2048];

    decision_words(decision, &sentences);
    printf("%s\n\n", sentences.of[0]);
    printf("%s:\n", load_text(decision, load, sizeof load));
    print_table(decision);
    puts("");
    for (int i = 1; i < sentences.count; i++)
        puts(sentences.of[i]);
    if (decision->choice.leader >= 0 &&
        decision_size_command(decision, command, sizeof command))
        printf("how many workers, and the lines for your server (gunicorn, "
               "uvicorn, Tomcat, nginx ...): %s\n",
               command);
}

static void put_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|<*_`[]\\", *text))
            putchar('\\');
        putchar(*text);
    }
}

void decision_markdown(const struct decision *decision)
{
    static struct sentences sentences;
    int order[OPTIONS_MAX];
    char text[200];

    decision_words(decision, &sentences);
    order_of(decision, order);
    printf("**");
    put_escaped(sentences.of[0]);
    printf("**\n\n");
    put_escaped(load_text(decision, text, sizeof text));
    printf(":\n\n|");
    for (int c = 0; c < COLUMNS; c++)
        printf(" %s |", title_of(decision, c, text));
    printf("\n|---|");
    for (int c = 1; c < COLUMNS; c++)
        printf("--:|");
    puts("");
    for (int i = 0; i < decision->matter.model_count; i++) {
        printf("|");
        for (int c = 0; c < COLUMNS; c++) {
            printf(" ");
            put_escaped(cell_of(decision, order[i], c, text));
            printf(" |");
        }
        puts("");
    }
    puts("");
    for (int i = 1; i < sentences.count; i++) {
        printf("- ");
        put_escaped(sentences.of[i]);
        puts("");
    }
}
