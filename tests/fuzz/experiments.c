/* SPDX-License-Identifier: MIT
 *
 * Experiment files (experiment.h): a refusal names file, line and reason; what
 * is accepted lies within the limits of a run, and its plan can be written as
 * JSON and is the same when laid out again.
 */
#include "fuzz.h"

#include <ctype.h>
#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/experiment/experiment.h"
#include "harness/run/plan.h"
#include "harness/run/run_json.h"

/* Beyond this a plan is only counted: laying it out is no matter of reading. */
enum { TRIALS_MAX = 3000 };

static const char *const callback_has[] = {"wait", NULL};
static const struct parameter pool_settings[] = {
    {"stack", UNIT_BYTES, "64KiB", 16384, 1 << 26, 0, "of a task"},
    {"spread", UNIT_COUNT, "1", 0, 1, 0, "or not"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct model_info models[] = {
    {.name = "callback",
     .available = true,
     .only = callback_has,
     .parameters = "[]"},
    {.name = "event-loop", .available = true, .parameters = "[]"},
    {.name = "node", .reason = "not built: no node here", .parameters = "[]"},
    {.name = "null", .available = true, .yardstick = true, .parameters = "[]"},
    {.name = "process-pool",
     .available = true,
     .has_workers = true,
     .settings = pool_settings,
     .parameters = "[]"},
    {.name = "serial", .available = true, .parameters = "[]"},
    {.name = NULL},
};

/* A refusal is "PATH:LINE: sentence". */
static void check_refusal(const char *path, const char *why)
{
    size_t length = strlen(path);
    const char *line = why + length + 1;

    FUZZ_CHECK(!strncmp(why, path, length) && why[length] == ':', "%s", why);
    FUZZ_CHECK(isdigit((unsigned char)*line), "no line: %s", why);
    line += strspn(line, "0123456789");
    FUZZ_CHECK(!strncmp(line, ": ", 2) && strlen(line) > 5, "no reason: %s",
               why);
}

static void check_point(const struct load_point *point)
{
    FUZZ_CHECK(point->id[0] && memchr(point->id, '\0', sizeof point->id), "id");
    for (const char *c = point->id; *c; c++)
        FUZZ_CHECK(*c > ' ' && *c != '/' && *c != '%', "id %s", point->id);
    FUZZ_CHECK(point->workload != NULL, "%s", point->id);
    FUZZ_CHECK(point->connections >= 1, "%d", point->connections);
    FUZZ_CHECK(point->window_ns > 0 && point->warmup_ns >= 0, "%s", point->id);
    FUZZ_CHECK(point->timeout_ns > 0 && point->think_ns >= 0, "%s", point->id);
    FUZZ_CHECK(point->rate_per_s >= 0 && point->rate_per_s < 1e9, "%g",
               point->rate_per_s);
    FUZZ_CHECK(point->models[0] != NULL, "%s without a model", point->id);
    FUZZ_CHECK(plan_trial_ns(point) > 0, "%s takes no time", point->id);
}

static void check_plan(struct experiment *experiment)
{
    struct experiment *const experiments[] = {experiment};
    struct plan plan, again;
    json_t *run, *read;
    char *text;

    if (plan_make(experiments, 1, 7, &plan) < 0)
        return;
    FUZZ_CHECK(plan_make(experiments, 1, 7, &again) == 0, "once more");
    FUZZ_CHECK(plan.trial_count == again.trial_count &&
                   !memcmp(plan.trials, again.trials,
                           (size_t)plan.trial_count * sizeof *plan.trials),
               "another plan");
    plan_free(&again);
    run = run_json("20261128T000000Z-0000", "troika bench fuzz", &plan,
                   json_object());
    FUZZ_CHECK(run != NULL, "no JSON");
    FUZZ_CHECK(json_array_size(json_object_get(run, "plan")) ==
                   (size_t)plan.trial_count,
               "the plan in JSON");
    text = json_dumps(run, JSON_COMPACT);
    FUZZ_CHECK(text != NULL, "it cannot be written");
    read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_CHECK(read != NULL, "it cannot be read: %s", text);
    json_decref(read);
    free(text);
    json_decref(run);
    plan_free(&plan);
}

static void check_accepted(struct experiment *experiment)
{
    int trials = 0;

    FUZZ_CHECK(experiment->load_point_count >= 1 &&
                   experiment->load_point_count <= EXPERIMENT_CELLS_MAX,
               "%d load points", experiment->load_point_count);
    FUZZ_CHECK(experiment->blocks >= 1 &&
                   experiment->blocks <= EXPERIMENT_BLOCKS_MAX,
               "%d blocks", experiment->blocks);
    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];

        check_point(point);
        for (int k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(point->id, experiment->load_points[k].id),
                       "two are named %s", point->id);
        for (int k = 0; point->models[k]; k++)
            trials += experiment->blocks;
    }
    if (trials <= TRIALS_MAX)
        check_plan(experiment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    struct experiment *experiment;
    char why[4096] = "";
    int result;

    if (fd < 0) {
        fd = memfd_create("experiment", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    result = experiment_read(path, models, &experiment, why, sizeof why);
    FUZZ_CHECK((result == 0) == (experiment != NULL), "%d", result);
    if (result < 0) {
        check_refusal(path, why);
        return 0;
    }
    check_accepted(experiment);
    experiment_free(experiment);
    return 0;
}
