/* SPDX-License-Identifier: MIT
 *
 * The experiment is a file in a folder of its own; the run keeps a copy. Paths
 * in it are relative to the folder in which the person is ({here}).
 */
#include "own.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/folder.h"
#include "harness/base/hint.h"
#include "harness/base/json.h"
#include "harness/calibrate/measured.h"
#include "harness/probe/ladder.h"
#include "harness/server/guardian.h"
#include "harness/server/models.h"
#include "harness/statistics/threshold.h"
#include "held.h"
#include "models/runtime/base/clock.h"
#include "models/runtime/http/http.h"
#include "models/runtime/workload.h"
#include "preflight.h"

static const char SPIN_QUERY[] = "steps=1000000";
static const double SPIN_STEPS = 1e6;
static const double HELD_LOOK_NS = 1e9;
static const char no_step[] =
    "the CPU time of a step of the workload spin could not be measured";

/* One measurement: from flags to facts. */
struct own {
    const struct own_asked *asked;
    const struct own_how *how;
    char folder[64];
    char path[96]; /* of the experiment in it */
    char home[PATH_MAX];
    struct subject subject;
    struct ladder ladder;
    struct preflight preflight;
    struct race race;
};

static int complain(enum exit_code code, const char *why)
{
    fprintf(stderr, "troika: %s\n", why);
    return code;
}

static int exit_of(const struct own *own, int result, const char *why)
{
    if (*own->how->stop != 0)
        return 128 + *own->how->stop;
    return complain(result == -EINVAL ? EXIT_USAGE : EXIT_FAILED, why);
}

/* Messages of the reader name a line of a file that the person never wrote. */
static const char *without_place(const struct own *own, const char *why)
{
    size_t length = strlen(own->path);

    if (strncmp(why, own->path, length) != 0 || why[length] != ':')
        return why;
    why += length + 1;
    why += strspn(why, "0123456789");
    return *why == ':' ? why + 2 : why;
}

/* Writes the section alone, for the look at the service. */
static int write_section(struct own *own, char *why, size_t why_size)
{
    int result = folder_make("own", false, own->folder, sizeof own->folder);

    snprintf(own->path, sizeof own->path, "%s/own.ini", own->folder);
    FILE *file = result == 0 ? fopen(own->path, "we") : NULL;
    if (!file) {
        snprintf(why, why_size, "%s: %s", own->path, strerror(errno));
        return -EIO;
    }
    /* The service is looked at before anything is said of its answers. */
    result = own_section(own->asked, OWN_NAME, NULL, file, why, why_size);
    if (fclose(file) != 0 && result == 0)
        result = -EIO;
    return result;
}

/* Refuses a wait that is longer than a whole request took: the models would
 * wait for what the service does not wait for. A twentieth more is a rounded
 * figure. */
static int refuse_wait(const struct own *own, double took_ns, char *why,
                       size_t why_size)
{
    if ((double)own->how->wait_ns <= 1.05 * took_ns)
        return 0;
    snprintf(
        why, why_size,
        "--wait %s: a whole request of the service took %s in the look, so "
        "it does not wait that long; give its wait, at most that, or leave "
        "--wait out: it is found",
        digits_ns((double)own->how->wait_ns).text, digits_ns(took_ns).text);
    return -EINVAL;
}

/* Refuses CPU time that no turn's request had: the models would compute what
 * the service does not compute. */
static int refuse_cpu(const struct own *own, double took_ns, char *why,
                      size_t why_size)
{
    if (!(own->race.cpu_ns > took_ns))
        return 0;
    snprintf(why, why_size,
             "--cpu %s: a request of the service used %s of CPU in all, so its "
             "own work cannot take more; give a part of that, or leave --cpu "
             "out: the models then compute nothing",
             digits_ns(own->race.cpu_ns).text, digits_ns(took_ns).text);
    return -EINVAL;
}

/* Looks whether answers are held back in their middle. A slow service would be
 * asked for longer than that is worth. */
static void look_held(struct own *own)
{
    const struct subject *subject = &own->subject;

    if (own->preflight.closes || own->preflight.least_ns > HELD_LOOK_NS)
        return;
    for (int i = 0; i < subject->request_count && own->race.held_ns == 0; i++)
        own->race.held_ns = held_ns(&subject->address.v4, &subject->requests[i],
                                    own->how->stop);
    if (own->race.held_ns > 0 && !own->how->run.quiet)
        fprintf(stderr, "the service %s\n", RACE_HELD);
}

