/* SPDX-License-Identifier: MIT
 *
 * troika decide: which model should serve a service, how many workers, how
 * sure, and what would flip the answer. By forecast, and with --measure by
 * trials of what is still in question.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/advice/profile_file.h"
#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/decide/settle.h"
#include "harness/decide/words.h"
#include "harness/inquiry/from_run.h"
#include "harness/inquiry/stored.h"
#include "harness/question/asked.h"
#include "harness/results/results.h"
#include "harness/size/size.h"
#include "missing.h"
#include "verbs.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };

/* Heavier ones would leave nothing of the others. */
static const double WEIGHT_MOST = 1000, SCORE_MOST = 5;

struct options {
    struct asked asked; /* first: asked.h */
    double peak;        /* 0: not given */
    struct wishes given;
    bool weighs[DRIVERS];
    int language, format;
    bool strict, measure;
    struct settle_plan plan;
    const char *folder, *verify, *run, *experiment;
};

/* "latency=0.5": splits at `separator`. Returns the number behind it, or ends
 * the program with what the flag takes. */
static double number_behind(char *text, char separator, const char *flag,
                            const char *example, double most,
                            struct argp_state *state)
{
    char *at = strchr(text, separator), *end;
    double value = at ? strtod(at + 1, &end) : NAN;

    if (!at || end == at + 1 || *end != '\0' || !(value >= 0) ||
        !(value <= most))
        argp_error(state, "--%s %s: give %s, up to %s", flag, text, example,
                   digits_of(most, 6).text);
    if (at)
        *at = '\0';
    return value;
}

static enum driver driver_of(const char *name, const char *flag,
                             enum driver least, struct argp_state *state)
{
    enum driver driver = driver_find(name);
    char list[200] = "";

    if (driver < DRIVERS && driver >= least)
        return driver;
    for (int d = (int)least; d < DRIVERS; d++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                 driver_name(d));
    }
    argp_error(state, "--%s %s: there is %s", flag, name, list);
    return DRIVERS;
}

static void take_peak(char *text, void *into, struct argp_state *state)
{
    char why[256];

    if (profile_peak(text, &((struct options *)into)->peak, why, sizeof why) <
        0)
        argp_error(state, "--peak %s", why);
}

static void take_weight(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    double value =
        number_behind(text, '=', "weight", "latency=0.5", WEIGHT_MOST, state);
    enum driver driver = driver_of(text, "weight", 0, state);

    if (options->weighs[driver])
        argp_error(state, "--weight %s=...: it is given twice", text);
    options->given.weights[driver] = value;
    options->weighs[driver] = true;
}

static void take_require(char *text, void *into, struct argp_state *state)
{
    struct options *options = into;
    char *at = strstr(text, ">=");

    if (at)
        memmove(at, at + 1, strlen(at)); /* ">=3" becomes "=3" */
    double value =
        number_behind(text, '=', "require", "isolation>=3", SCORE_MOST, state);
    enum driver driver = driver_of(text, "require", DRIVERS_MEASURED, state);

    if (options->given.least[driver] > 0)
        argp_error(state, "--require %s>=...: it is given twice", text);
    options->given.least[driver] = value;
}

