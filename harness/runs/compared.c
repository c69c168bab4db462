/* SPDX-License-Identifier: MIT
 *
 * Words and figures come from the comparison's rows; nothing is estimated here.
 */
#include "compared.h"

#include <math.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/screen/table.h"
#include "harness/statistics/margin.h"

enum { SCHEMA_VERSION = 1, TEXT_SIZE = 256 };

/* The figures of a row as a table shows them. */
struct told {
    char a[40], b[40], ratio[128], floor[24], phrase[TEXT_SIZE];
};

/* Whether a primary figure exceeds an allowed regression. */
enum allowed {
    ALLOWED_KEPT,
    ALLOWED_WORSE,
    ALLOWED_UNJUDGED, /* a single block, or too many invalid trials */
    ALLOWED_UNKNOWN,  /* too noisy to exclude it */
    ALLOWED_BOUND,
};

static const char *const allowed_names[] = {
    [ALLOWED_KEPT] = "kept",         [ALLOWED_WORSE] = "worse",
    [ALLOWED_UNJUDGED] = "unjudged", [ALLOWED_UNKNOWN] = "unknown",
    [ALLOWED_BOUND] = "bound",
};

/* How far two copies of one binary differed, as a share: the larger floor of
 * the two runs; NAN: neither run has a copy. */
static double floor_of(const struct compare *compare,
                       const struct compare_row *row)
{
    const char *experiment = row->comparison.experiment;
    const char *metric = row->comparison.metric->name;

    return fmax(margin_floor_known(compare->a, experiment, metric),
                margin_floor_known(compare->b, experiment, metric));
}

static void tell(const struct compare *compare, const struct compare_row *row,
                 struct told *told)
{
    const struct estimate *ratio = &row->comparison.ratio;
    const char *name = row->comparison.metric->name;
    double floor = floor_of(compare, row);
    char plain[32], range[80];

    snprintf(told->a, sizeof told->a, "%s%s", metric_mark(row->row_a),
             metric_format(name, row->a, plain, sizeof plain));
    snprintf(told->b, sizeof told->b, "%s%s", metric_mark(row->row_b),
             metric_format(name, row->b, plain, sizeof plain));
    comparison_ratio_format(ratio->value, plain, sizeof plain);
    comparison_range_format(ratio->lo, ratio->hi, range, sizeof range);
    snprintf(told->ratio, sizeof told->ratio, "%s%s%s", plain,
             ratio->n < 2 ? "" : " ", ratio->n < 2 ? "" : range);
    if (isnan(floor))
        strcpy(told->floor, "?");
    else
        snprintf(told->floor, sizeof told->floor, "%.1f %%", 100 * floor);
    comparison_phrase(&row->comparison, "blocks in each run", told->phrase,
                      sizeof told->phrase);
}

/* The primary figures that both runs have, by verdict. */
struct compared_tally {
    int worse, better, same, negligible, undecided;
    /* Why figures are undecided: their noise, a bound, invalid trials, or a
     * single block. */
    int noisy, bounds, invalid, single;
};

static void count_undecided(const struct comparison *comparison,
                            struct compared_tally *tally)
{
    tally->undecided++;
    if (comparison->ratio.n < 2)
        tally->single++;
    else if (comparison_blocked(comparison))
        tally->invalid++;
    else if (comparison_barred(comparison))
        tally->bounds++;
    else
        tally->noisy++;
}

static void compared_tally(const struct compare *compare,
                           struct compared_tally *tally)
{
    *tally = (struct compared_tally){0};
    for (size_t i = 0; i < compare->count; i++) {
        const struct comparison *comparison = &compare->rows[i].comparison;
        enum verdict verdict = comparison_verdict(comparison);

        if (!comparison->primary)
            continue;
        if (verdict == VERDICT_INCONCLUSIVE)
            count_undecided(comparison, tally);
        tally->better += verdict == VERDICT_BETTER;
        tally->worse += verdict == VERDICT_WORSE;
        tally->same += verdict == VERDICT_SAME;
        tally->negligible += verdict == VERDICT_NEGLIGIBLE;
    }
}

char *compared_verdict(const struct compare *compare, char *text, size_t size)
{
    struct compared_tally tally;
    size_t used;

    compared_tally(compare, &tally);
    used = (size_t)snprintf(text, size, "%d regression%s, %d improvement%s, ",
                            tally.worse, digits_plural(tally.worse),
                            tally.better, digits_plural(tally.better));
    if (tally.negligible > 0 && used < size)
        used += (size_t)snprintf(text + used, size - used, "%d negligible, ",
                                 tally.negligible);
    if (used < size)
        used += (size_t)snprintf(text + used, size - used,
                                 "%d the same, %d undecided", tally.same,
                                 tally.undecided);
    if (compare->lost > 0 && used < size)
        snprintf(text + used, size - used, ", %d lost in B", compare->lost);
    return text;
}

