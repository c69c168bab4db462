/* SPDX-License-Identifier: MIT
 *
 * A command becomes a target without a section, so that it is started, asked
 * whether it is ready and ended as in an experiment.
 */
#include "subject.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/names.h"
#include "harness/experiment/ini.h"
#include "harness/experiment/target_section.h"
#include "harness/load/answers.h"
#include "harness/server/attach.h"
#include "harness/server/client.h"

enum { APART_CPUS = 4 };

static const int64_t READY_NS = INT64_C(30000000000);

static int refuse(char *why, size_t why_size, const char *sentence)
{
    snprintf(why, why_size, "%s", sentence);
    return -EINVAL;
}

/* Copies the path of a URL. Returns 0 or -EINVAL. */
static int take_path(const char *path, struct target *target, char *why,
                     size_t why_size)
{
    struct asking *asking = &target->asking;
    char text[ASKING_TEXT_MAX + 1], fault[256];

    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return refuse(why, why_size,
                          "the URL: blanks and letters beyond ASCII must be "
                          "written %XX");
    snprintf(text, sizeof text, "%s%s", *path == '/' ? "" : "/", path);
    asking->url_count = 1;
    if (asking_take_url(text, &asking->urls[0], fault, sizeof fault) == 0)
        return 0;
    return refuse(why, why_size, "the URL is too long");
}

/* Takes the URL of a service that a command starts. *port: fixed by the
 * command, or 0. */
static int take_url(const char *url, bool picks_port, struct target *target,
                    int *port, char *why, size_t why_size)
{
    static const char *const starts[] = {
        "http://127.0.0.1:", "http://localhost:", NULL};
    const char *rest = NULL;

    *port = 0;
    if (url[0] == '/')
        rest = "{port}";
    for (int i = 0; starts[i] && !rest; i++)
        if (!strncmp(url, starts[i], strlen(starts[i])))
            rest = url + strlen(starts[i]);
    if (!rest)
        return refuse(why, why_size,
                      "the URL of a service that --command starts begins with "
                      "http://127.0.0.1:{port}/, or is its path alone");
    bool braces = !strncmp(rest, "{port}", 6);
    if (braces != picks_port)
        return refuse(why, why_size,
                      picks_port
                          ? "the command has {port}, so the URL must: "
                            "http://127.0.0.1:{port}/PATH"
                          : "the command has no {port}: write {port} where it "
                            "takes its port, or give the URL with the port "
                            "that it has: http://127.0.0.1:8080/PATH");
    const char *path = rest + 6;
    if (!braces) {
        char *end = NULL;
        long number =
            isdigit((unsigned char)*rest) ? strtol(rest, &end, 10) : 0;
        if (number < 1 || number > 65535)
            return refuse(why, why_size, "the URL has no port from 1 to 65535");
        *port = (int)number;
        path = end;
    }
    if (url[0] == '/')
        path = url;
    if (*path != '/' && *path != '\0')
        return refuse(why, why_size, "after the URL's port a path must begin");
    return take_path(path, target, why, why_size);
}

/* Makes a target of a command. */
static int take_command(const struct subject_asked *asked,
                        struct target *target, int *port, char *why,
                        size_t why_size)
{
    *target = (struct target){.name = "service", .ready_limit_ns = READY_NS};
    if (!asked->url)
        return refuse(why, why_size,
                      "--command needs the URL to ask for: "
                      "http://127.0.0.1:{port}/PATH");
    if (strlen(asked->command) >= sizeof target->command)
        return refuse(why, why_size,
                      "the command is too long: put it into a "
                      "script");
    strcpy(target->command, asked->command);
    if (!getcwd(target->home, sizeof target->home))
        return refuse(why, why_size, "the path of this folder is too long");
    if (asked->ready) {
        if (asked->ready[0] != '/' ||
            strlen(asked->ready) >= sizeof target->ready_path)
            return refuse(why, why_size,
                          "--ready is a path that begins with "
                          "/");
        strcpy(target->ready_path, asked->ready);
    }
    return take_url(asked->url, strstr(asked->command, "{port}") != NULL,
                    target, port, why, why_size);
}

/* The target that is asked for, among those that were read. */
static const struct target *choose(const struct experiment *experiment,
                                   const char *name, char *why, size_t why_size)
{
    const char *names[EXPERIMENT_TARGETS_MAX + 1] = {NULL};
    char hint[512];

    for (int i = 0; i < experiment->target_count; i++) {
        names[i] = experiment->targets[i].name;
        if (name && !strcmp(names[i], name))
            return &experiment->targets[i];
    }
    if (!name && experiment->target_count == 1)
        return &experiment->targets[0];
    names_suggest(name ? name : "", names, hint, sizeof hint);
    if (experiment->target_count == 0)
        snprintf(why, why_size,
                 "there is no [target NAME] section "
                 "(docs/own-service.md)");
    else if (name)
        snprintf(why, why_size, "no target is named \"%s\"%s", name, hint);
    else
        snprintf(why, why_size, "it has several targets: name one%s", hint);
    return NULL;
}

/* Reads the target of an .ini file into `experiment`, which is empty. */
static int read_section(const struct subject_asked *asked,
                        struct experiment *experiment, struct target *target,
                        char *why, size_t why_size)
{
    struct ini_file ini;
    const struct reader reader = {.path = asked->file,
                                  .ini = &ini,
                                  .models = experiment->models,
                                  .experiment = experiment,
                                  .why = why,
                                  .why_size = why_size};
    char reason[768];
    int result = ini_read(asked->file, &ini, why, why_size);

    if (result == 0)
        result = target_section_read_all(&reader, asked->home);
    if (result == 0) {
        const struct target *found =
            choose(experiment, asked->target, reason, sizeof reason);
        bool serves = found && target_serves(found);
        if (serves)
            snprintf(reason, sizeof reason,
                     "%s has workloads, whose wait and CPU time are known: "
                     "probe a target with a url",
                     found->name);
        if (found && !serves &&
            target_available(found, reason, sizeof reason)) {
            *target = *found;
        } else {
            snprintf(why, why_size, "%s: %s", asked->file, reason);
            result = -EINVAL;
        }
    }
    ini_free(&ini);
    return result;
}

