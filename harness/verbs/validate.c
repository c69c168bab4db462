/* SPDX-License-Identifier: MIT
 *
 * troika validate: draws services, forecasts each under every model, writes the
 * forecasts to the disk, and only then measures the services. What it prints
 * and stores is how far the forecasts were from that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/folder.h"
#include "harness/base/json.h"
#include "harness/base/version.h"
#include "harness/calibrate/machine_file.h"
#include "harness/calibrate/measured.h"
#include "harness/calibrate/origin.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "harness/run/environment.h"
#include "harness/screen/screen.h"
#include "harness/server/models.h"
#include "harness/validate/again.h"
#include "harness/validate/newest.h"
#include "harness/validate/validation.h"
#include "verbs.h"

enum { PATH_SIZE = 640, QUICK = 12, REQUESTS = 60000 };

static const int64_t WINDOW_QUICK_NS = 4000000000, WINDOW_FULL_NS = 6000000000;

struct options {
    int services;
    int64_t seed, wait_ns;
    const char *machine, *again, *resume, *target;
    bool full, dry_run;
    struct flags_given given;
};

#define MEMBER(name) .offset = offsetof(struct options, name)

static const struct flag rows[] = {
    {"full", 0, NULL,
     "60 services, about 75 minutes; otherwise 12, about 15 minutes", FLAG_ON,
     MEMBER(full)},
    {"services", 'n', "N", "so many instead", FLAG_INT, MEMBER(services),
     .least = 1, .most = HELD_OUT_MAX},
    {"seed", 0, "N", "of the draw (by the clock)", FLAG_COUNT, MEMBER(seed),
     .least = 1, .most = INT64_C(1) << 53},
    {"machine", 0, "FILE",
     "the constants (results/machine.json, if they are of this machine)",
     FLAG_TEXT, MEMBER(machine)},
    {"target", 0, "FILE",
     "the servers of its [target] sections as well, which were calibrated",
     FLAG_TEXT, MEMBER(target)},
    {"resume", 0, "FOLDER", "go on with a validation that was stopped",
     FLAG_TEXT, MEMBER(resume)},
    {"again", 0, "FOLDER",
     "forecast and judge a validation that was measured once more; proves "
     "nothing",
     FLAG_TEXT, MEMBER(again)},
    {"dry-run", 0, NULL, "print what would be measured and how long it takes",
     FLAG_ON, MEMBER(dry_run)},
    {"wait-for-quiet", 0, "TIME",
     "wait so long for other processes to end, then stop (60s; 0s: go on "
     "beside them)",
     FLAG_TIME, MEMBER(wait_ns)},
    {0},
};

static void note_given(const char *name, void *into)
{
    flags_given_add(&((struct options *)into)->given, name);
}

/* Refuses flags that others leave without effect. */
static void refuse_idle(void *into, struct argp_state *state)
{
    static const char stored[] =
        "services, forecasts and seed are stored in the folder";
    static const struct {
        const char *of;
        const char *const with[2];
        const char *instead;
    } rules[] = {
        {"again", {"machine"}, stored},
        {"resume", {"wait-for-quiet"}, stored},
    };
    static const char *const waits[] = {"wait-for-quiet", NULL};
    const struct options *options = into;
    char why[256];

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!flags_apply(&options->given, rules[i].of, NULL, rules[i].with,
                         rules[i].instead, why, sizeof why))
            argp_error(state, "%s", why);
    if (!flags_apply(&options->given, "dry-run", waits, NULL,
                     "nothing is measured", why, sizeof why))
        argp_error(state, "%s", why);
}

/* Forecasts take a while; only a terminal shows how many there are. */
static struct screen *forecasts;

static void tell_service(int service)
{
    char line[1][SCREEN_LINE];

    snprintf(line[0], SCREEN_LINE, "forecast: service %d", service + 1);
    if (forecasts)
        screen_show(forecasts, line, 1);
}

static int fail(const char *why)
{
    fprintf(stderr, "troika validate: %s\n", why);
    return EXIT_FAILED;
}

/* Keeps the [target] sections of the file, and finds its folder, which {here}
 * means in them. Returns 0, or a negative errno with the reason. */