/* Why figures are undecided, or "". Returns text. */
static char *undecided_words(const struct compared_tally *tally, char *text,
                             size_t size)
{
    const struct {
        int count;
        const char *why;
    } parts[] = {{tally->noisy, "with an interval too wide to decide"},
                 {tally->bounds, "limited by something else than the server"},
                 {tally->invalid, "with too many invalid trials"},
                 {tally->single, "of a single block"}};
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && used < size; i++)
        if (parts[i].count > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%d %s",
                                     used > 0 ? ", " : "", parts[i].count,
                                     parts[i].why);
    return text;
}

static void print_row(const struct compare *compare,
                      const struct compare_row *row, FILE *file)
{
    struct told told;

    tell(compare, row, &told);
    fprintf(file, "  %-22s %-16s %10s %10s  A/A %-6s  B/A %s: %s\n", row->model,
            row->comparison.metric->words, told.a, told.b, told.floor,
            told.ratio, told.phrase);
}

static enum allowed judge(const struct compare_row *row, double share)
{
    struct comparison comparison = row->comparison;
    double limit = comparison.metric->higher_is_better
                       ? comparison.ratio.lo
                       : 1 / comparison.ratio.hi;

    comparison.margin = share;
    if (comparison.ratio.n < 2 || comparison_blocked(&comparison))
        return ALLOWED_UNJUDGED;
    if (comparison_verdict(&comparison) == VERDICT_WORSE)
        return ALLOWED_WORSE;
    if (comparison_barred(&comparison))
        return ALLOWED_BOUND;
    return limit < 1 / (1 + share) ? ALLOWED_UNKNOWN : ALLOWED_KEPT;
}

void compared_regression(const struct compare *compare, double share,
                         struct compared_regression *regression)
{
    *regression = (struct compared_regression){
        .share = share, .tested = compare->lost, .worse = compare->lost};
    for (size_t i = 0; share > 0 && i < compare->count; i++) {
        if (!compare->rows[i].comparison.primary)
            continue;
        enum allowed allowed = judge(&compare->rows[i], share);
        regression->tested++;
        regression->worse +=
            allowed == ALLOWED_WORSE || allowed == ALLOWED_UNJUDGED;
        regression->unknown += allowed == ALLOWED_UNKNOWN;
        regression->bounds += allowed == ALLOWED_BOUND;
    }
}

void compared_regression_print(const struct compare *compare,
                               const struct compared_regression *regression,
                               FILE *file)
{
    double share = regression->share;

    for (size_t i = 0; i < compare->count; i++) {
        const struct compare_row *row = &compare->rows[i];
        enum allowed allowed = judge(row, share);

        if (!row->comparison.primary ||
            (allowed != ALLOWED_WORSE && allowed != ALLOWED_UNJUDGED))
            continue;
        fprintf(file, "%s: %s %s, beyond %.3g %%:\n",
                allowed == ALLOWED_WORSE ? "regression" : "cannot be judged",
                row->comparison.experiment, row->comparison.load_point,
                100 * share);
        print_row(compare, row, file);
    }
    if (compare->lost > 0)
        fprintf(file, "lost in B: %d figures that A has\n", compare->lost);
    fprintf(file, "max-regression %.3g %%: %s in %d of %d figures", 100 * share,
            regression->worse > 0 ? "NOT MET" : "met",
            regression->worse > 0
                ? regression->worse
                : regression->tested - regression->unknown - regression->bounds,
            regression->tested);
    if (regression->unknown > 0)
        fprintf(file, "; %d are too noisy to exclude one: run more blocks",
                regression->unknown);
    if (regression->bounds > 0)
        fprintf(file,
                "; %d are only bounds, because the server was not the limit, "
                "and cannot show one",
                regression->bounds);
    fputc('\n', file);
}

static void print_run(const char *name, const char *directory,
                      const json_t *run, FILE *file)
{
    const char *version = json_string_of(run, "tool_version");
    const char *started = json_string_of(run, "started_at");

    fprintf(file, "%s  %s (%s, %s)%s\n", name, directory,
            version ? version : "unknown version", started ? started : "?",
            json_true_of(run, "complete") ? "" : " INCOMPLETE RUN");
    if (json_string_of(run, "untrusted"))
        fprintf(file, "   %s\n", json_string_of(run, "untrusted"));
}

