/* SPDX-License-Identifier: MIT
 *
 * One table row per key; then the checks of the section as a whole.
 */
#include "target_section.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/names.h"

enum { TARGET_WORKERS_MAX = 32768 };

static const char URL_START[] = "http://127.0.0.1:{port}";

static int take_path(const struct reader *reader, const struct ini_entry *entry,
                     const char *path, char *into)
{
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return reader_fail(reader, entry->line,
                               "\"%s\": spaces and non-ASCII characters must "
                               "be written %%XX",
                               entry->key);
    snprintf(into, TARGET_TEXT_MAX, "%s%s", *path == '/' ? "" : "/", path);
    return 0;
}

static int take_url(const struct reader *reader, const struct ini_entry *entry,
                    const struct key *key, void *into)
{
    const char *path = entry->value + strlen(URL_START);

    if (strncmp(entry->value, URL_START, strlen(URL_START)) != 0 ||
        (*path != '/' && *path != '\0'))
        return reader_fail(reader, entry->line,
                           "\"url\" must begin with %s/: the port is picked "
                           "anew for each trial",
                           URL_START);
    return take_path(reader, entry, path, (char *)into + key->offset);
}

static int take_ready(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    if (!strcmp(entry->value, "connect"))
        return 0;
    if (entry->value[0] != '/')
        return reader_fail(reader, entry->line,
                           "\"ready\" is \"%s\", must be connect or a path "
                           "that begins with /",
                           entry->value);
    return take_path(reader, entry, entry->value, (char *)into + key->offset);
}

static int take_body(const struct reader *reader, const struct ini_entry *entry,
                     const struct key *key, void *into)
{
    struct target *target = into;

    target->has_body = true;
    return reader_copy_text(reader, entry, target->body, key->size);
}

static int take_discipline(const struct reader *reader,
                           const struct ini_entry *entry, const struct key *key,
                           void *into)
{
    const char *names[DISCIPLINES + 1] = {NULL};
    char hint[512];

    (void)key;
    for (int i = 0; i < DISCIPLINES; i++) {
        names[i] = discipline_name((enum discipline)i);
        if (!strcmp(entry->value, names[i])) {
            ((struct target *)into)->discipline = (enum discipline)i;
            return 0;
        }
    }
    return reader_fail(reader, entry->line, "no discipline is named \"%s\"%s",
                       entry->value,
                       names_suggest(entry->value, names, hint, sizeof hint));
}

const struct key target_keys[] = {
    {"command", "a command", NULL,
     "starts the server in the foreground; {port}, {dir} (a fresh folder), "
     "{config}, {workers} and {here} (the experiment's folder) are filled in",
     KEY_TEXT, KEY_IN(struct target, command)},
    {"url", "http://127.0.0.1:{port}/PATH", NULL, "the URL of every request",
     KEY_OWN, KEY_IN(struct target, path), .take = take_url},
    {"ready", "connect, or /PATH", "connect",
     "the server is ready when it accepts a connection, or answers this path "
     "with 200",
     KEY_OWN, KEY_IN(struct target, ready_path), .take = take_ready},
    {"ready_limit", "time", "5s", "the time that it may take to be ready",
     KEY_TIME, KEY_IN(struct target, ready_limit_ns), .min = 1,
     .max = INT64_C(60000000000)},
    {"prepare", "a command", NULL,
     "runs before each start and makes files in {dir}", KEY_TEXT,
     KEY_IN(struct target, prepare)},
    {"config", "a file", NULL,
     "a template, by its path from the experiment's folder; {config} is the "
     "path of the filled-in file",
     KEY_TEXT, KEY_IN(struct target, config)},
    {"body", "text", "the first answer's",
     "the body that every answer must have", KEY_OWN,
     KEY_IN(struct target, body), .take = take_body},
    {"discipline", "unknown, alone, worker, thread, process, loop", "unknown",
     "what a request occupies while it waits: the only thread, one of a fixed "
     "number of workers, a thread or process of its own, or nothing; for "
     "`troika predict` alone, which cannot simulate what is unknown",
     KEY_OWN, KEY_IN(struct target, discipline), .take = take_discipline},
    {"workers", "count", "not said",
     "workers or loops that the command starts, where it has no {workers}",
     KEY_COUNT, KEY_IN(struct target, workers), .min = 1,
     .max = TARGET_WORKERS_MAX},
    {"version", "a command", NULL, "prints its version, which is stored",
     KEY_TEXT, KEY_IN(struct target, version)},
    {0}};