static void take_score(char *text, void *into, struct argp_state *state)
{
    static const char example[] = "skills:event-loop=2, from 1 to 5";
    struct options *options = into;
    struct wishes *wishes = &options->given;
    double value =
        number_behind(text, '=', "score", example, SCORE_MOST, state);
    char *model = strchr(text, ':');

    if (!model || model[1] == '\0' || value < 1)
        argp_error(state, "--score %s=%s: give %s", text,
                   digits_of(value, 6).text, example);
    if (wishes->score_count == SCORES_MAX)
        argp_error(state, "more than %d scores", SCORES_MAX);
    struct score *score = &wishes->scores[wishes->score_count++];
    *model++ = '\0';
    score->driver = driver_of(text, "score", DRIVERS_MEASURED, state);
    score->value = value;
    snprintf(score->model, sizeof score->model, "%s", model);
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"language", 0, "c|cpython|node|any",
     "of the models to choose from (c); or name models", FLAG_CHOICE,
     MEMBER(language), .heading = "The choice:"},
    {"peak", 0, "X", "the busiest rate over the usual one (1.3)", FLAG_CALL,
     .call = take_peak},
    {"weight", 0, "WHAT=X",
     "how much it counts: throughput, latency, cpu, memory, isolation, "
     "libraries, skills, debuggability",
     FLAG_CALL, .call = take_weight, .repeats = true},
    {"score", 0, "WHAT:MODEL=N",
     "from 1 to 5, for what is not measured (skills:event-loop=2)", FLAG_CALL,
     .call = take_score, .repeats = true},
    {"require", 0, "WHAT>=N", "a score that an option must have", FLAG_CALL,
     .call = take_require, .repeats = true},
    {"strict", 0, NULL, "exit with 5 if the answer cannot be relied on",
     FLAG_ON, MEMBER(strict), .heading = "The answer:"},
    {"format", 'f', "text|json|markdown", "of the answer (text)", FLAG_CHOICE,
     MEMBER(format)},
    {"output", 'o', "FOLDER",
     "store question, constants, residuals and answer there, for a record",
     FLAG_TEXT, MEMBER(folder)},
    {"verify", 0, "FOLDER", "decide again what is stored there, and compare",
     FLAG_TEXT, MEMBER(verify)},
    {"run", 0, "DIRECTORY",
     "about the profile of that run, with what its cells showed", FLAG_TEXT,
     MEMBER(run)},
    {"experiment", 0, "NAME", "of the run, if several have a profile",
     FLAG_TEXT, MEMBER(experiment)},
    {"measure", 0, NULL,
     "measure at the profile what is in question, and before that what has no "
     "constants yet",
     FLAG_ON, MEMBER(measure), .heading = "Measuring:"},
    {"budget", 0, "TIME", "that measuring at the profile may take (5m)",
     FLAG_TIME, MEMBER(plan.budget_ns), .least = 1},
    {"wait-for-quiet", 0, "TIME",
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     FLAG_TIME, MEMBER(plan.wait_ns)},
    {"runs", 0, "DIRECTORY", "where runs go (results)", FLAG_TEXT,
     MEMBER(plan.root)},
    {"allow-any-build", 0, NULL,
     "record results of a sanitizer build (for tests)", FLAG_ON,
     MEMBER(plan.allow_any_build)},
    {0},
};

static void complete(const struct options *options, struct wishes *wishes)
{
    struct wishes standard = wishes_standard(&options->asked.question.service);

    *wishes = options->given;
    for (int d = 0; d < DRIVERS; d++)
        if (!options->weighs[d])
            wishes->weights[d] = standard.weights[d];
    double given = options->peak > 0 ? options->peak : options->asked.peak;
    bool open = options->asked.question.service.rate_per_s > 0;
    wishes->peak_given = open && given > 0;
    wishes->peak = wishes->peak_given ? given : standard.peak;
}

static void print(const struct decision *decision, enum format format)
{
    json_t *json;

    switch (format) {
    case FORMAT_TEXT:
        decision_print(decision);
        break;
    case FORMAT_MARKDOWN:
        decision_markdown(decision);
        break;
    case FORMAT_JSON:
        json = decision_json(decision);
        json_dumpf(json, stdout, RESULTS_JSON_FLAGS);
        puts("");
        json_decref(json);
        break;
    }
}

static int fail_with(enum exit_code code, const char *why)
{
    fprintf(stderr, "troika decide: %s\n", why);
    return code;
}

static int fail(const char *why)
{
    return fail_with(EXIT_FAILED, why);
}