void compared_differences_print(const json_t *differences, FILE *file)
{
    const json_t *row;
    size_t i;

    json_array_foreach (differences, i, row)
        fprintf(file, "  %s: %s against %s\n", json_text_of(row, "fact"),
                json_text_of(row, "a"), json_text_of(row, "b"));
}

/* What has no row. */
static void print_rest(const struct compare *compare, FILE *file)
{
    if (compare->lost > 0)
        fprintf(file, "%d figures of A are missing in B\n", compare->lost);
    if (compare->only > 0)
        fprintf(file, "%d figures are in B only\n", compare->only);
    if (compare->unlike > 0)
        fprintf(file,
                "%d load points of the same name differ in work, load, "
                "workers, flags, backend or placement, and are not compared\n",
                compare->unlike);
}

static void print_legend(const struct compare *compare, FILE *file)
{
    bool known = false;

    for (size_t i = 0; i < compare->count; i++)
        known |= !isnan(floor_of(compare, &compare->rows[i]));
    fputs(known ? "A/A: how far two copies of one binary differed in these "
                  "runs\n"
                : "A/A ?: these runs have no second copy of a model "
                  "(noise_floor = yes), so their noise is not known\n",
          file);
}

void compared_print(const struct compare *compare,
                    const struct compared_about *about, FILE *file)
{
    const char *experiment = "", *point = "";
    struct compared_tally tally;
    char text[TEXT_SIZE];
    struct table_text table = {0};
    FILE *rows = file;

    fprintf(file, "%s\n", compared_verdict(compare, text, sizeof text));
    compared_tally(compare, &tally);
    if (tally.undecided > 0)
        fprintf(file, "  undecided: %s\n",
                undecided_words(&tally, text, sizeof text));
    print_run("A", about->directories[0], compare->a, file);
    print_run("B", about->directories[1], compare->b, file);
    if (json_array_size(about->differences) > 0)
        fputs("THE ENVIRONMENTS DIFFER: a ratio may measure the machine\n",
              file);
    compared_differences_print(about->differences, file);
    for (size_t i = 0; i < compare->count; i++) {
        const struct compare_row *row = &compare->rows[i];

        if (strcmp(experiment, row->comparison.experiment) != 0 ||
            strcmp(point, row->comparison.load_point) != 0) {
            table_close(&table);
            fprintf(file, "%s: %s\n", row->comparison.experiment,
                    row->comparison.load_point);
            rows = table_open(&table, file);
        }
        experiment = row->comparison.experiment;
        point = row->comparison.load_point;
        print_row(compare, row, rows);
    }
    table_close(&table);
    print_legend(compare, file);
    print_rest(compare, file);
    fputs(about->limits, file);
}

