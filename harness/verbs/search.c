/* SPDX-License-Identifier: MIT
 *
 * troika search: the highest rate at which models, or any server, keep a
 * limit. Runs one search, like `mode = search` of an experiment, but without a
 * run's directory. Standard output holds the result and nothing else. The flags
 * become the text of an experiment file, so that the checks and messages of
 * experiments apply here.
 */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/value.h"
#include "harness/load/answers.h"
#include "harness/load/target.h"
#include "harness/machine/metronome.h"
#include "harness/machine/placement.h"
#include "harness/machine/switches.h"
#include "harness/results/results.h"
#include "harness/run/plan.h"
#include "harness/screen/screen.h"
#include "harness/search/load.h"
#include "harness/search/rows.h"
#include "harness/search/search.h"
#include "harness/search/trial.h"
#include "harness/server/backend_server.h"
#include "harness/server/guardian.h"
#include "harness/server/models.h"
#include "harness/server/store_server.h"
#include "verbs.h"

enum { GIVEN_MAX = 32, NAMES_MAX = 64 };

/* Texts of flags; NULL: not given. */
struct options {
    const char *workload, *limit, *url, *output;
    const char *models[GIVEN_MAX], *parameters[GIVEN_MAX];
    int model_count, parameter_count;
    int connections; /* 0: not given */
    int64_t seed, step_ns, warmup_ns;
    bool json, quiet;
};

static void take_output(char *file, void *into, struct argp_state *state)
{
    struct options *options = into;

    (void)state;
    if (!strcmp(file, "-"))
        options->json = true;
    else
        options->output = file;
}

static void take_limit(char *text, void *into, struct argp_state *state)
{
    double percentile;
    int64_t limit_ns;
    char why[512];

    if (value_limit(text, &percentile, &limit_ns, why, sizeof why) < 0)
        argp_error(state, "--limit %s", why);
    ((struct options *)into)->limit = text;
}

static error_t take_model(char *name, void *into, struct argp_state *state)
{
    struct options *options = into;

    if (options->model_count == GIVEN_MAX)
        argp_error(state, "more than %d models", GIVEN_MAX);
    options->models[options->model_count++] = name;
    return 0;
}

static void check_whole(void *into, struct argp_state *state)
{
    const struct options *options = into;

    if (!options->limit)
        argp_error(state, "a limit is missing: --limit 'p99<50ms'");
    if (options->url && (options->model_count > 0 || options->workload ||
                         options->parameter_count > 0))
        argp_error(state, "models and workloads do not go with --url");
    if (!options->url && (options->model_count == 0 || !options->workload))
        argp_error(state, "name models and a --workload (troika list), or "
                          "give a --url");
}

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"workload", 0, "NAME",
     "what a request does; its parameters are given as --NAME=VALUE", FLAG_TEXT,
     MEMBER(workload)},
    {"limit", 0, "LIMIT", "to be kept: 'p99<50ms'", FLAG_CALL,
     .call = take_limit},
    {"slo", .alias = true},
    {"url", 0, "URL", "any HTTP server instead of models", FLAG_TEXT,
     MEMBER(url)},
    {"connections", 'c', "N", "connections open at any time, at most (256)",
     FLAG_INT, MEMBER(connections), .least = 1, .most = 1000000},
    {"duration", 'd', "TIME",
     "length of a step's window (1s), more if the percentile needs it",
     FLAG_TIME, MEMBER(step_ns), .least = 1000000},
    {"step", .alias = true},
    {"warmup", 0, "TIME", "length of the load before each window (250ms)",
     FLAG_TIME, MEMBER(warmup_ns)},
    {"seed", 0, "N", "seed of arrivals and requests (1)", FLAG_COUNT,
     MEMBER(seed), .most = INT64_MAX},
    {"format", 'f', "text|json", "form of the result (text)", FLAG_FORMAT,
     MEMBER(json)},
    {"output", 'o', "FILE",
     "also write the result's JSON there; - is standard output, like "
     "--format json",
     FLAG_CALL, .call = take_output},
    {"quiet", 'q', NULL, "no progress, only the result", FLAG_ON,
     MEMBER(quiet)},
    {0},
};

/* The parameters of all workloads, to suggest one for a misspelt flag. */
static const char *const *parameter_names(void)
{
    static const char *names[NAMES_MAX + 1];
    int count = 0;

    for (const struct workload_entry *w = workloads; w->name; w++)
        for (const struct parameter *p = w->workload->parameters;
             p->name && count < NAMES_MAX; p++)
            names[count++] = p->name;
    return names;
}

/* Takes --NAME=VALUE out of the arguments if NAME is a parameter of any
 * workload. Reading the cell checks later that the chosen workload has it.
 * Returns the number of arguments left. */