/* Stores what was asked, and takes it as it was stored. */
static int store(const struct options *options, const json_t *cells,
                 struct inquiry *inquiry)
{
    char why[5000];
    json_t *validation = NULL;

    if (inquiry->bands.run_id[0] && !inquiry->bands.cells)
        validation =
            advice_bands_json(options->asked.validation_path, why, sizeof why);
    int status = inquiry_store(inquiry, validation, cells, options->folder, why,
                               sizeof why);
    json_decref(validation);
    if (status == 0) {
        inquiry_free(inquiry);
        status = inquiry_read(options->folder, inquiry, why, sizeof why);
    }
    return status < 0 ? fail(why) : EXIT_OK;
}

static int store_answer(const struct options *options,
                        const struct decision *decision)
{
    char why[5000];

    if (inquiry_store_answer(decision, options->folder, why, sizeof why) < 0)
        return fail(why);
    char command[8192];
    fprintf(stderr, "stored: %s; the record: %s\n", options->folder,
            hint_make("record", "DIR", "record", options->folder, command,
                      sizeof command));
    return EXIT_OK;
}

/* Measures, and keeps what was measured as a file has it. Returns an exit code.
 */
static int measure(struct options *options, struct inquiry *inquiry,
                   struct decision *decision)
{
    struct settle_plan *plan = &options->plan;
    char why[5000];

    plan->verb = "decide";
    plan->seed = (uint64_t)inquiry->question.as_of.at_s;
    int code = settle_measure(plan, inquiry, decision);
    if (!options->folder || inquiry->evidence.count == 0)
        return code;
    int status = inquiry_store_evidence(&inquiry->evidence, options->folder,
                                        why, sizeof why);
    if (status == 0) {
        inquiry_free(inquiry);
        status = inquiry_read(options->folder, inquiry, why, sizeof why);
    }
    if (status < 0)
        return fail(why);
    return decision_make(inquiry, decision) == 0 ? code : EXIT_FAILED;
}

static int answered(const struct options *options,
                    const struct decision *decision)
{
    enum kept kept = decision_kept(decision);

    if (kept != KEPT)
        return kept == KEPT_NOT ? EXIT_THRESHOLD : EXIT_FAILED;
    return options->strict && !decision_is_firm(decision) ? EXIT_REFUSED
                                                          : EXIT_OK;
}

/* The models that are asked about. */
static struct missing missing_here(const struct options *options)
{
    return missing_of("decide", &options->asked.question,
                      (enum language)options->language, options->plan.wait_ns);
}

static int decide(struct options *options, const json_t *cells,
                  struct inquiry *inquiry)
{
    static struct decision decision;
    int code = EXIT_OK;

    if (options->folder && store(options, cells, inquiry) != EXIT_OK)
        return EXIT_FAILED;
    int status = options->measure ? 0 : decision_make(inquiry, &decision);
    if (status == 0 && options->measure)
        code = measure(options, inquiry, &decision);
    if (status < 0 || decision.matter.model_count == 0) {
        struct missing missing = missing_here(options);
        return missing_refuse(&missing, &inquiry->machine, inquiry->shipped,
                              "; or --measure, which does that first");
    }
    print(&decision, (enum format)options->format);
    if (options->folder && store_answer(options, &decision) != EXIT_OK)
        return EXIT_FAILED;
    return code == EXIT_OK || code == EXIT_INVALID
               ? answered(options, &decision)
               : code;
}

static bool no_words(const struct asked *asked, const char *flag, char *why,
                     size_t size)
{
    if (!asked->profile && asked->question.model_count == 0)
        return true;
    snprintf(why, size,
             "%s has no effect with --%s: what was asked is stored there",
             asked->profile ? "a profile" : asked->question.models[0], flag);
    return false;
}