static int take_section(const struct subject_asked *asked,
                        struct target *target, char *why, size_t why_size)
{
    struct experiment *experiment = calloc(1, sizeof *experiment);
    int result = -ENOMEM;

    if (experiment)
        result = read_section(asked, experiment, target, why, why_size);
    else
        snprintf(why, why_size, "out of memory");
    free(experiment);
    return result;
}

static void split_cpus(const struct subject_asked *asked,
                       struct subject *subject)
{
    cpu_set_t all;
    int count = placement_available(&all);
    int placement = asked->placement >= 0 ? asked->placement
                    : count >= APART_CPUS ? PLACEMENT_SPLIT
                                          : PLACEMENT_SHARED;

    if (!subject->started)
        placement = PLACEMENT_SHARED;
    placement_split((enum placement)placement, &subject->cpus);
}

/* A probe looks at times: whether the answers are the same does not matter to
 * it. */
static int make_requests(const struct subject_asked *asked,
                         struct subject *subject, char *why, size_t why_size)
{
    struct asking *asking = &subject->target.asking;

    asking->check = (struct load_rule){.kind = RULE_STATUS};
    asking->has_expected = false;
    return target_requests(&subject->target, &subject->address.v4, READY_NS,
                           asked->stop, &subject->requests,
                           &subject->request_count, why, why_size);
}

/* Starts the target; *port: where it listens, or 0. */
static int start(const struct subject_asked *asked, struct subject *subject,
                 int port, char *why, size_t why_size)
{
    const struct target *target = &subject->target;
    struct process_options options = {.cpus = &subject->cpus.server,
                                      .meter_name = target->name,
                                      .stop = asked->stop};
    int workers = target->workers > 0 ? target->workers : 1;
    int result = target_prepare(target, workers, target->threads,
                                &subject->start, &options, why, why_size);

    if (result == 0 && port > 0)
        subject->start.port = options.port = port;
    if (result == 0)
        result = process_start(&options, &subject->server, why, why_size);
    if (result < 0) {
        memset(&subject->server, 0, sizeof subject->server);
        return result;
    }
    subject->address.v4 = client_loopback(subject->server.port);
    subject->metered = true;
    return make_requests(asked, subject, why, why_size);
}

/* A target that runs already. */
static int attach(const struct subject_asked *asked, struct subject *subject,
                  char *why, size_t why_size)
{
    const struct target *target = &subject->target;
    int result = target_find(target, &subject->address.v4, why, why_size);

    if (result == 0) {
        result = attach_process(&subject->address.v4, target->name,
                                &subject->server);
        if (result < 0)
            snprintf(why, why_size, "out of memory");
    }
    subject->metered = result == 0 && subject->server.pid > 0;
    return result < 0 ? result : make_requests(asked, subject, why, why_size);
}

/* A service that runs already. */
static int find(const char *url, struct subject *subject, char *why,
                size_t why_size)
{
    struct load_target *target = calloc(1, sizeof *target);
    struct load_request *request = calloc(1, sizeof *request);
    int result = target && request ? 0 : -ENOMEM;

    if (result < 0)
        snprintf(why, why_size, "out of memory");
    if (result == 0)
        result = load_target_parse(url, target, why, why_size);
    if (result == 0) {
        char cause[512];
        result = load_target_choose(target, cause, sizeof cause);
        if (result < 0)
            snprintf(why, why_size, "%s: no connection could be opened: %s",
                     url, cause);
    }
    if (result == 0) {
        subject->address = target->address;
        request->bytes = load_target_request(target, &(struct load_asked){0},
                                             &request->size);
        result = request->bytes ? 0 : -ENOMEM;
        subject->requests = request;
        subject->request_count = 1;
        request = NULL;
    }
    free(request);
    free(target);
    return result;
}

int subject_open(const struct subject_asked *asked, struct subject *subject,
                 char *why, size_t why_size)
{
    int port = 0, result = 0;

    memset(subject, 0, sizeof *subject);
    if (asked->file)
        result = take_section(asked, &subject->target, why, why_size);
    else if (asked->command)
        result = take_command(asked, &subject->target, &port, why, why_size);
    if (result < 0)
        return result;
    bool described = asked->command || asked->file;
    subject->started = described && !target_is_attached(&subject->target);
    split_cpus(asked, subject);
    if (sched_setaffinity(0, sizeof(cpu_set_t), &subject->cpus.clients) < 0) {
        snprintf(why, why_size, "the probe may not run on its CPUs: %s",
                 strerror(errno));
        return -EIO;
    }
    if (!described) {
        snprintf(subject->name, sizeof subject->name, "%s", asked->url);
        return find(asked->url, subject, why, why_size);
    }
    snprintf(subject->name, sizeof subject->name, "%s", subject->target.name);
    return subject->started ? start(asked, subject, port, why, why_size)
                            : attach(asked, subject, why, why_size);
}

void subject_close(struct subject *subject)
{
    char words[256];

    process_stop(&subject->server, NULL, words, sizeof words);
    target_clear(&subject->start);
    answers_free(subject->requests, subject->request_count);
    subject->requests = NULL;
}