/* Starts or finds the service, and looks at it. */
static int look(struct own *own, char *why, size_t why_size)
{
    struct subject_asked asked = {
        .file = own->path,
        .home = own->home,
        .target = OWN_NAME,
        .placement = own->asked->command ? PLACEMENT_SPLIT : PLACEMENT_SHARED,
        .stop = own->how->stop,
    };
    char rule[2048];
    int result = guardian_start();

    if (result < 0)
        snprintf(why, why_size, "%s", strerror(-result));
    if (result == 0)
        result = subject_open(&asked, &own->subject, why, why_size);
    if (result == 0)
        result = preflight_look(&own->subject, own->asked->check,
                                own->how->stop, &own->preflight, why, why_size);
    if (result == 0)
        result = refuse_wait(own, own->preflight.least_ns, why, why_size);
    if (result < 0)
        return result;
    const struct preflight *seen = &own->preflight;
    load_rule_text(&seen->rule, rule, sizeof rule);
    snprintf(own->race.check, sizeof own->race.check, "%s",
             own->asked->check ? own->asked->check : rule);
    own->race.started = own->subject.started;
    own->race.closes = seen->closes;
    look_held(own);
    if (own->how->run.quiet)
        return 0;
    fprintf(stderr, "%d answers looked at; check = %s%s\n", seen->answers,
            own->race.check,
            own->asked->check ? ", as asked for"
            : seen->rule.kind == RULE_STATUS
                ? " (the bodies differ, and not in members of JSON alone)"
                : "");
    if (seen->token_from[0])
        fprintf(stderr, "logged in: the token is in %s\n", seen->token_from);
    if (seen->closes)
        fprintf(stderr, "the service closes the connection after an answer, so "
                        "each request gets a new one, the models' too\n");
    if (!own->subject.metered)
        fprintf(stderr, "%s\n", own->subject.server.meter_note);
    return 0;
}

static double median_of(const struct rung *rung, bool threads)
{
    int counts[RUNG_TURNS], n = rung->turn_count;

    for (int i = 0; i < n; i++)
        counts[i] = threads ? rung->turns[i].threads : rung->turns[i].processes;
    /* Few turns: the middle one by insertion. */
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && counts[j] < counts[j - 1]; j--) {
            int other = counts[j];
            counts[j] = counts[j - 1];
            counts[j - 1] = other;
        }
    return n > 0 ? counts[n / 2] : -1;
}

/* The hottest thread's share of what all threads used or were ready for: the
 * least of the turns, each of which may say too much where another thread was
 * not seen. */
static double hot_of(const struct rung *rung)
{
    double least = NAN;

    for (int i = 0; i < rung->turn_count; i++) {
        const struct turn *turn = &rung->turns[i];
        double share = turn->hot_cpus / (turn->busy_cpus + turn->ready_cpus);
        if (!isfinite(share))
            return NAN;
        least = share < least || isnan(least) ? share : least;
    }
    return least;
}

/* Takes the model that the person says, and says if the look saw another one.
 */
static void take_model(struct own *own)
{
    struct shape *shape = &own->race.shape;
    const char *model = own->how->model;

    if (shape->model && strcmp(shape->model, model) != 0 &&
        !own->how->run.quiet)
        fprintf(stderr,
                "warning: --model %s, but the look saw %s (%s); without "
                "--model, that one is compared with\n",
                model, shape->model, shape->why);
    *shape = (struct shape){.model = model};
    snprintf(shape->why, sizeof shape->why, "as you say");
}

/* Tells the model that the service is built as, from a ladder. */
static void tell_shape(struct own *own)
{
    const struct rung *one = &own->ladder.rungs[0];
    struct shape *shape = &own->race.shape;
    const struct rung *many = &own->ladder.rungs[own->ladder.count - 1];
    struct shape_facts facts = {
        .closes = own->race.closes,
        .connections = many->connections,
        .processes_one = own->subject.metered ? (int)median_of(one, false) : -1,
        .processes_many = (int)median_of(many, false),
        .threads_one = (int)median_of(one, true),
        .threads_many = (int)median_of(many, true),
        .per_s_one = one->per_s,
        .per_s_many = many->per_s,
        .response_ns = one->response_ns,
        .cpu_ns = one->cpu_ns,
        .hot_share = hot_of(many),
    };
    shape_tell(&facts, shape);
    if (own->how->model)
        take_model(own);
}

static void add_model(struct race *race, const char *name)
{
    const struct model_info *info = models_find(models_all(), name);

    for (int i = 0; i < race->model_count; i++)
        if (!strcmp(race->models[i], name))
            return;
    if (info && info->available && race->model_count < OWN_MODELS_MAX)
        race->models[race->model_count++] = name;
}

