/* SPDX-License-Identifier: MIT */
#include "measured.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/exit.h"
#include "harness/base/json.h"
#include "harness/results/stored.h"
#include "harness/results/stored_run.h"

int measured_run(const char *verb, char *const *experiments, int count,
                 struct run_options *options, char *directory, size_t size)
{
    char file[] = "/tmp/troika-run-XXXXXX", command[64];
    int fd = mkstemp(file);

    directory[0] = '\0';
    if (fd < 0) {
        fprintf(stderr, "troika %s: no file in /tmp: %s\n", verb,
                strerror(errno));
        return EXIT_FAILED;
    }
    snprintf(command, sizeof command, "troika %s", verb);
    options->file = file;
    options->command = command;
    int code = run_bench(experiments, count, options);
    ssize_t got = read(fd, directory, size - 1);
    close(fd);
    unlink(file);
    directory[got > 0 ? got : 0] = '\0';
    directory[strcspn(directory, "\n")] = '\0';
    return code;
}

int measured_resume(const char *verb, const char *directory,
                    struct run_options *options)
{
    char command[64];

    snprintf(command, sizeof command, "troika %s", verb);
    options->command = command;
    return run_resume(directory, options);
}

struct experiment *measured_experiment(const char *verb, const char *directory,
                                       const json_t *run)
{
    const json_t *row = json_array_get(json_object_get(run, "experiments"), 0);
    struct experiment *experiment = NULL;
    char path[4096], why[4608];

    snprintf(path, sizeof path, "%s/experiments/%s.ini", directory,
             json_text_of(row, "name"));
    if (experiment_read_copy(path, json_string_of(row, "home"), models_all(),
                             &experiment, why, sizeof why) < 0)
        fprintf(stderr, "troika %s: %s\n", verb, why);
    return experiment;
}

json_t *measured_open(const char *verb, const char *directory)
{
    char path[4096], why[4608];

    snprintf(path, sizeof path, "%s/run.json", directory);
    json_t *run = stored_json(path, NULL, why, sizeof why);
    if (!run) {
        fprintf(stderr, "troika %s: %s; name a run's directory\n", verb, why);
        return NULL;
    }
    if (measured_untrusted(run))
        fprintf(stderr, "troika %s: %s: %s\n", verb, directory,
                json_string_of(run, "untrusted"));
    if (stored_run_check(run, why, sizeof why) &&
        stored_run_check_summary(run, why, sizeof why))
        return run;
    fprintf(stderr, "troika %s: %s is no run of this version: %s\n", verb, path,
            why);
    json_decref(run);
    return NULL;
}

bool measured_untrusted(const json_t *run)
{
    return json_is_string(json_object_get(run, "untrusted"));
}

static void tell(const char *why, void *context)
{
    fprintf(stderr, "troika %s: %s\n", (const char *)context, why);
}

json_t *measured_trials(const char *verb, const char *directory,
                        const json_t *run)
{
    json_t *trials = json_array();
    struct stored_problems problems =
        stored_all(directory, run, trials, tell, (void *)verb);

    if (problems.damaged_trials == 0)
        return trials;
    json_decref(trials);
    return NULL;
}
