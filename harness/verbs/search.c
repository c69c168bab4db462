/* SPDX-License-Identifier: MIT
 *
 * troika search: the highest rate at which models, or any server, keep a
 * limit. The same search as `mode = search` of an experiment, once, without a
 * run's directory: standard output holds the result and nothing else.
 */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/load/answers.h"
#include "harness/load/target.h"
#include "harness/machine/metronome.h"
#include "harness/machine/placement.h"
#include "harness/machine/switches.h"
#include "harness/results/results.h"
#include "harness/run/plan.h"
#include "harness/search/group.h"
#include "harness/search/json.h"
#include "harness/search/load.h"
#include "harness/search/options.h"
#include "harness/search/trial.h"
#include "harness/server/backend_server.h"
#include "harness/server/guardian.h"
#include "harness/server/store_server.h"
#include "verbs.h"

/* What is searched: models, or one URL. */
struct sought {
    const struct search_options *options;
    const char *names[EXPERIMENT_MODELS_MAX];
    struct search searches[EXPERIMENT_MODELS_MAX];
    int count;
    const struct load_point *point;

    struct trial_plan plans[EXPERIMENT_MODELS_MAX]; /* of models */
    struct search_load target;                      /* of a URL */
    char why[512];
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal)
{
    if (stop_signal != 0)
        _exit(128 + signal);
    stop_signal = signal;
}

/* Each server is fresh with every step, but for that of a URL. */
static int take_step(void *context, int who, int turn, struct search_step *step)
{
    struct sought *sought = context;
    const struct search *search = &sought->searches[who];
    struct search_trial *trial;
    int result;

    if (sought->options->url != NULL) {
        result = search_load_run(&sought->target, search->rate_per_s, turn,
                                 step, sought->why, sizeof(sought->why));
    } else {
        trial = calloc(1, sizeof(*trial));
        result = trial == NULL
                     ? -ENOMEM
                     : search_trial_run(&sought->plans[who], search->rate_per_s,
                                        turn, trial);
        if (result == 0)
            search_trial_judge(&trial->plan, &trial->trial, trial->gates,
                               trial->gate_count, step);
        if (trial != NULL)
            search_trial_free(trial);
        free(trial);
    }
    if (result == 0 && stop_signal != 0)
        result = -EINTR;
    if (result == 0 && !sought->options->quiet)
        fprintf(stderr, "%s %s %.0f/s: %s%s%s\n", sought->names[who],
                search_phase_name(search->phase),
                search->rate_per_s > 0 ? search->rate_per_s
                                       : step->achieved_per_s,
                search_verdict_name(step->verdict), step->why[0] ? ": " : "",
                step->why);
    return result;
}

static const char *limit_of(const struct sought *sought, int who)
{
    return search_trial_bound(sought->point,
                              sought->searches[who].ceiling_per_s)
               ? "connections"
               : NULL;
}

static json_t *make_json(const struct sought *sought)
{
    json_t *list = json_array();

    for (int i = 0; i < sought->count; i++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:b, s:o}", "name", sought->names[i], "valid",
                      !sought->searches[i].failed, "capacity",
                      search_json(&sought->searches[i], &sought->point->slo,
                                  limit_of(sought, i))));
    return json_pack("{s:i, s:o, s:i, s:o}", "schema_version", 1, "searched",
                     list, "connections", sought->point->connections, "seed",
                     json_integer((json_int_t)sought->options->seed));
}

static void print_one(const struct sought *sought, int who)
{
    const struct search *search = &sought->searches[who];
    const char *limit = limit_of(sought, who);
    struct search_result result;

    search_judge(search, &result);
    if (limit == NULL && result.at_least)
        limit = "generator";
    printf("%-24s ", sought->names[who]);
    if (search->failed)
        printf("INVALID: %s\n",
               search->count > 0 ? search->steps[search->count - 1].why : "");
    else if (result.cannot_meet)
        printf("cannot meet %s: not even 10 %% of the %.0f/s that it reaches\n",
               sought->point->slo.text, search->ceiling_per_s);
    else if (limit != NULL)
        printf("at least %.0f/s: its limit is the %s, not the server\n",
               result.last_success, limit);
    else
        printf("%.0f/s keeps %s; conservative %.0f/s; highest pass %.0f, "
               "lowest fail %.0f\n",
               result.estimate_per_s, sought->point->slo.text,
               result.conservative_per_s, result.last_success,
               result.first_failure);
}

/* Whole or not at all. Returns 0 or a negative errno. */
static int store(const char *path, const json_t *json)
{
    struct results place = {.lock_fd = -1};
    char folder[512], name[512], why[1024];
    int result;

    snprintf(folder, sizeof(folder), "%s", path);
    snprintf(name, sizeof(name), "%s", path);
    snprintf(place.directory, sizeof(place.directory), "%s", dirname(folder));
    result = results_write_json(&place, basename(name), json, why, sizeof(why));
    if (result < 0)
        fprintf(stderr, "troika search: %s\n", why);
    return result;
}