static void say_probe(const struct own *own)
{
    const struct rung *one = &own->ladder.rungs[0];
    const struct race *race = &own->race;

    if (own->how->run.quiet)
        return;
    if (own->subject.metered)
        fprintf(stderr, "one connection: %s a request, %s of it CPU\n",
                digits_ns(one->response_ns).text, digits_ns(one->cpu_ns).text);
    else
        fprintf(stderr,
                "one connection: %s a request; what of it is CPU time cannot "
                "be seen, so the models wait for all of it\n",
                digits_ns(one->response_ns).text);
    if (race->shape.model)
        fprintf(stderr, "its model: %s (%s)\n", race->shape.model,
                race->shape.why);
    else
        fprintf(stderr, "its model cannot be told (%s); --model says it\n",
                race->shape.why);
}

/* Chooses the models that race. */
static void choose(struct race *race)
{
    if (race->shape.model)
        add_model(race, race->shape.model);
    add_model(race, "event-loop");
    add_model(race, "thread-per-connection");
}

/* Finds wait, CPU time and model, unless the person has said what is sought. */
static int probe(struct own *own, char *why, size_t why_size)
{
    struct ladder_asked asked = {.most_connections = own->how->connections,
                                 .second = own->how->connections,
                                 .window_ns = own->how->run.overrides.window_ns,
                                 .quiet = true,
                                 .stop = own->how->stop};
    struct race *race = &own->race;

    race->connections = own->how->connections;
    /* A given CPU time is compared with the service's. */
    if (own->how->wait_ns >= 0 && own->how->model && own->how->cpu_ns == 0) {
        race->wait_ns = race->response_ns = (double)own->how->wait_ns;
        take_model(own);
        choose(race);
        return 0;
    }
    int result =
        ladder_climb(&own->subject, &asked, &own->ladder, why, why_size);

    if (result < 0)
        return result;
    const struct rung *one = &own->ladder.rungs[0];
    double most_ns = 0, most_cpu_ns = 0;
    for (int i = 0; i < one->turn_count; i++) {
        most_ns = fmax(most_ns, one->turns[i].response_ns);
        most_cpu_ns = fmax(most_cpu_ns, one->turns[i].cpu_ns);
    }
    result = refuse_wait(own, most_ns, why, why_size);
    if (result == 0 && most_cpu_ns > 0)
        result = refuse_cpu(own, most_cpu_ns, why, why_size);
    if (result < 0)
        return result;
    race->response_ns = one->response_ns;
    race->wait_ns = own->how->wait_ns >= 0 ? (double)own->how->wait_ns
                                           : fmax(0, one->wait_ns);
    tell_shape(own);
    choose(race);
    say_probe(own);
    return 0;
}

/* The CPU time of a step of the workload spin, here and now: the least of a
 * few, since others can only make it longer. */
static int measure_step(struct race *race)
{
    enum { TRIES = 9 };
    const struct workload_entry *spin = workload_find("spin");
    struct arguments arguments;
    double least_ns = INFINITY;
    char why[256];

    if (!spin || parameters_parse_query(spin->workload->parameters, SPIN_QUERY,
                                        strlen(SPIN_QUERY), &arguments, why,
                                        sizeof why) < 0)
        return -EIO;
    for (int i = 0; i < TRIES; i++) {
        struct reply reply;
        int64_t start_ns = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
        reply_init(&reply);
        if (spin->workload->answer(&arguments, &reply) >= 0)
            least_ns =
                fmin(least_ns, (double)(clock_read_ns(CLOCK_THREAD_CPUTIME_ID) -
                                        start_ns));
        reply_free(&reply);
    }
    race->step_ns = least_ns / SPIN_STEPS;
    return isfinite(least_ns) ? 0 : -EIO;
}

/* Writes the experiment to a file, opened so, or to standard output. */
static int write_to(const struct own *own, const char *path, const char *mode,
                    char *why, size_t why_size)
{
    FILE *file = path ? fopen(path, mode) : stdout;

    if (!file) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return -errno;
    }
    int result = race_write(&own->race, file, why, why_size);
    if (path && fclose(file) != 0 && result == 0) {
        result = -errno;
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
    }
    return result;
}

static void print_row(const struct own *own, const json_t *run,
                      const char *model)
{
    struct race_rate rate = race_rate_of(run, model);
    const struct shape *shape = &own->race.shape;
    bool its = shape->model && !strcmp(model, shape->model);

    printf("%-24s", model);
    if (isnan(rate.per_s))
        printf("no figure: %s", rate.why);
    else
        printf("%2s%8s", rate.bound, digits_three(rate.per_s, "/s").text);
    if (!isnan(rate.per_s) && !isnan(rate.cpu_ns))
        printf("  %9s of CPU a request", digits_ns(rate.cpu_ns).text);
    if (!isnan(rate.per_s) && !isnan(rate.memory_bytes))
        printf("  %9s", digits_bytes(rate.memory_bytes).text);
    printf("%s\n", its ? "  its model" : "");
}

