/* SPDX-License-Identifier: MIT
 *
 * Benchmark outputs and tables of others (troika judge). The input's first byte
 * says which format is forced ('0': none), the rest is the file. A file that is
 * refused has a reason with its line. Figures that are read are finite and
 * within their intervals. Each row gets a verdict, with a sentence where it is
 * accused, and one whose figures are known less well is not accused by a law
 * that did not accuse it before.
 */
#include "fuzz.h"

#include <math.h>

#include "harness/judge/print.h"
#include "harness/judge/read.h"
#include "harness/judge/words.h"

enum { FORMATS = 10 };

static void check_figures(const struct row *row)
{
    for (int i = 0; i < FIGURES; i++) {
        const struct figure *f = &row->figures[i];
        if (!f->known)
            continue;
        FUZZ_CHECK(isfinite(f->value) && isfinite(f->low) && f->low >= 0 &&
                       f->low <= f->value * (1 + 1e-9) &&
                       f->value <= f->high * (1 + 1e-9),
                   "%s: %g in %g to %g", figure_abouts[i].name, f->value,
                   f->low, f->high);
        FUZZ_CHECK(strlen(f->text) < sizeof f->text, "%s", f->text);
    }
    FUZZ_CHECK(row->line > 0 && row->format, "line %d", row->line);
    for (const char *at = row->name; *at; at++)
        FUZZ_CHECK((unsigned char)*at >= 32 && *at != 127, "%d", *at);
}

static void check_sentences(const struct row *row,
                            const struct judgement *judgement)
{
    char text[WORDS_SENTENCE];

    for (int law = 0; law < JUDGE_LAWS; law++) {
        const struct finding *f = &judgement->findings[law];
        bool told = f->verdict >= VERDICT_SUSPICIOUS;
        words_of_finding(row, law, judgement, text, sizeof text);
        FUZZ_CHECK(told == (text[0] != '\0'), "%s: %d, \"%s\"",
                   judge_law_name(law), f->verdict, text);
        FUZZ_CHECK(!strstr(text, "nan"), "%s", text);
        words_of_explanation(row, law, judgement, text, sizeof text);
        FUZZ_CHECK(told || text[0] == '\0', "%s", text);
        FUZZ_CHECK(f->verdict <= judgement->verdict, "%d", f->verdict);
    }
}

static void check_wider(const struct row *row,
                        const struct judgement *judgement)
{
    struct row wide = *row;
    struct judgement again;

    for (int i = 0; i < FIGURES; i++) {
        wide.figures[i].low *= 0.5;
        wide.figures[i].high *= 2;
    }
    judge_row(&wide, &again);
    for (int law = 0; law < JUDGE_LAWS; law++)
        FUZZ_CHECK(again.findings[law].verdict < VERDICT_BREAKS ||
                       judgement->findings[law].verdict == VERDICT_BREAKS,
                   "%s accuses what is known less well", judge_law_name(law));
}

/* Gives what a person may add to a file. */
static void add_flags(struct row *row, uint8_t choice)
{
    static const double values[FIGURES] = {
        [FIGURE_CONNECTIONS] = 64, [FIGURE_WAIT] = 0.1, [FIGURE_CPU] = 1e-3,
        [FIGURE_WORKERS] = 8,      [FIGURE_CORES] = 2,  [FIGURE_DURATION] = 10};

    for (int i = 0; i < FIGURES; i++)
        if (values[i] > 0 && !row->figures[i].known && choice & 1)
            row->figures[i] = figure_exact(values[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[FORMATS] = {
        NULL,     "wrk",    "hey",  "oha",      "k6",
        "h2load", "troika", "json", "markdown", "csv"};
    struct source source;
    struct rows rows = {0};
    char why[1024] = "";

    if (size == 0)
        return 0;
    FUZZ_CHECK(source_of((const char *)data + 1, size - 1, "f", &source, why,
                         sizeof why) == 0,
               "%s", why);
    const char *format = formats[data[0] % 16 % FORMATS];
    int status = read_rows(&source, format, data[0] & 16 ? 0 : 1e-3, &rows, why,
                           sizeof why);
    FUZZ_CHECK((status > 0) == (rows.count > 0), "%d, %d rows", status,
               rows.count);
    FUZZ_CHECK(status > 0 || !strncmp(why, "f:", 2), "%s", why);
    struct judgement *of = calloc((size_t)rows.count + 1, sizeof *of);
    FUZZ_CHECK(of, "out of memory");
    for (int i = 0; i < rows.count; i++) {
        add_flags(&rows.of[i], data[0] >> 5);
        check_figures(&rows.of[i]);
        judge_row(&rows.of[i], &of[i]);
        check_sentences(&rows.of[i], &of[i]);
        check_wider(&rows.of[i], &of[i]);
    }
    json_t *json = judge_json(&(struct judged){.rows = &rows, .of = of});
    FUZZ_CHECK(json, "no JSON");
    json_decref(json);
    free(of);
    row_free(&rows);
    source_free(&source);
    return 0;
}