/* Sets the program: the first word of the command, which is looked for before
 * anything runs. False if it does not fit. */
static bool set_program(struct target *target)
{
    const char *command = target->command;
    bool here = !strncmp(command, "{here}", 6);
    char *word = NULL;

    command += here ? 6 : 0;
    int length = asprintf(&word, "%s%.*s", here ? target->home : "",
                          (int)strcspn(command, " \t"), command);
    if (length >= 0 && (size_t)length < sizeof target->program)
        memcpy(target->program, word, (size_t)length + 1);
    free(word);
    return target->program[0] != '\0';
}

static int check(const struct reader *reader, int line,
                 const struct target *target)
{
    if (!reader_good_name(target->name))
        return reader_fail(reader, line,
                           "a target needs a name of letters, digits, dots "
                           "and dashes, up to 39: [target nginx]");
    if (models_find(reader->models, target->name))
        return reader_fail(reader, line,
                           "there is a model or a target named \"%s\" already",
                           target->name);
    if (target->command[0] == '\0' || target->path[0] == '\0')
        return reader_fail(reader, line, "[target %s] has no %s", target->name,
                           target->command[0] == '\0' ? "command" : "url");
    if (target->workers > 0 && target_has_workers(target))
        return reader_fail(reader, line,
                           "[target %s] has workers and {workers}: leave out "
                           "one of them",
                           target->name);
    if (target->discipline == DISCIPLINE_WORKER && target->workers == 0 &&
        !target_has_workers(target))
        return reader_fail(reader, line,
                           "[target %s] has the discipline worker: say how "
                           "many there are, workers = N, or write {workers} "
                           "into the command",
                           target->name);
    return 0;
}

/* Adds the target to the models. Its reason lives as long as the experiment. */
static int add(const struct reader *reader, int line, struct target *target)
{
    struct experiment *experiment = reader->experiment;
    struct model_info *model = experiment->models;

    while (model->name)
        model++;
    if (model == experiment->models + MODELS_MAX)
        return reader_fail(reader, line, "more than %d models and targets",
                           MODELS_MAX);
    *model = (struct model_info){.name = target->name,
                                 .path = target->program,
                                 .summary = target->command,
                                 .task = "unknown",
                                 .flags = "",
                                 .parameters = "[]",
                                 .has_workers = target_has_workers(target),
                                 .workers_default = 1,
                                 .target = target};
    char why[512];
    model->available = target_available(target, why, sizeof why);
    snprintf(target->reason, sizeof target->reason, "%s",
             model->available ? "" : why);
    model->reason = model->available ? NULL : target->reason;
    return 0;
}

static int read_one(const struct reader *reader, int section, const char *home)
{
    struct experiment *experiment = reader->experiment;
    const struct ini_section *s = &reader->ini->sections[section];
    struct target *target = &experiment->targets[experiment->target_count];
    const char *name = s->name + strlen("target");

    if (experiment->target_count == EXPERIMENT_TARGETS_MAX)
        return reader_fail(reader, s->line, "more than %d targets",
                           EXPERIMENT_TARGETS_MAX);
    name += strspn(name, " \t");
    *target = (struct target){.ready_limit_ns = INT64_C(5000000000)};
    snprintf(target->name, sizeof target->name, "%s", name);
    if (strlen(home) >= sizeof target->home)
        return reader_fail(reader, s->line,
                           "the path of its folder is too long: %s", home);
    memcpy(target->home, home, strlen(home) + 1);
    int result = reader_section(reader, section, target_keys, target);
    if (result == 0)
        result = check(reader, s->line, target);
    if (result == 0 && !set_program(target))
        return reader_fail(reader, s->line,
                           "the path of its program is too long");
    experiment->target_count++;
    return result < 0 ? result : add(reader, s->line, target);
}

int target_section_read_all(const struct reader *reader, const char *home)
{
    int result = 0;
    char folder[PATH_MAX];
    if (!realpath(home ? home : reader->path, folder))
        snprintf(folder, sizeof folder, "%s", home ? home : ".");
    char *slash = !home ? strrchr(folder, '/') : NULL;
    if (slash)
        *slash = '\0';
    for (int i = 0; i < reader->ini->section_count && result == 0; i++) {
        const char *name = reader->ini->sections[i].name;

        if (!strncmp(name, "target", 6) &&
            (name[6] == '\0' || name[6] == ' ' || name[6] == '\t'))
            result = read_one(reader, i, folder);
    }
    return result;
}