/* Prints what came of --until and of each --threshold. */
static void print_limits(const json_t *run)
{
    const json_t *experiment =
        json_array_get(json_object_get(run, "experiments"), 0);
    const json_t *outcome;
    char text[512];
    size_t i;

    if (json_is_object(json_object_get(experiment, "until")))
        printf("%s\n",
               json_text_of(json_object_get(experiment, "until"), "words"));
    json_array_foreach (json_object_get(run, "thresholds"), i, outcome)
        printf("%s\n", threshold_words(outcome, text, sizeof text));
}

/* Prints what came of the run. Returns an exit code. */
static int present(const struct own *own, const char *directory, int code)
{
    json_t *run = measured_open("bench", directory);
    const struct race *race = &own->race;
    char text[1024];

    if (!run)
        return EXIT_FAILED;
    printf("%d connections; the models %s\n", race->connections,
           race_work(race, text, sizeof text));
    print_row(own, run, OWN_NAME);
    for (int i = 0; i < race->model_count; i++)
        print_row(own, run, race->models[i]);
    print_limits(run);
    bool told = race_sentence(race, run, text, sizeof text);
    printf("\nfiles: %s\nreport: %s report %s\n\n%s\n", directory,
           hint_program(), directory, text);
    json_decref(run);
    return told || code != EXIT_OK ? code : EXIT_INVALID;
}

static int race(struct own *own)
{
    struct run_options run = own->how->run;
    char *experiment = own->path, directory[PATH_MAX], why[1024];
    char command[8 * PATH_MAX];

    if (own->race.cpu_ns > 0 && measure_step(&own->race) < 0)
        return complain(EXIT_FAILED, no_step);
    if (write_to(own, own->path, "we", why, sizeof why) < 0)
        return complain(EXIT_FAILED, why);
    run.home = own->home;
    run.mute = true;
    int code = measured_run("bench", &experiment, 1, &run, directory,
                            sizeof directory);
    if (directory[0] != '\0' && (code == EXIT_SIGINT || code == EXIT_SIGTERM))
        fprintf(stderr,
                "troika bench: interrupted; what was measured is in %s; go on "
                "with: %s\n",
                directory, hint_resume(directory, command, sizeof command));
    if (directory[0] == '\0' ||
        (code != EXIT_OK && code != EXIT_INVALID && code != EXIT_THRESHOLD))
        return code;
    return present(own, directory, code);
}

/* Opens the service and looks at it. Returns an exit code. */
static int begin(struct own *own, const struct own_asked *asked,
                 const struct own_how *how)
{
    char why[4096] = "";

    *own = (struct own){.asked = asked, .how = how};
    own->race.asked = asked;
    own->race.cpu_ns = (double)how->cpu_ns;
    if (!getcwd(own->home, sizeof own->home))
        return complain(EXIT_FAILED, "the path of this folder is too long");
    int result = write_section(own, why, sizeof why);
    if (result == 0)
        result = look(own, why, sizeof why);
    return result == 0 ? EXIT_OK
                       : exit_of(own, result, without_place(own, why));
}

/* Looks at the service, finds what is sought, and ends it if it was started
 * here. Returns an exit code. */
static int study(struct own *own, const struct own_asked *asked,
                 const struct own_how *how)
{
    char why[4096] = "";

    if (how->model && !models_find(models_all(), how->model))
        return complain(EXIT_USAGE, "--model names no model (troika list)");
    int code = begin(own, asked, how);
    if (code == EXIT_OK) {
        int result = probe(own, why, sizeof why);
        if (result < 0)
            code = exit_of(own, result, why);
    }
    subject_close(&own->subject);
    /* Ending it may have taken seconds, in which somebody gave up. */
    if (code == EXIT_OK && *how->stop != 0)
        code = 128 + *how->stop;
    return code;
}

int own_bench(const struct own_asked *asked, const struct own_how *how)
{
    struct own *own = calloc(1, sizeof *own);

    if (!own)
        return complain(EXIT_FAILED, "out of memory");
    int code = study(own, asked, how);
    if (code == EXIT_OK)
        code = race(own);
    folder_remove(own->folder);
    free(own);
    return code;
}

int own_init(const struct own_asked *asked, const struct own_how *how,
             const char *path)
{
    struct own *own = calloc(1, sizeof *own);
    char why[4096] = "";

    if (!own)
        return complain(EXIT_FAILED, "out of memory");
    int code = study(own, asked, how);
    if (code == EXIT_OK && own->race.cpu_ns > 0 && measure_step(&own->race) < 0)
        code = complain(EXIT_FAILED, no_step);
    if (code == EXIT_OK && write_to(own, path, "wxe", why, sizeof why) < 0)
        code = complain(EXIT_FAILED, why);
    folder_remove(own->folder);
    free(own);
    return code;
}
