/* SPDX-License-Identifier: MIT */
#include "from_run.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/calibrate/machine_file.h"
#include "harness/calibrate/measured.h"
#include "harness/evidence/cells.h"

static const char VERB[] = "decide";

static int fail(enum exit_code code, const char *directory, const char *why)
{
    fprintf(stderr, "troika %s: %s: %s\n", VERB, directory, why);
    return code;
}

/* The experiment of that name, or the only one with a profile; NULL, and why.
 */
static const json_t *find_experiment(const json_t *run, const char *name,
                                     char *why, size_t size)
{
    const json_t *row, *found = NULL;
    int count = 0;
    size_t i;

    json_array_foreach (json_object_get(run, "experiments"), i, row) {
        if (!json_is_object(json_object_get(row, "profile")) ||
            (name && !json_text_is(row, "name", name)))
            continue;
        found = row;
        count++;
    }
    if (count == 1)
        return found;
    snprintf(why, size,
             count > 1 ? "%d experiments of it have a profile: name one with "
                         "--experiment"
                       : "no such experiment of it has a [profile], for which "
                         "to decide",
             count);
    return NULL;
}

/* Whether forecasts know the experiment's loads: closed loops with nothing
 * beside them. Else false, and why. */
static bool is_known(const json_t *experiment, char *why, size_t size)
{
    const json_t *point;
    size_t i;

    json_array_foreach (json_object_get(experiment, "load_points"), i, point) {
        const char *mode = json_text_of(json_object_get(point, "load"), "mode");
        const char *id = json_text_of(point, "id");
        if (!json_is_null(json_object_get(point, "beside"))) {
            snprintf(why, size,
                     "load point %s has a second load beside it, which is in "
                     "no forecast",
                     id);
            return false;
        }
        if (strcmp(mode, "closed") != 0 && strcmp(mode, "slice") != 0) {
            snprintf(
                why, size,
                "load point %s is no closed loop (mode %s), as a profile's "
                "connections are",
                id, mode);
            return false;
        }
    }
    return true;
}

static void set(struct service *service, enum service_field field)
{
    service->given[field] = true;
}

/* The requests of a profile are alike, as those of most cells are. */
static void take_profile(const json_t *profile, struct service *service)
{
    double memory_bytes = json_figure_of(profile, "memory_bytes");

    *service = (struct service){
        .wait_ns = json_figure_of(profile, "wait_ns"),
        .cpu_ns = json_figure_of(profile, "cpu_ns"),
        .connections = (int)json_integer_of(profile, "connections"),
    };
    set(service, SERVICE_WAIT);
    set(service, SERVICE_CPU);
    set(service, SERVICE_CONNECTIONS);
    set(service, SERVICE_CV_CPU);
    if (service->wait_ns > 0)
        set(service, SERVICE_CV_WAIT);
    if (json_is_number(json_object_get(profile, "limit_ns"))) {
        service->limit_ns = json_figure_of(profile, "limit_ns");
        service->limit_percent = json_figure_of(profile, "limit_percentile");
        set(service, SERVICE_LIMIT);
    }
    if (memory_bytes > 0) {
        service->memory_bytes = memory_bytes;
        set(service, SERVICE_MEMORY);
    }
}

static void take_time(const json_t *run, struct as_of *as_of)
{
    struct tm at = {0};

    snprintf(as_of->fingerprint, sizeof as_of->fingerprint, "%s",
             cells_fingerprint(run));
    if (strptime(json_text_of(run, "started_at"), "%Y-%m-%dT%H:%M:%SZ", &at))
        as_of->at_s = timegm(&at);
}

static bool has_name(const struct inquiry *inquiry, const char *name)
{
    for (int i = 0; i < inquiry->question.model_count; i++)
        if (!strcmp(inquiry->names[i], name))
            return true;
    return false;
}

/* The experiment's models, but for yardsticks. False, with their names, if some
 * have no constants: an option must not drop out unseen. */
static bool take_models(const json_t *run, const json_t *experiment,
                        struct inquiry *inquiry, char *why, size_t size)
{
    struct question *question = &inquiry->question;
    const json_t *models = json_object_get(run, "models"), *point, *name;
    char missing[300] = "";
    size_t i, k;