static int read_targets(const char *path, struct questions *questions,
                        char *home, size_t home_size, char *why,
                        size_t why_size)
{
    char line[1200], *kept = questions->targets;
    size_t room = sizeof questions->targets, length = 0;
    FILE *file = fopen(path, "re");
    bool inside = false;

    if (!file) {
        int error = errno;
        snprintf(why, why_size, "%s: %s", path, strerror(error));
        return -error;
    }
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '[')
            inside = !strncmp(line, "[target ", 8);
        if (!inside)
            continue;
        if (length + strlen(line) + 2 >= room) {
            fclose(file);
            snprintf(why, why_size,
                     "%s: its [target] sections have more than %zu bytes", path,
                     room - 2);
            return -E2BIG;
        }
        length += (size_t)snprintf(kept + length, room - length, "%s", line);
    }
    fclose(file);
    snprintf(kept + length, room - length, "\n");
    char *whole = realpath(path, NULL);
    if (whole) {
        char *slash = strrchr(whole, '/');
        slash[slash == whole] = '\0';
        snprintf(home, home_size, "%s", whole);
        free(whole);
    }
    if (length > 0)
        return 0;
    snprintf(why, why_size, "%s: there is no [target NAME] in it", path);
    return -EINVAL;
}

/* Says that the constants are of no model that can be measured. */
static void tell_nothing(const struct validation *v, char *why, size_t why_size)
{
    const struct machine *machine = &v->questions.machine;
    int used = snprintf(why, why_size,
                        "there is nothing to measure: the "
                        "constants are of");

    for (int i = 0; i < machine->model_count && used < (int)why_size; i++)
        used += snprintf(why + used, why_size - (size_t)used, "%s %s",
                         i > 0 ? "," : "", machine->models[i].name);
    if (used < (int)why_size)
        snprintf(why + used, why_size - (size_t)used,
                 ", and no service can be measured with them here: troika "
                 "calibrate measures others, --target names servers of yours");
}

/* Every model that has constants and can run; not serial, whose closed loop
 * would last for as many waits as there are clients. */
static void take_models(struct questions *questions)
{
    for (int i = 0; i < questions->machine.model_count; i++) {
        const struct model_constants *model = &questions->machine.models[i];
        bool there = models_find(models_all(), model->name) ||
                     questions_target(questions, model);
        if (there && model->discipline != DISCIPLINE_ALONE &&
            model->discipline != DISCIPLINE_UNKNOWN)
            questions->models[questions->model_count++] = model;
    }
}

static int write_experiment(const struct questions *questions, int service,
                            const char *folder, char *why, size_t why_size)
{
    char path[PATH_SIZE + 32];

    snprintf(path, sizeof path, "%s/service-%d.ini", folder, service + 1);
    FILE *file = fopen(path, "we");
    if (file)
        questions_write(questions, service, file);
    if (file && fclose(file) == 0)
        return 0;
    int error = errno;
    snprintf(why, why_size, "%s: %s", path, strerror(error));
    return -error;
}

/* The folder of the validation; one in /tmp for a dry run. Returns 0, or a
 * negative errno with the reason. */
static int make_folder(const struct validation *v, bool dry_run, char *folder,
                       size_t size, char *why, size_t why_size)
{
    char root[512];

    results_default_root(root, sizeof root);
    snprintf(folder, size, "%s/validation-%" PRId64, root, v->seed);
    int status = dry_run ? folder_make("validate", false, folder, size)
                 : mkdir(folder, 0777) == 0 ? 0
                                            : -errno;
    if (status < 0)
        snprintf(why, why_size, "%s: %s%s", folder, strerror(-status),
                 status == -EEXIST ? "; give another --seed" : "");
    return status;
}

/* Writes the experiments and the forecasts. Returns 0, or a negative errno with
 * the reason. */
static int write_before(const struct validation *v, const char *folder,
                        char *why, size_t why_size)
{
    char path[PATH_SIZE + 32];
    int status = 0;

    for (int i = 0; i < v->questions.service_count && status == 0; i++)
        if (questions_measured(&v->questions, i))
            status = write_experiment(&v->questions, i, folder, why, why_size);
    if (status < 0)
        return status;
    json_t *json = json_pack(
        "{s:i, s:s, s:I, s:b, s:s, s:s, s:o, s:o}", "schema_version", 1,
        "tool_version", version(), "seed", (json_int_t)v->seed, "full", v->full,
        "machine", v->questions.machine.run_id, "targets", v->questions.targets,
        "services", questions_services_json(&v->questions), "forecasts",
        questions_json(&v->questions));
    snprintf(path, sizeof path, "%s/forecasts.json", folder);
    status = results_store_at(path, json, why, why_size);
    json_decref(json);
    snprintf(path, sizeof path, "%s/machine.json", folder);
    json = machine_json(&v->questions.machine);
    if (status == 0)
        status = results_store_at(path, json, why, why_size);
    json_decref(json);
    return status;
}

/* Stores a validation as this machine's newest, unless the one that is there
 * shows more. Returns 0, or a negative errno with the reason. */