static int take_parameters(int argc, char **argv, struct options *options)
{
    int kept = 1;

    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        bool mine = false;
        char name[64];

        snprintf(name, sizeof name, "%.*s", length > 2 ? (int)(length - 2) : 0,
                 length > 2 ? argv[i] + 2 : "");
        for (const struct workload_entry *w = workloads; w->name; w++)
            mine |= parameters_find(w->workload->parameters, name) >= 0;
        mine &= !strncmp(argv[i], "--", 2) && argv[i][length] == '=' &&
                options->parameter_count < GIVEN_MAX;
        if (mine)
            options->parameters[options->parameter_count++] = argv[i] + 2;
        else
            argv[kept++] = argv[i];
    }
    return kept;
}

/* Writes the experiment file of one cell. With a URL, models and workload mean
 * nothing. */
static void write_cell(const struct options *options, FILE *file)
{
    if (!options->url)
        fputs("[experiment]\nmodels = ", file);
    else
        fputs("[experiment]\n", file);
    for (int i = 0; i < options->model_count; i++)
        fprintf(file, "%s%s", i > 0 ? ",\n  " : "", options->models[i]);
    fprintf(file, "\n[cell search]\nmode = search\nworkload = %s\nslo = %s\n",
            !options->url ? options->workload : "hello", options->limit);
    fprintf(file, "window = %lldns\nwarmup = %lldns\ntimeout = 10s\n",
            (long long)options->step_ns, (long long)options->warmup_ns);
    if (options->connections > 0)
        fprintf(file, "connections = %d\n", options->connections);
    for (int i = 0; i < options->parameter_count; i++)
        fprintf(file, "%s\n", options->parameters[i]);
}

/* Makes the experiment of one search cell. Returns as experiment_read does; the
 * message does not name the file, which is temporary and unknown to the user.
 */
static int make_cell(const struct options *options,
                     struct experiment **experiment, char *why, size_t why_size)
{
    char path[] = "/tmp/troika-search-XXXXXX";
    int fd = mkstemp(path), result;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    const char *sentence;

    if (!file) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return -EIO;
    }
    write_cell(options, file);
    if (fclose(file) != 0)
        result = -EIO;
    else
        result = experiment_read(path, models_all(), experiment, why, why_size);
    unlink(path);
    sentence = result < 0 ? strstr(why, ": ") : NULL;
    if (sentence && !strncmp(why, path, strlen(path)))
        memmove(why, sentence + 2, strlen(sentence + 2) + 1);
    return result;
}

static void parse(int argc, char **argv, struct options *options)
{
    const struct flags flags = {
        .rows = rows,
        .arguments = "MODEL...\n--url URL",
        .help = "Finds the highest rate at which a percentile of the response "
                "time keeps a limit: a closed loop, bisections, then two "
                "staircases of short steps, those of several models in turn."
                "\vExit codes: 0 done; 1 failed; 2 usage; 3 a search is "
                "invalid; 130, 143 ended by Ctrl-C or SIGTERM.",
        .word = take_model,
        .whole = check_whole,
        .more = parameter_names(),
    };

    *options = (struct options){.seed = 1,
                                .step_ns = INT64_C(1000000000),
                                .warmup_ns = INT64_C(250000000)};
    argc = take_parameters(argc, argv, options);
    flags_parse(&flags, argc, argv, options);
}

/* A search of several models in turn, or of one URL. */
struct search_job {
    const struct options *options;
    const char *names[EXPERIMENT_MODELS_MAX];
    struct search searches[EXPERIMENT_MODELS_MAX];
    int count;
    const struct load_point *point;
    const struct search_group *group;
    struct screen *screen; /* on a terminal; NULL: a line for each step */

    struct trial_spec plans[EXPERIMENT_MODELS_MAX]; /* of models */
    struct search_load target;                      /* of a URL */
    char why[512];
};

/* The time that the steps which are left take. */
static int64_t left_ns(const struct search_job *job)
{
    return (int64_t)((double)(job->count * plan_trial_ns(job->point)) *
                     (1 - search_rows_share(job->group)));
}

static void show(const struct search_job *job)
{
    static char lines[SCREEN_LINES][SCREEN_LINE];
    int done = search_rows_done(job->group), all = search_rows_all(job->group);
    char time[64], right[128];

    snprintf(right, sizeof right, "step %d of %d  ETA %s", done, all,
             plan_duration(left_ns(job), time, sizeof time));
    screen_bar(job->screen, job->point->slo.text, search_rows_share(job->group),
               right, lines[0]);
    int count =
        1 + search_rows(job->group, job->names, screen_columns(job->screen) - 1,
                        lines + 1, SCREEN_LINES - 1);
    screen_show(job->screen, lines, count);
}