    json_array_foreach (json_object_get(experiment, "load_points"), i, point)
        json_array_foreach (json_object_get(point, "models"), k, name) {
            const char *text =
                json_is_string(name) ? json_string_value(name) : "";
            if (json_true_of(json_object_get(models, text), "yardstick") ||
                has_name(inquiry, text) ||
                question->model_count == ADVICE_MODELS_GIVEN_MAX)
                continue;
            if (!machine_model(&inquiry->machine, text)) {
                size_t used = strlen(missing);
                if (!strstr(missing, text))
                    snprintf(missing + used, sizeof missing - used, "%s%s",
                             used > 0 ? "," : "", text);
                continue;
            }
            char *kept = inquiry->names[question->model_count];
            snprintf(kept, sizeof inquiry->names[0], "%s", text);
            question->models[question->model_count++] = kept;
        }
    if (missing[0])
        snprintf(why, size,
                 "there are no constants of %s: troika calibrate --models %s "
                 "--add (--target FILE for a server of your own)",
                 missing, missing);
    return !missing[0];
}

/* Constants of the run's machine, or others that are scaled to it. */
static bool take_constants(const json_t *run, const json_t *trials,
                           const char *path, struct inquiry *inquiry, char *why,
                           size_t size)
{
    const char *own = inquiry->question.as_of.fingerprint;

    if (advice_machine(path, &inquiry->machine, &inquiry->shipped, why, size) <
        0)
        return false;
    if (!inquiry->shipped &&
        (path || !strcmp(inquiry->machine.fingerprint, own)))
        return true;
    inquiry->shipped = true;
    if (machine_file_shipped(&inquiry->machine, why, size) < 0)
        return false;
    inquiry->question.scaled = true;
    cells_scale(run, trials, &inquiry->machine);
    return true;
}

/* Errors of a validation of these constants; where there is none, those of the
 * cells. */
static bool take_bands(const json_t *cells, struct inquiry *inquiry, char *why,
                       size_t size)
{
    struct bands *bands = &inquiry->bands;

    if (!inquiry->shipped &&
        advice_bands(NULL, &inquiry->machine, bands, why, size) < 0)
        return false;
    if (bands->residual_count > 0 && !bands->afterwards &&
        !strcmp(bands->fingerprint, inquiry->machine.fingerprint))
        return true;
    bands_free(bands);
    return bands_read(cells, bands, why, size) == 0;
}

static int fill(const json_t *run, const json_t *trials,
                const json_t *experiment, const char *constants,
                struct inquiry *inquiry, json_t **cells, char *why, size_t size)
{
    const json_t *profile = json_object_get(experiment, "profile");
    struct service *service = &inquiry->question.service;

    if (!is_known(experiment, why, size))
        return EXIT_FAILED;
    take_time(run, &inquiry->question.as_of);
    if (!take_constants(run, trials, constants, inquiry, why, size))
        return EXIT_FAILED;
    take_profile(profile, service);
    service_defaults(service, inquiry->machine.cores);
    if (!service_check(service, why, size))
        return EXIT_USAGE;
    if (!take_models(run, experiment, inquiry, why, size))
        return EXIT_FAILED;
    *cells = cells_validation(run, trials, &inquiry->machine);
    if (json_array_size(json_object_get(*cells, "residuals")) == 0) {
        snprintf(why, size, "none of its cells has a forecast beside it");
        return EXIT_FAILED;
    }
    if (!take_bands(*cells, inquiry, why, size))
        return EXIT_FAILED;
    cells_evidence(run, trials, json_text_of(experiment, "name"), service,
                   &inquiry->machine, &inquiry->evidence);
    snprintf(inquiry->run, sizeof inquiry->run, "%s",
             json_text_of(run, "run_id"));
    snprintf(inquiry->experiment, sizeof inquiry->experiment, "%s",
             json_text_of(experiment, "name"));
    snprintf(inquiry->profile, sizeof inquiry->profile, "%s",
             json_text_of(profile, "name")[0] ? json_text_of(profile, "name")
                                              : inquiry->experiment);
    return EXIT_OK;
}

int from_run_open(const char *directory, const char *experiment,
                  const char *constants, struct inquiry *inquiry,
                  json_t **cells)
{
    json_t *run = measured_open(VERB, directory);
    json_t *trials = run ? measured_trials(VERB, directory, run) : NULL;
    char why[5000] = "";
    int code = EXIT_FAILED;

    *inquiry = (struct inquiry){0};
    *cells = NULL;
    if (trials) {
        const json_t *row = find_experiment(run, experiment, why, sizeof why);
        code = row ? fill(run, trials, row, constants, inquiry, cells, why,
                          sizeof why)
                   : EXIT_USAGE;
        if (code != EXIT_OK)
            fail(code, directory, why);
        inquiry->machine.untrusted |= measured_untrusted(run);
    }
    json_decref(trials);
    json_decref(run);
    return code;
}