/* Whether every flag that is given has an effect. */
static bool all_apply(const struct options *options,
                      const struct machine *machine, char *why, size_t size)
{
    const struct asked *asked = &options->asked;
    const struct wishes *wishes = &options->given;

    if (!asked_language_applies(asked, why, size))
        return false;
    if (flags_has(&asked->given, "peak") &&
        asked->question.service.rate_per_s <= 0) {
        snprintf(why, size,
                 "--peak has no effect on clients who wait for their answers: "
                 "give --rate, or --connections as many as come at the peak");
        return false;
    }
    for (int i = 0; i < wishes->score_count; i++) {
        const struct score *score = &wishes->scores[i];
        const char *driver = driver_name(score->driver);
        bool weighs = wishes->weights[score->driver] > 0 ||
                      wishes->least[score->driver] > 0;
        if (!machine_model(machine, score->model)) {
            snprintf(why, size,
                     "--score %s:%s has no effect: there are no constants of "
                     "such a model",
                     driver, score->model);
            return false;
        }
        if (!weighs) {
            snprintf(why, size,
                     "--score %s:%s has no effect: give --weight %s=0.5, or "
                     "--require '%s>=3', too",
                     driver, score->model, driver, driver);
            return false;
        }
    }
    return true;
}

static int verify(const char *folder)
{
    char why[9000];
    int status = inquiry_verify(folder, why, sizeof why);

    if (status == 0) {
        printf("%s: the answer follows from what is stored\n", folder);
        return EXIT_OK;
    }
    fail(why);
    return status == -EILSEQ ? EXIT_THRESHOLD : EXIT_FAILED;
}

/* What was asked, with constants and residuals, as what is decided about. */
static void inquire(struct options *options, struct asked_from *from,
                    struct inquiry *inquiry)
{
    if (options->asked.requests == 0)
        options->asked.question.precision.requests = SIZE_REQUESTS;
    inquiry->question = options->asked.question;
    inquiry->question.as_of = advice_now();
    inquiry->machine = from->machine;
    inquiry->bands = from->bands;
    from->bands = (struct bands){0}; /* the inquiry's now */
    inquiry->shipped = from->shipped;
    inquiry->language = (enum language)options->language;
    complete(options, &inquiry->wishes);
}

/* Whether the flags go together. */
static bool flags_fit(const struct options *options, char *why, size_t size)
{
    static const char *const none[] = {NULL};
    static const char *const of_run[] = {"experiment", "machine", "output",
                                         "format",     "strict",  "weight",
                                         "require",    "score",   NULL};
    static const char *const of_measuring[] = {"budget", "wait-for-quiet",
                                               "runs", "allow-any-build"};
    const struct flags_given *given = &options->asked.given;

    if (!flags_apply(given, "verify", NULL, none,
                     "what was asked is stored in the folder", why, size) ||
        !flags_apply(given, "run", NULL, of_run,
                     "the run has the service, and what was measured", why,
                     size) ||
        (options->verify && !no_words(&options->asked, "verify", why, size)) ||
        (options->run && !no_words(&options->asked, "run", why, size)))
        return false;
    if (options->experiment && !options->run) {
        snprintf(why, size, "--experiment has no effect without --run");
        return false;
    }
    for (size_t i = 0; i < sizeof of_measuring / sizeof *of_measuring; i++)
        if (!options->measure && flags_has(given, of_measuring[i])) {
            snprintf(why, size, "--%s has no effect without --measure",
                     of_measuring[i]);
            return false;
        }
    return true;
}

/* About the profile of a run. */
static int decide_run(struct options *options, struct inquiry *inquiry)
{
    json_t *cells;
    char why[512];
    int code = from_run_open(options->run, options->experiment,
                             options->asked.machine_path, inquiry, &cells);

    if (code == EXIT_OK &&
        !all_apply(options, &inquiry->machine, why, sizeof why))
        code = fail_with(EXIT_USAGE, why);
    if (code == EXIT_OK) {
        inquiry->question.precision =
            (struct precision){.requests = SIZE_REQUESTS, .seed = 1};
        inquiry->language = LANGUAGE_ANY;
        options->asked.question = inquiry->question;
        complete(options, &inquiry->wishes);
        code = decide(options, cells, inquiry);
    }
    inquiry_free(inquiry);
    json_decref(cells);
    return code;
}

