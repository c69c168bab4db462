/* SPDX-License-Identifier: MIT
 *
 * troika judge: which law the figures of somebody's benchmark break. Nothing is
 * measured. Standard output holds the answer and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/judge/numbers.h"
#include "harness/judge/print.h"
#include "harness/judge/read.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

enum { FILES_MOST = 256 };

struct options {
    const char *files[FILES_MOST];
    int file_count;
    const char *texts[FIGURES]; /* of the flags that give a figure */
    struct figure figures[FIGURES];
    const char *only; /* NULL: all rows */
    const char *unit;
    double unit_s;
    int loop, input;
    bool json;
};

#define MEMBER(name) .offset = offsetof(struct options, name)
#define GIVES(id)                                                              \
    FLAG_TEXT, .offset = offsetof(struct options, texts) +                     \
                         (id) * sizeof(((struct options *)0)->texts[0])

static const struct flag rows[] = {
    {"connections", 'c', "N", "C: connections of the load generator",
     GIVES(FIGURE_CONNECTIONS),
     .heading = "What the file does not say, of all rows; without a file, the "
                "row itself:"},
    {"in-flight", 0, "N", "requests in flight on each of them (1)",
     GIVES(FIGURE_IN_FLIGHT)},
    {"wait", 0, "TIME", "D: each request waits that long, at least",
     GIVES(FIGURE_WAIT)},
    {"workers", 0, "N",
     "W: workers, of which a request holds one until it ends",
     GIVES(FIGURE_WORKERS)},
    {"cpu", 0, "TIME", "c: CPU time of a request", GIVES(FIGURE_CPU)},
    {"cores", 0, "N", "P: cores that the server had", GIVES(FIGURE_CORES)},
    {"duration", 'd', "TIME", "how long the load lasted",
     GIVES(FIGURE_DURATION)},
    {"requests", 'n', "N", "completed in that time", GIVES(FIGURE_REQUESTS)},
    {"loop", 0, "unknown|closed|open",
     "closed: each connection sends when it has its answer, and latency counts "
     "from the sending (as the file says, else unknown)",
     FLAG_CHOICE, MEMBER(loop)},
    {"rate", 'R', "N", "X: completed requests per second", GIVES(FIGURE_RATE)},
    {"mean", 0, "TIME", "R: mean latency", GIVES(FIGURE_MEAN)},
    {"min", 0, "TIME", "the least latency", GIVES(FIGURE_MIN)},
    {"p50", 0, "TIME", "percentiles", GIVES(FIGURE_P50)},
    {"p75", 0, "TIME", "", GIVES(FIGURE_P75)},
    {"p90", 0, "TIME", "", GIVES(FIGURE_P90)},
    {"p95", 0, "TIME", "", GIVES(FIGURE_P95)},
    {"p99", 0, "TIME", "", GIVES(FIGURE_P99)},
    {"p99.9", 0, "TIME", "", GIVES(FIGURE_P999)},
    {"max", 0, "TIME", "the greatest latency", GIVES(FIGURE_MAX)},
    {"input-format", 0, READ_FORMATS,
     "what the files are (auto: by content; wrk is wrk2, too)", FLAG_CHOICE,
     MEMBER(input), .heading = "How to read files:"},
    {"rows", 0, "TEXT", "only rows whose name has this in it", FLAG_TEXT,
     MEMBER(only)},
    {"unit", 0, "ns|us|ms|s",
     "of times for which neither the column nor the cell names one", FLAG_TEXT,
     MEMBER(unit)},
    {"format", 'f', "text|json", "of the answer (text)", FLAG_FORMAT,
     MEMBER(json), .heading = "The answer:"},
    {0},
};

static error_t take_file(char *word, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (options->file_count == FILES_MOST)
        argp_error(state, "more than %d files", FILES_MOST);
    options->files[options->file_count++] = word;
    return 0;
}

/* Whether --rate, a latency or the like is given. What a person says of the
 * service and the load is exact; what a table printed is as its digits say. */
static bool is_printed(enum figure_id id)
{
    return id == FIGURE_RATE || id >= FIGURE_MEAN;
}

static void take_figure(struct options *options, enum figure_id id,
                        struct argp_state *state)
{
    static const char *const asked[] = {
        [KIND_RATE] = "requests per second: 16474, 16.5k",
        [KIND_COUNT] = "a whole number: 128",
        [KIND_TIME] = "a time with its unit: 7.7ms",
    };
    enum figure_kind kind = figure_abouts[id].kind;
    const char *text = options->texts[id];
    struct figure *figure = &options->figures[id];
    int64_t whole;
    double number;
    bool right = kind == KIND_RATE ? units_parse_rate(text, &number) == 0
                 : kind == KIND_COUNT
                     ? units_parse(UNIT_COUNT, text, &whole) == 0 && whole > 0
                     : units_parse(UNIT_NS, text, &whole) == 0 &&
                           (whole > 0 || id == FIGURE_MIN);

    if (!right || !figure_read_text(kind, text, figure))
        argp_error(state, "--%s %s: give %s", figure_abouts[id].name,
                   text[0] != '\0' ? text : "\"\"", asked[kind]);
    if (!is_printed(id))
        figure->low = figure->high = figure->value;
}