static int store_newest(const json_t *json, const char *own, char *why,
                        size_t why_size)
{
    char root[512], path[PATH_SIZE + 32], unread[5000], kept[400];

    results_default_root(root, sizeof root);
    snprintf(path, sizeof path, "%s/validation.json", root);
    json_t *stored = stored_json(path, NULL, unread, sizeof unread);
    bool replaces = newest_replaces(stored, json, kept, sizeof kept);
    int status = replaces ? results_store_at(path, json, why, why_size) : 0;

    if (!replaces)
        printf("%s stays as it was, with the validation of %s, and this one is "
               "only in %s: %s\n",
               path, json_text_of(stored, "at"), own, kept);
    json_decref(stored);
    return status;
}

/* Whether the constants are of another machine than the run that measured. */
static bool is_foreign(const struct validation *v, const json_t *run)
{
    char why[400];
    bool own = origin_check_constants(&v->questions.machine,
                                      json_object_get(run, "environment"), why,
                                      sizeof why);

    if (!own)
        printf("%s: this shows how far they carry, and gives no bands; troika "
               "calibrate measures this one\n",
               why);
    return !own;
}

/* Judges what the run measured, prints it, and stores it in the folder; and as
 * the machine's newest, if the forecasts came first and the constants are its
 * own. */
