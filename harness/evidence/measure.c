/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/exit.h"
#include "harness/base/folder.h"
#include "harness/base/json.h"
#include "harness/calibrate/measured.h"
#include "harness/machine/placement.h"
#include "harness/server/models.h"
#include "taken.h"

static const double NS_PER_S = 1e9;

/* Requests beyond the percentile, and at least: of fewer a percentile says
 * little, and a mean too. */
static const double BEYOND = 24, REQUESTS_LEAST = 1000;

/* A server's start, the reading of memory at rest, the drain and its end. */
static const int64_t AROUND_NS = 2500000000;

/* Of the workload `service`. */
enum { SIZE_LEAST = 64, SIZE_MOST = 1 << 20, CONNECTIONS_MOST = 20000 };

/* Of an experiment's cell. */
static const double CV_MOST = 3, WARMUP_MOST_NS = 600e9,
                    WINDOW_MOST_NS = 3000e9;

/* A service settles in waits and pauses. */
static double warmup_ns_of(const struct service *p)
{
    return fmax(600e6, 8 * p->wait_ns + 2 * p->think_ns);
}

/* The CPUs that the service has, or false. */
static bool place(const struct service *service, enum placement *placement)
{
    struct cpu_split split, shared;

    placement_split(PLACEMENT_SPLIT, &split);
    placement_split(PLACEMENT_SHARED, &shared);
    *placement = service->cores == split.server_count ? PLACEMENT_SPLIT
                                                      : PLACEMENT_SHARED;
    return service->cores == split.server_count ||
           service->cores == shared.server_count;
}

bool evidence_possible(const struct service *service, char *why, size_t size)
{
    enum placement placement;
    struct cpu_split split, shared;

    placement_split(PLACEMENT_SPLIT, &split);
    placement_split(PLACEMENT_SHARED, &shared);
    why[0] = '\0';
    if (!place(service, &placement))
        snprintf(why, size,
                 "the service has %d cores, and a server gets %d here, or all "
                 "%d together with its clients",
                 service->cores, split.server_count, shared.server_count);
    else if (service->requests_per_connection > 0)
        snprintf(why, size,
                 "the generator cannot close connections after some requests");
    else if (service->payload_bytes > SIZE_MOST)
        snprintf(why, size, "the workload answers with %s at most",
                 digits_bytes(SIZE_MOST).text);
    else if (service->connections > CONNECTIONS_MOST)
        snprintf(why, size, "more than %d connections", CONNECTIONS_MOST);
    else if (fmax(service->cv_wait, service->cv_cpu) > CV_MOST)
        snprintf(why, size,
                 "the workload varies by %.0f times its mean at most", CV_MOST);
    else if (warmup_ns_of(service) > WARMUP_MOST_NS)
        snprintf(why, size,
                 "such waits and pauses need %s to settle, and %s are the most",
                 digits_ns(warmup_ns_of(service)).text,
                 digits_ns(WARMUP_MOST_NS).text);
    return why[0] == '\0';
}

bool evidence_startable(const struct model_constants *model)
{
    const struct model_info *info = models_find(models_all(), model->name);

    return info && info->available && models_has_workload(info, "service");
}

static double percentile_of(const struct service *service)
{
    return service->limit_ns > 0 ? service->limit_percent : 99;
}

bool evidence_windows(struct evidence_round *round, double rate_per_s,
                      int64_t most_ns)
{
    const struct service *p = round->service;
    double turn_ns = p->wait_ns + p->think_ns + p->cpu_ns;
    double share = 1 - percentile_of(p) / 100;
    double wanted = fmax(REQUESTS_LEAST, BEYOND / share);
    double warmup_ns = warmup_ns_of(p);
    double window_ns = fmax(wanted / rate_per_s * NS_PER_S, 1e9);

    if (p->rate_per_s <= 0) /* whole waves of clients */
        window_ns = fmax(window_ns, 20 * turn_ns);
    double most = fmin(fmax((double)most_ns - warmup_ns, 1e9), WINDOW_MOST_NS);
    round->warmup_ns = (int64_t)ceil(warmup_ns / 1e6) * 1000000;
    round->window_ns = (int64_t)ceil(fmin(window_ns, most) / 1e6) * 1000000;
    return window_ns <= most;
}

int64_t evidence_trial_ns(const struct evidence_round *round)
{
    return round->warmup_ns + round->window_ns + AROUND_NS;
}

/* Connections that the generator opens; of an open loop the most at any time.
 */
static int connections_of(const struct service *p)
{
    double held_s = (p->wait_ns + 4 * p->cpu_ns) / NS_PER_S;

    if (p->connections > 0)
        return p->connections;
    return (int)fmin(CONNECTIONS_MOST,
                     16 + 4 * p->rate_per_s * held_s + 4 * p->burst);
}

static void write_work(const struct evidence_round *round, FILE *file)
{
    const struct service *p = round->service;
    int64_t steps = (int64_t)llround(p->cpu_ns / round->machine->step_ns);

    fprintf(file,
            "workload = service\n"
            "delay = %.0fns\n"
            "calls = %d\n"
            "steps = %" PRId64 "\n"
            "size = %.0fB\n"
            "cv_wait = %.0f\n"
            "cv_cpu = %.0f\n",
            p->wait_ns, p->wait_ns > 0 ? p->calls : 0, steps,
            fmax(SIZE_LEAST, p->payload_bytes),
            p->wait_ns > 0 ? 100 * p->cv_wait : 0, 100 * p->cv_cpu);
}