/* Writes text that a Markdown table shows as it is. */
static void put_plain(const char *text, FILE *file)
{
    for (; *text; text++) {
        if (*text == '&')
            fputs("&amp;", file);
        else if (*text == '<')
            fputs("&lt;", file);
        else if (strchr("\\`*_[]|~#", *text))
            fprintf(file, "\\%c", *text);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
}

static void put_cells(const char *const *cells, int count, FILE *file)
{
    for (int i = 0; i < count; i++) {
        fputs(i == 0 ? "| " : " | ", file);
        put_plain(cells[i], file);
    }
    fputs(" |\n", file);
}

/* Whether a row stands in the open table: what changed. */
static bool is_change(const struct compare_row *row)
{
    enum verdict verdict = comparison_verdict(&row->comparison);

    return verdict == VERDICT_BETTER || verdict == VERDICT_WORSE;
}

/* The table of the rows that changed, or of all others. Returns how many. */
static int put_table(const struct compare *compare, bool changed, FILE *file)
{
    int rows = 0;

    for (size_t i = 0; i < compare->count; i++) {
        const struct compare_row *row = &compare->rows[i];
        struct told told;

        if (is_change(row) != changed)
            continue;
        if (rows++ == 0)
            fputs("| load point | model | figure | A | B | B/A [95 %] | A/A | "
                  "verdict |\n|---|---|---|--:|--:|--:|--:|---|\n",
                  file);
        tell(compare, row, &told);
        char place[TEXT_SIZE];
        snprintf(place, sizeof place, "%s: %s", row->comparison.experiment,
                 row->comparison.load_point);
        const char *cells[] = {
            place,      row->model, row->comparison.metric->words,
            told.a,     told.b,     told.ratio,
            told.floor, told.phrase};
        put_cells(cells, 8, file);
    }
    return rows;
}

void compared_markdown(const struct compare *compare,
                       const struct compared_about *about, FILE *file)
{
    const json_t *const runs[] = {compare->a, compare->b};
    char text[TEXT_SIZE];

    fprintf(file, "### %s\n\n", compared_verdict(compare, text, sizeof text));
    for (int i = 0; i < 2; i++) {
        fprintf(file, "- **%c** ", 'A' + i);
        put_plain(json_text_of(runs[i], "run_id"), file);
        fputs(", version ", file);
        put_plain(json_text_of(runs[i], "tool_version"), file);
        fputs(json_true_of(runs[i], "complete") ? "" : ", **incomplete run**",
              file);
        if (json_string_of(runs[i], "untrusted")) {
            fputs(", **", file);
            put_plain(json_text_of(runs[i], "untrusted"), file);
            fputs("**", file);
        }
        fputc('\n', file);
    }
    if (json_array_size(about->differences) > 0)
        fputs("- **The environments differ**: a ratio may measure the "
              "machine\n",
              file);
    fputc('\n', file);
    if (about->limits[0])
        fprintf(file, "```text\n%s```\n\n", about->limits);
    if (put_table(compare, true, file) > 0)
        fputc('\n', file);
    fputs("<details><summary>What did not change, or cannot be told</summary>"
          "\n\n",
          file);
    put_table(compare, false, file);
    fputs("\n</details>\n\n", file);
    print_rest(compare, file);
    print_legend(compare, file);
}

static json_t *run_json(const char *directory, const json_t *run)
{
    return json_pack(
        "{s:o, s:s, s:s, s:s, s:b, s:o, s:o}", "directory",
        json_text(directory), "run_id", json_text_of(run, "run_id"),
        "tool_version", json_text_of(run, "tool_version"), "started_at",
        json_text_of(run, "started_at"), "complete",
        json_true_of(run, "complete"), "untrusted",
        json_text_if(json_text_of(run, "untrusted")), "fingerprint",
        json_text_if(
            json_text_of(json_object_get(run, "environment"), "fingerprint")));
}

static json_t *row_json(const struct compare *compare,
                        const struct compare_row *row, double share)
{
    json_t *object = comparison_json(&row->comparison);
    struct told told;

    tell(compare, row, &told);
    /* The rows of a run compare two models; of these, both sides are one. */
    json_object_del(object, "words");
    json_object_set_new(object, "phrase", json_text(told.phrase));
    json_object_set_new(object, "model", json_text(row->model));
    json_object_set_new(object, "a", json_finite(row->a));
    json_object_set_new(object, "b", json_finite(row->b));
    json_object_set_new(object, "higher_is_better",
                        json_boolean(row->comparison.metric->higher_is_better));
    json_object_set_new(object, "noise_floor",
                        json_finite(floor_of(compare, row)));
    json_object_set_new(object, "regression",
                        share > 0 && row->comparison.primary
                            ? json_string(allowed_names[judge(row, share)])
                            : json_null());
    return object;
}

static json_t *tally_json(const struct compare *compare)
{
    struct compared_tally tally;

    compared_tally(compare, &tally);
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, "
                     "s:i}",
                     "regressions", tally.worse, "improvements", tally.better,
                     "same", tally.same, "negligible", tally.negligible,
                     "undecided", tally.undecided, "noisy", tally.noisy,
                     "bounds", tally.bounds, "invalid", tally.invalid, "single",
                     tally.single, "lost", compare->lost, "only", compare->only,
                     "unlike", compare->unlike);
}

static json_t *regression_json(const struct compared_regression *regression)
{
    if (regression->share <= 0)
        return json_null();
    return json_pack("{s:f, s:b, s:i, s:i, s:i, s:i}", "share",
                     regression->share, "met", regression->worse == 0, "tested",
                     regression->tested, "worse", regression->worse, "unknown",
                     regression->unknown, "bounds", regression->bounds);
}

json_t *compared_json(const struct compare *compare,
                      const struct compared_about *about)
{
    double share = about->regression->share;
    json_t *rows = json_array();
    char verdict[TEXT_SIZE];

    for (size_t i = 0; i < compare->count; i++)
        json_array_append_new(rows,
                              row_json(compare, &compare->rows[i], share));
    compared_verdict(compare, verdict, sizeof verdict);
    json_t *json =
        json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:O, s:o, s:o, s:O, s:o}",
                  "schema_version", SCHEMA_VERSION, "kind", "comparison",
                  "tool_version", version(), "verdict", verdict, "a",
                  run_json(about->directories[0], compare->a), "b",
                  run_json(about->directories[1], compare->b), "differences",
                  about->differences, "tally", tally_json(compare),
                  "max_regression", regression_json(about->regression),
                  "thresholds", about->thresholds, "rows", rows);
    json_make_printable(json);
    return json;
}