/* On a terminal a step that went well is in the block alone. */
static void say_step(const struct search_job *job, int who,
                     const struct search_step *step)
{
    const struct search *search = &job->searches[who];
    char line[512];

    snprintf(line, sizeof line, "%s %s %s: %s%s%s", job->names[who],
             search_phase_name(search->phase),
             digits_whole(search->rate_per_s > 0 ? search->rate_per_s
                                                 : step->achieved_per_s,
                          "/s")
                 .text,
             search_verdict_name(step->verdict), step->why[0] ? ": " : "",
             step->why);
    if (!job->screen || step->verdict == SEARCH_INVALID)
        screen_print(stderr, line);
}

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal)
{
    if (stop_signal != 0)
        _exit(128 + signal);
    stop_signal = signal;
}

/* Runs one step: of a model on a fresh server, of a URL on the server there. */
static int take_step(void *context, int who, int turn, struct search_step *step)
{
    struct search_job *job = context;
    const struct search *search = &job->searches[who];
    struct search_trial *trial;
    int result;

    if (job->screen)
        show(job);
    if (job->options->url) {
        result = search_load_run(&job->target, search->rate_per_s, turn, step,
                                 job->why, sizeof job->why);
    } else {
        trial = calloc(1, sizeof *trial);
        result = !trial ? -ENOMEM
                        : search_trial_run(&job->plans[who], search->rate_per_s,
                                           turn, trial);
        if (result == 0)
            search_trial_judge(&trial->plan, &trial->trial, trial->gates,
                               trial->gate_count, step);
        if (trial)
            search_trial_free(trial);
        free(trial);
    }
    if (result == 0 && stop_signal != 0)
        result = -EINTR;
    if (result == 0 && !job->options->quiet)
        say_step(job, who, step);
    return result;
}

static const char *limit_of(const struct search_job *job, int who)
{
    return search_trial_bound(job->point, job->searches[who].ceiling_per_s)
               ? "connections"
               : NULL;
}

static json_t *make_json(const struct search_job *job)
{
    json_t *list = json_array();

    for (int i = 0; i < job->count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:o}", "name", job->names[i], "valid",
                            !job->searches[i].failed, "capacity",
                            search_json(&job->searches[i], &job->point->slo,
                                        limit_of(job, i))));
    return json_pack("{s:i, s:o, s:i, s:o}", "schema_version", 1, "searched",
                     list, "connections", job->point->connections, "seed",
                     json_integer((json_int_t)job->options->seed));
}

static void print_one(const struct search_job *job, int who)
{
    const struct search *search = &job->searches[who];
    const char *limit = limit_of(job, who), *name = job->names[who];
    struct search_result result;
    char line[1024];

    search_judge(search, &result);
    if (!limit && result.at_least)
        limit = "generator";
    if (search->failed)
        snprintf(line, sizeof line, "%-24s INVALID: %s", name,
                 search->count > 0 ? search->steps[search->count - 1].why : "");
    else if (result.cannot_meet)
        snprintf(line, sizeof line,
                 "%-24s cannot meet %s: not even 10 %% of the %s that it "
                 "reaches",
                 name, job->point->slo.text,
                 digits_whole(search->ceiling_per_s, "/s").text);
    else if (limit)
        snprintf(line, sizeof line,
                 "%-24s at least %s: its limit is the %s, not the server", name,
                 digits_whole(result.last_success, "/s").text, limit);
    else
        snprintf(line, sizeof line,
                 "%-24s %s keeps %s; conservative %s; highest pass %s, lowest "
                 "fail %s",
                 name, digits_whole(result.estimate_per_s, "/s").text,
                 job->point->slo.text,
                 digits_whole(result.conservative_per_s, "/s").text,
                 digits_whole(result.last_success, "/s").text,
                 digits_whole(result.first_failure, "/s").text);
    screen_print(stdout, line);
}

/* Writes the whole file or none. Returns 0 or a negative errno. */
static int store(const char *path, const json_t *json)
{
    struct results place = {.lock_fd = -1};
    char folder[512], name[512], why[1024];
    int result;

    snprintf(folder, sizeof folder, "%s", path);
    snprintf(name, sizeof name, "%s", path);
    snprintf(place.directory, sizeof place.directory, "%s", dirname(folder));
    result = results_write_json(&place, basename(name), json, why, sizeof why);
    if (result < 0)
        fprintf(stderr, "troika search: %s\n", why);
    return result;
}

/* Prints and stores. Returns the exit code. */
static int present(const struct search_job *job)
{
    const char *output = job->options->output;
    json_t *json = make_json(job);
    int code = EXIT_OK;

    for (int i = 0; i < job->count; i++) {
        if (!job->options->json)
            print_one(job, i);
        if (job->searches[i].failed)
            code = EXIT_INVALID;
    }
    if (job->options->json) {
        json_print(json);
    }
    if (output && store(output, json) < 0)
        code = EXIT_FAILED;
    json_decref(json);
    return code;
}