static void write_load(const struct evidence_round *round, FILE *file)
{
    const struct service *p = round->service;
    enum placement placement;

    place(p, &placement);
    if (p->rate_per_s > 0)
        fprintf(file, "mode = open\nrate = %s/s\n",
                digits_of(p->rate_per_s, 9).text);
    if (p->rate_per_s > 0 && p->burst > 1)
        fprintf(file, "arrivals = burst:%d\n", p->burst);
    if (p->rate_per_s <= 0 && p->think_ns > 0)
        fprintf(file, "think = %.0fns\n", p->think_ns);
    fprintf(file, "connections = %d\nplacement = %s\n", connections_of(p),
            placement_name(placement));
    if (p->backend_workers > 0)
        fprintf(file, "backend_workers = %d\n", p->backend_workers);
    fprintf(file,
            "warmup = %" PRId64 "ms\nwindow = %" PRId64 "ms\ntimeout = %.0fs\n",
            round->warmup_ns / 1000000, round->window_ns / 1000000,
            fmin(600, ceil(20 + 4 * (p->wait_ns + p->limit_ns) / NS_PER_S)));
}

static void write_experiment(const struct evidence_round *round, FILE *file)
{
    fprintf(file,
            "[experiment]\n"
            "title = A service at its profile\n"
            "question = Does the forecast of this service hold?\n"
            "blocks = %d\n"
            "models = ",
            round->blocks);
    for (int i = 0; i < round->count; i++)
        fprintf(file, "%s%s", i > 0 ? ", " : "", round->models[i]->name);
    fputs("\n[cell profile]\n", file);
    write_work(round, file);
    write_load(round, file);
    for (int i = 0; i < round->count; i++)
        if (round->models[i]->has_workers && round->workers[i] > 0)
            fprintf(file, "workers.%s = %d\n", round->models[i]->name,
                    round->workers[i]);
}

/* Writes profile.ini into a folder of its own. Returns 0 or a negative errno
 * with the path of what failed. */
static int make_experiment(const struct evidence_round *round, char *folder,
                           size_t folder_size, char *path, size_t size)
{
    int status = folder_make("profile", false, folder, folder_size);

    snprintf(path, size, "%s/profile.ini", status < 0 ? "/tmp" : folder);
    FILE *file = status == 0 ? fopen(path, "we") : NULL;
    if (file)
        write_experiment(round, file);
    if (file && fclose(file) == 0)
        return 0;
    return status < 0 ? status : -errno;
}

static int index_of(const struct evidence_round *round, const char *name)
{
    for (int i = 0; i < round->count; i++)
        if (!strcmp(round->models[i]->name, name))
            return i;
    return -1;
}

/* Adds a trial, beside the forecast for what it sent: at a rate, the very
 * requests. */
static void take_trial(const struct evidence_round *round, const json_t *trial,
                       struct evidence *evidence)
{
    const char *name = json_text_of(json_object_get(trial, "cell"), "model");
    const struct service *p = round->service;
    int which = index_of(round, name);
    struct replay_load load = {
        .seed = strtoull(json_text_of(trial, "seed"), NULL, 0),
        .rate_per_s = p->rate_per_s,
        .warmup_ns = round->warmup_ns,
        .window_ns = round->window_ns,
        .size_bytes = (int64_t)fmax(SIZE_LEAST, p->payload_bytes),
        .cv_wait_percent = (int)lround(100 * p->cv_wait),
        .cv_cpu_percent = (int)lround(100 * p->cv_cpu),
    };
    struct taken taken = {
        .service = *p,
        .machine = round->machine,
        .precision = round->precision,
        .replay = p->rate_per_s > 0 && p->burst <= 1 ? &load : NULL,
    };

    if (which < 0)
        return;
    taken.service.connections = connections_of(p);
    taken.model = round->models[which];
    taken.workers = round->workers[which];
    taken_add(&taken, trial,
              round->first_block - 1 + (int)json_integer_of(trial, "block"),
              evidence);
}

/* Takes the trials of a run. Returns an exit code. */
static int take_run(const struct evidence_round *round, const char *directory,
                    struct evidence *evidence)
{
    json_t *run = measured_open(round->verb, directory);
    json_t *trials = run ? measured_trials(round->verb, directory, run) : NULL;
    enum placement placement;
    const json_t *trial;
    size_t i;

    if (trials) {
        place(round->service, &placement);
        evidence->percentile = percentile_of(round->service);
        evidence->connections = connections_of(round->service);
        evidence->shared = placement == PLACEMENT_SHARED;
        if (evidence->run_count < EVIDENCE_RUNS_MAX)
            json_take_text(run, "run_id", evidence->runs[evidence->run_count++],
                           sizeof evidence->runs[0]);
        json_array_foreach (trials, i, trial)
            take_trial(round, trial, evidence);
    }
    json_decref(trials);
    json_decref(run);
    return trials ? EXIT_OK : EXIT_FAILED;
}

int evidence_measure(const struct evidence_round *round,
                     struct evidence *evidence)
{
    char folder[64] = "", path[96], directory[640];
    struct run_options run = {.overrides = {.warmup_ns = -1},
                              .root = round->root,
                              .has_seed = true,
                              .seed = round->seed,
                              .wait_ns = round->wait_ns,
                              .mute = true,
                              .allow_any_build = round->allow_any_build};
    char *experiment = path;
    int status =
        make_experiment(round, folder, sizeof folder, path, sizeof path);

    if (status < 0) {
        fprintf(stderr, "troika %s: %s: %s\n", round->verb, path,
                strerror(-status));
        folder_remove(folder);
        return EXIT_FAILED;
    }
    int code = measured_run(round->verb, &experiment, 1, &run, directory,
                            sizeof directory);
    folder_remove(folder);
    if (directory[0] == '\0' || (code != EXIT_OK && code != EXIT_INVALID))
        return code;
    int taken = take_run(round, directory, evidence);
    return taken == EXIT_OK ? code : taken;
}