/* Prints and stores. Returns the exit code. */
static int present(const struct sought *sought)
{
    const char *output = sought->options->output;
    json_t *json = make_json(sought);
    int code = EXIT_OK;

    for (int i = 0; i < sought->count; i++) {
        if (!sought->options->json)
            print_one(sought, i);
        if (sought->searches[i].failed)
            code = EXIT_INVALID;
    }
    if (sought->options->json) {
        json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
        putchar('\n');
    }
    if (output != NULL && store(output, json) < 0)
        code = EXIT_FAILED;
    json_decref(json);
    return code;
}

static int carry_out(struct sought *sought)
{
    struct search_group group = {sought->searches, sought->count, take_step,
                                 sought};
    struct sigaction action = {.sa_handler = on_signal};
    char text[64];
    int result;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!sought->options->quiet)
        fprintf(stderr,
                "%d steps of %.3g s and what surrounds them: about %s "
                "in all, longer at low rates\n",
                SEARCH_STEPS * sought->count,
                (double)sought->point->window_ns / 1e9,
                plan_duration(sought->count * plan_trial_ns(sought->point),
                              text, sizeof(text)));
    result = search_group_run(&group);
    if (result == 0)
        return present(sought);
    if (stop_signal != 0)
        return 128 + stop_signal;
    fprintf(stderr, "troika search: %s\n",
            sought->why[0] ? sought->why : strerror(-result));
    return EXIT_FAILED;
}

static int search_models(struct sought *sought)
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
    for (; sought->point->models[sought->count] != NULL; sought->count++) {
        int i = sought->count;

        sought->names[i] = sought->point->models[i];
        sought->plans[i] =
            (struct trial_plan){.point = sought->point,
                                .model = models_find(models, sought->names[i]),
                                .workers = sought->point->model_workers[i],
                                .settings = sought->point->model_settings[i],
                                .seed = sought->options->seed,
                                .backend = &backend,
                                .stores = stores,
                                .metronome = metronome,
                                .stop = &stop_signal};
    }
    code = carry_out(sought);
    backend_server_stop(&backend);
    store_server_stop_all(stores);
    metronome_stop(metronome);
    return code;
}

static int search_url(struct sought *sought)
{
    struct load_target target;
    struct load_request request = {0};
    char *bytes;
    int code;

    if (load_target_parse(sought->options->url, &target, sought->why,
                          sizeof(sought->why)) < 0) {
        fprintf(stderr, "troika search: %s\n", sought->why);
        return EXIT_USAGE;
    }
    if (load_target_choose(&target, sought->why, sizeof(sought->why)) < 0) {
        fprintf(stderr,
                "troika search: %s: no connection could be opened: %s\n",
                sought->options->url, sought->why);
        return EXIT_FAILED;
    }
    bytes =
        load_target_request(&target, &(struct load_asked){0}, &request.size);
    if (bytes == NULL)
        return EXIT_FAILED;
    request.bytes = bytes;
    sought->names[0] = sought->options->url;
    sought->count = 1;
    sought->target = (struct search_load){.point = *sought->point,
                                          .plan = {.address = target.address,
                                                   .requests = &request,
                                                   .request_count = 1,
                                                   .stop = &stop_signal},
                                          .seed = sought->options->seed};
    code = carry_out(sought);
    free(bytes);
    return code;
}

int verb_search(int argc, char **argv)
{
    struct search_options options;
    struct experiment *experiment = NULL;
    struct sought *sought = calloc(1, sizeof(*sought));
    int code = EXIT_FAILED;
    json_t *variables = switches_json();
    char why[2048], words[512];
    bool untrusted = switches_untrusted(variables, words, sizeof(words));

    json_decref(variables);
    if (sought == NULL || search_options_parse(argc, argv, &options) != 0) {
        free(sought);
        return code;
    }
    sought->options = &options;
    if (search_options_cell(&options, &experiment, why, sizeof(why)) < 0) {
        fprintf(stderr, "troika search: %s\n", why);
        code = EXIT_USAGE;
    } else {
        sought->point = &experiment->load_points[0];
        if (untrusted)
            fprintf(stderr, "troika search: %s\n", words);
        fputs(options.url == NULL ? experiment->left_out : "", stderr);
        if (options.url != NULL)
            code = search_url(sought);
        else if (sought->point->models[0] == NULL)
            code = EXIT_USAGE;
        else
            code = search_models(sought);
        experiment_free(experiment);
    }
    free(sought);
    return code == EXIT_OK && untrusted ? EXIT_INVALID : code;
}