static void say_plan(const struct search_job *job)
{
    char text[64], line[256];

    snprintf(line, sizeof line,
             "%d steps of %s s and what surrounds them: about %s in all, "
             "longer at low rates",
             SEARCH_STEPS * job->count,
             digits_of((double)job->point->window_ns / 1e9, 3).text,
             plan_duration(job->count * plan_trial_ns(job->point), text,
                           sizeof text));
    screen_print(stderr, line);
}

static int carry_out(struct search_job *job)
{
    struct search_group group = {job->searches, job->count, take_step, job};
    struct sigaction action = {.sa_handler = on_signal};
    int result;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!job->options->quiet)
        say_plan(job);
    job->group = &group;
    job->screen = job->options->quiet ? NULL : screen_open(stderr);
    result = search_group_run(&group);
    screen_close(job->screen);
    if (result == 0)
        return present(job);
    if (stop_signal != 0)
        return 128 + stop_signal;
    fprintf(stderr, "troika search: %s\n",
            job->why[0] ? job->why : strerror(-result));
    return EXIT_FAILED;
}

static int search_models(struct search_job *job)
{
    const struct model_info *models = models_all();
    struct backend_server backend = {0};
    struct store_server stores[STORES] = {0};
    struct metronome *metronome = NULL;
    cpu_set_t cpus;
    int code = guardian_start();

    if (code < 0) {
        fprintf(stderr, "troika search: %s\n", strerror(-code));
        return EXIT_FAILED;
    }
    backend_server_find(&backend, models);
    placement_available(&cpus);
    if (metronome_start(&cpus, &metronome) < 0)
        fputs("troika search: warning: no metronome\n", stderr);
    for (; job->point->models[job->count]; job->count++) {
        int i = job->count;

        job->names[i] = job->point->models[i];
        job->plans[i] =
            (struct trial_spec){.point = job->point,
                                .model = models_find(models, job->names[i]),
                                .workers = job->point->model_workers[i],
                                .settings = job->point->model_settings[i],
                                .seed = job->options->seed,
                                .backend = &backend,
                                .stores = stores,
                                .metronome = metronome,
                                .stop = &stop_signal};
    }
    code = carry_out(job);
    backend_server_stop(&backend);
    store_server_stop_all(stores);
    metronome_stop(metronome);
    return code;
}

static int search_url(struct search_job *job)
{
    struct load_target target;
    struct load_request request = {0};
    char *bytes;
    int code;

    if (load_target_parse(job->options->url, &target, job->why,
                          sizeof job->why) < 0) {
        fprintf(stderr, "troika search: %s\n", job->why);
        return EXIT_USAGE;
    }
    if (load_target_choose(&target, job->why, sizeof job->why) < 0) {
        fprintf(stderr,
                "troika search: %s: no connection could be opened: %s\n",
                job->options->url, job->why);
        return EXIT_FAILED;
    }
    bytes =
        load_target_request(&target, &(struct load_asked){0}, &request.size);
    if (!bytes)
        return EXIT_FAILED;
    request.bytes = bytes;
    job->names[0] = job->options->url;
    job->count = 1;
    job->target = (struct search_load){.point = *job->point,
                                       .plan = {.address = target.address,
                                                .requests = &request,
                                                .request_count = 1,
                                                .stop = &stop_signal},
                                       .seed = job->options->seed};
    code = carry_out(job);
    free(bytes);
    return code;
}

int verb_search(int argc, char **argv)
{
    struct options options;
    struct experiment *experiment = NULL;
    struct search_job *job = calloc(1, sizeof *job);
    int code = EXIT_FAILED;
    json_t *variables = switches_json();
    char why[2048], words[512];
    bool untrusted = switches_untrusted(variables, words, sizeof words);

    json_decref(variables);
    if (!job)
        return code;
    parse(argc, argv, &options);
    job->options = &options;
    if (make_cell(&options, &experiment, why, sizeof why) < 0) {
        fprintf(stderr, "troika search: %s\n", why);
        code = EXIT_USAGE;
    } else {
        job->point = &experiment->load_points[0];
        if (untrusted) {
            snprintf(why, sizeof why, "troika search: %s", words);
            screen_print(stderr, why);
        }
        fputs(!options.url ? experiment->left_out : "", stderr);
        if (options.url)
            code = search_url(job);
        else if (!job->point->models[0])
            code = EXIT_USAGE;
        else
            code = search_models(job);
        experiment_free(experiment);
    }
    free(job);
    return code == EXIT_OK && untrusted ? EXIT_INVALID : code;
}