static int judge(struct validation *v, const char *folder,
                 const char *directory)
{
    json_t *run = measured_open("validate", directory);
    json_t *trials = run ? measured_trials("validate", directory, run) : NULL;
    char path[PATH_SIZE + 32], why[5000] = "out of memory";
    int status = trials ? validation_judge(v, trials) : -EINVAL;

    if (status == 0) {
        validation_print(v);
        json_t *json = validation_json(v, run, trials);
        snprintf(path, sizeof path, "%s/%s", folder,
                 v->afterwards ? "again.json" : "validation.json");
        status = results_store_at(path, json, why, sizeof why);
        if (status == 0 && !is_foreign(v, run) && !v->afterwards)
            status = store_newest(json, path, why, sizeof why);
        json_decref(json);
    }
    if (trials && status < 0)
        fail(why);
    json_decref(trials);
    json_decref(run);
    return status < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Judges what a run that ended with this code has measured. Of one that was
 * stopped these are the services that were done by then, if any. */
static int judge_ended(struct validation *v, const char *folder,
                       const char *directory, int code)
{
    bool stopped = code > 128;

    if (directory[0] == '\0' ||
        (code != EXIT_OK && code != EXIT_INVALID && !stopped))
        return code;
    if (stopped) {
        json_t *run = measured_open("validate", directory);
        json_t *trials =
            run ? measured_trials("validate", directory, run) : NULL;
        int done = trials ? rows_services_done(&v->questions, trials) : 0;
        json_decref(trials);
        json_decref(run);
        if (done == 0)
            return code;
        printf("stopped: judged on the %d of %d services that were measured; "
               "go on with --resume\n",
               done, v->questions.service_count);
    }
    int judged = judge(v, folder, directory);
    return judged == EXIT_OK ? code : judged;
}

/* Runs the experiments of all services, and judges. */
static int measure(struct validation *v, const struct options *options,
                   const char *home, const char *folder)
{
    char *experiments[HELD_OUT_MAX], directory[PATH_SIZE];
    static char paths[HELD_OUT_MAX][PATH_SIZE + 32];
    struct run_options run = {.overrides = {.warmup_ns = -1},
                              .root = folder,
                              .has_seed = true,
                              .seed = (uint64_t)v->seed,
                              .wait_ns = options->wait_ns,
                              .home = home[0] ? home : NULL,
                              .dry_run = options->dry_run};
    int count = 0;

    for (int i = 0; i < v->questions.service_count; i++) {
        if (!questions_measured(&v->questions, i))
            continue;
        snprintf(paths[i], sizeof paths[i], "%s/service-%d.ini", folder, i + 1);
        experiments[count++] = paths[i];
    }
    int code = measured_run("validate", experiments, count, &run, directory,
                            sizeof directory);
    return judge_ended(v, folder, directory, code);
}

static int validate(struct validation *v, const struct options *options)
{
    char folder[PATH_SIZE] = "", home[PATH_SIZE] = "";
    char why[5000] = "out of memory";

    if (options->target && read_targets(options->target, &v->questions, home,
                                        sizeof home, why, sizeof why) < 0)
        return fail(why);
    v->full = options->full;
    v->seed = options->seed ? options->seed : (int64_t)time(NULL);
    v->questions.seed = (uint64_t)v->seed;
    v->questions.window_most_ns = v->full ? WINDOW_FULL_NS : WINDOW_QUICK_NS;
    v->questions.service_count = options->services ? options->services
                                 : v->full         ? VALIDATION_FULL
                                                   : QUICK;
    if (v->questions.machine.step_ns <= 0)
        return fail("the constants say nothing of work: calibrate again");
    held_out_draw((uint64_t)v->seed, v->questions.service_count,
                  v->questions.machine.step_ns, v->questions.services);
    take_models(&v->questions);
    forecasts = screen_open(stderr);
    int status = questions_make(&v->questions, tell_service);
    screen_close(forecasts);
    if (status == 0 && v->questions.count == 0) {
        tell_nothing(v, why, sizeof why);
        status = -ENODATA;
    }
    if (status == 0)
        status = make_folder(v, options->dry_run, folder, sizeof folder, why,
                             sizeof why);
    if (status == 0)
        status = write_before(v, folder, why, sizeof why);
    int code = status < 0 ? fail(why) : measure(v, options, home, folder);
    if (options->dry_run)
        folder_remove(folder);
    return code;
}

/* Takes services, questions and the seed from forecasts.json of `folder`, and
 * makes the forecasts. *same: by the version that made the stored ones. Returns
 * 0, or a negative errno with the reason. */
static int read_before(struct validation *v, const char *folder, bool *same,
                       char *why, size_t why_size)
{
    char path[PATH_SIZE], reason[512];

    snprintf(path, sizeof path, "%s/forecasts.json", folder);
    json_t *stored = stored_json(path, NULL, why, why_size);
    if (!stored)
        return -EINVAL;
    *same = json_text_is(stored, "tool_version", version());
    v->full = json_true_of(stored, "full");
    v->questions.window_most_ns = v->full ? WINDOW_FULL_NS : WINDOW_QUICK_NS;
    int status = questions_again(stored, &v->questions, reason, sizeof reason);
    v->seed = (int64_t)v->questions.seed;
    json_decref(stored);
    if (status == -EINVAL)
        snprintf(why, why_size, "%s: %s; begin a new validation", path, reason);
    return status;
}

static int validate_again(struct validation *v, const struct options *options)
{
    char path[PATH_SIZE], why[5000] = "out of memory";
    bool same;

    if (read_before(v, options->again, &same, why, sizeof why) < 0)
        return fail(why);
    v->afterwards = true;
    snprintf(path, sizeof path, "%s/latest", options->again);
    return judge(v, options->again, path);
}

/* Goes on with a validation that was stopped. */
static int validate_resume(struct validation *v, const struct options *options)
{
    char path[PATH_SIZE], why[5000] = "out of memory";
    struct run_options run = {.overrides = {.warmup_ns = -1},
                              .wait_ns = options->wait_ns};
    bool same;

    if (read_before(v, options->resume, &same, why, sizeof why) < 0)
        return fail(why);
    if (!same)
        return fail("another version of troika made its forecasts; those of "
                    "this one would come after measurements: begin a new one, "
                    "or look at it with --again");
    snprintf(path, sizeof path, "%s/latest", options->resume);
    int code = measured_resume("validate", path, &run);
    return judge_ended(v, options->resume, path, code);
}

/* Whether the stored constants are of this machine: others are validated only
 * where they are named. */
static bool check_constants(const struct machine *machine)
{
    json_t *here = environment_capture();
    char why[400];
    bool own = origin_check_constants(machine, here, why, sizeof why);

    json_decref(here);
    if (!own)
        fprintf(stderr,
                "troika validate: %s: forecasts from them would be off by what "
                "the machines differ; troika calibrate measures this one, and "
                "--machine FILE names constants to be validated anyway\n",
                why);
    return own;
}

int verb_validate(int argc, char **argv)
{
    static const struct flags flags = {
        .rows = rows,
        .help = "Draws services, forecasts each under every model, stores the "
                "forecasts, measures the services and says how far the "
                "forecasts were from that."
                "\vExit codes: 0 done; 1 failed, or stopped because other "
                "processes kept the CPUs busy; 2 usage; 3 some trials are "
                "invalid.",
        .given = note_given,
        .whole = refuse_idle,
    };
    static struct validation v;
    struct options options = {.wait_ns = INT64_C(60000000000)};
    char why[5000], machine[PATH_SIZE];

    flags_parse(&flags, argc, argv, &options);
    v.questions.requests = REQUESTS;
    const char *file = options.machine;
    const char *folder = options.again ? options.again : options.resume;
    if (folder && !file) {
        snprintf(machine, sizeof machine, "%s/machine.json", folder);
        file = machine;
    }
    if (machine_file_read(file, &v.questions.machine, why, sizeof why) < 0)
        return fail(why);
    if (!file && !check_constants(&v.questions.machine))
        return EXIT_FAILED;
    int code = options.again    ? validate_again(&v, &options)
               : options.resume ? validate_resume(&v, &options)
                                : validate(&v, &options);
    validation_free(&v);
    return code;
}