static void check_whole(void *into, struct argp_state *state)
{
    struct options *options = into;
    bool stated = false;

    for (int i = 0; i < FIGURES; i++)
        if (options->texts[i]) {
            take_figure(options, i, state);
            stated |= is_printed(i);
        }
    if (options->unit)
        options->unit_s = unit_seconds(options->unit, strlen(options->unit));
    if (options->unit && options->unit_s == 0)
        argp_error(state, "--unit %s: there is ns, us, ms, s", options->unit);
    if (options->file_count == 0 && !stated)
        argp_error(state, "nothing to judge: give a FILE (- for standard "
                          "input), or the figures: --rate 16474 --connections "
                          "128 --wait 100ms --mean 7.7ms");
    if (options->file_count == 0 && options->only)
        argp_error(state, "--rows has no effect without a file");
}

/* Adds the rows of a file. Returns an exit code. */
static int read_file(const struct options *options, const char *name,
                     struct rows *found)
{
    bool standard = !strcmp(name, "-");
    FILE *file = standard ? stdin : fopen(name, "rb");
    const char *format = NULL;
    char why[1024], formats[] = READ_FORMATS;
    struct source source;

    if (!file) {
        fprintf(stderr, "troika judge: %s: %s\n", name, strerror(errno));
        return EXIT_FAILED;
    }
    char *rest = formats;
    for (int i = 0; i <= options->input; i++)
        format = strsep(&rest, "|");
    int status =
        source_read(file, standard ? "stdin" : name, &source, why, sizeof why);
    if (!standard)
        fclose(file);
    bool read = status == 0;
    if (read) {
        status = read_rows(&source, options->input > 0 ? format : NULL,
                           options->unit_s, found, why, sizeof why);
        /* The rows name the file, not its text. */
        for (int i = 0; i < found->count; i++)
            if (found->of[i].file == source.name)
                found->of[i].file = standard ? "stdin" : name;
        source_free(&source);
    }
    if (status >= 0)
        return EXIT_OK;
    fprintf(stderr, "troika judge: %s\n", why);
    return status == -EINVAL || status == -EFBIG ? EXIT_USAGE : EXIT_FAILED;
}

/* Gives the row what it does not say itself. */
static void complete_row(const struct options *options, struct row *row)
{
    for (int i = 0; i < FIGURES; i++)
        if (options->texts[i] && (!row->figures[i].known ||
                                  (i == FIGURE_DURATION && row->derived))) {
            row->figures[i] = options->figures[i];
            if (i == FIGURE_DURATION)
                row->derived = false;
        }
    if (options->loop != LOOP_UNKNOWN && row->loop == LOOP_UNKNOWN) {
        row->loop = options->loop;
        row->flight_doubt = NULL;
    }
}

/* Keeps the rows that are asked for. */
static void choose_rows(const struct options *options, struct rows *found)
{
    int kept = 0;

    for (int i = 0; i < found->count; i++)
        if (!options->only || strstr(found->of[i].name, options->only))
            found->of[kept++] = found->of[i];
    found->count = kept;
}

static int answer(const struct options *options, struct rows *found)
{
    struct judgement *judgements =
        calloc((size_t)found->count, sizeof *judgements);
    struct judged judged = {.rows = found, .of = judgements};

    if (!judgements) {
        fprintf(stderr, "troika judge: out of memory\n");
        return EXIT_FAILED;
    }
    for (int i = 0; i < found->count; i++) {
        complete_row(options, &found->of[i]);
        judge_row(&found->of[i], &judgements[i]);
        judged.counts[judgements[i].verdict]++;
    }
    if (options->json) {
        json_t *json = judge_json(&judged);
        json_print(json);
        json_decref(json);
    } else {
        judge_print(&judged);
    }
    free(judgements);
    return judged.counts[VERDICT_BREAKS] > 0 ? EXIT_THRESHOLD : EXIT_OK;
}

int verb_judge(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[FILE...]",
        .help = "Judges benchmark figures that others have published: which "
                "row breaks which law, by how much, and what would explain it. "
                "FILE (- for standard input) is an output of wrk, wrk2, hey, "
                "oha, k6, h2load or troika load, JSON of oha, k6 or troika "
                "load, or a table of Markdown or CSV; a page with several of "
                "them is read from its beginning to its end."
                "\vA row breaks a law only if no run could have given its "
                "figures, as rounded as they are; what is possible and needs "
                "an explanation is suspicious.\n\nExit codes: 0 no row breaks "
                "a law; 1 a file cannot be read; 2 usage, or a file without "
                "figures; 4 a row breaks a law.",
        .word = take_file,
        .whole = check_whole,
        .once = true,
    };
    static struct options options;
    struct rows found = {0};
    int code = EXIT_OK;

    flags_parse(&flags, argc, argv, &options);
    for (int i = 0; i < options.file_count && code == EXIT_OK; i++)
        code = read_file(&options, options.files[i], &found);
    if (code == EXIT_OK && options.file_count == 0 &&
        !row_add(&found, NULL, 0, "flags")) {
        fprintf(stderr, "troika judge: out of memory\n");
        code = EXIT_FAILED;
    }
    choose_rows(&options, &found);
    if (code == EXIT_OK && found.count == 0) {
        fprintf(stderr, "troika judge: no row has \"%s\" in its name\n",
                options.only);
        code = EXIT_USAGE;
    }
    if (code == EXIT_OK)
        code = answer(&options, &found);
    row_free(&found);
    return code;
}