/* Constants that the answer needs and this machine lacks; constants that are
 * named are taken as they are. */
static int complete_constants(const struct options *options)
{
    struct missing missing = missing_here(options);

    if (!options->measure || options->asked.machine_path)
        return EXIT_OK;
    return missing_calibrate(&missing);
}

/* Where constants could not be measured, those of another machine answer; a
 * signal ends the program. Returns an exit code. */
static int prepare(struct options *options)
{
    int code = complete_constants(options);

    if (code == EXIT_OK || code > 128)
        return code;
    fputs("troika decide: nothing is measured; by forecast alone:\n", stderr);
    options->measure = false;
    return EXIT_OK;
}

/* Takes a folder away in which nothing was stored. Returns the code. */
static int leave(const struct options *options, int code)
{
    if (options->folder)
        rmdir(options->folder);
    return code;
}

/* About the service that the flags say. */
static int decide_service(struct options *options, struct asked_from *from,
                          struct inquiry *inquiry)
{
    char why[2000];

    asked_in_own_time(&options->asked.question,
                      (enum language)options->language, from);
    inquire(options, from, inquiry);
    int code = matter_check(&inquiry->question.service, &inquiry->wishes, why,
                            sizeof why)
                   ? decide(options, NULL, inquiry)
                   : fail_with(EXIT_USAGE, why);
    inquiry_free(inquiry);
    return code;
}

int verb_decide(int argc, char **argv)
{
    static const struct flags flags = {
        .first = asked_flags,
        .rows = rows,
        .arguments = "[PROFILE] [MODEL...]",
        .help = "Which model should serve a service: the choice, its workers, "
                "how sure that is, and what would flip it. The service is what "
                "the flags say, and for the rest what the profile says: a "
                "file, or the name of one in harness/profiles: llm-proxy, "
                "crud, scraper, websocket-hub, cpu-api, users, gateway."
                "\vExit codes: 0 done; 1 there are no constants, a stored "
                "file is damaged, or whether an option keeps the limits "
                "cannot be told; 2 usage, or a service that contradicts "
                "itself; 3 nothing could be measured, and forecasts answer; 4 "
                "no model keeps the "
                "limits; 5 with --strict, the "
                "answer cannot be relied on.",
        .word = asked_word,
        .given = asked_given,
        .once = true,
    };
    static struct options options = {
        .plan = {.budget_ns = INT64_C(300000000000),
                 .wait_ns = INT64_C(60000000000)}};
    static struct asked_from from;
    static struct inquiry inquiry;
    char why[5000];

    flags_parse(&flags, argc, argv, &options);
    if (!flags_fit(&options, why, sizeof why))
        return fail_with(EXIT_USAGE, why);
    if (options.verify)
        return verify(options.verify);
    /* Made before anything is measured for it. */
    if (options.folder &&
        results_new_folder(options.folder, "a decision", why, sizeof why) < 0)
        return fail(why);
    if (options.run)
        return leave(&options, decide_run(&options, &inquiry));
    bool asked_to_measure = options.measure;
    int code = prepare(&options);
    if (code != EXIT_OK)
        return leave(&options, code);
    code = asked_open(&options.asked, "decide", &from);
    if (code == EXIT_OK && !all_apply(&options, &from.machine, why, sizeof why))
        code = fail_with(EXIT_USAGE, why);
    if (code == EXIT_OK) {
        code = decide_service(&options, &from, &inquiry);
    }
    asked_close(&from);
    return leave(&options,
                 code == EXIT_OK && asked_to_measure && !options.measure
                     ? EXIT_INVALID
                     : code);
}
