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
#include <strings.h>

#include "harness/base/names.h"
#include "models/runtime/workload.h"
#include "value.h"

enum { TARGET_WORKERS_MAX = 32768, TARGET_THREADS_MAX = 32768 };

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

/* Takes http://HOST[:PORT] of a service that runs already. Returns its length,
 * or -EINVAL. */
static int take_host(const struct reader *reader, const struct ini_entry *entry,
                     const char *text, struct asking *asking)
{
    size_t host =
        strncmp(text, "http://", 7) != 0 ? 0 : strcspn(text + 7, ":/?# \t");
    size_t size = 7 + host;
    long port = 80;
    char *end;

    if (!strncasecmp(text, "https:", 6))
        return reader_fail(
            reader, entry->line,
            "\"%s\": TLS is not supported: give the port at which the service "
            "speaks plain http://, or end TLS in front of it and ask behind "
            "(docs/decisions/0011-no-tls.md says what that leaves out)",
            entry->key);
    if (host == 0 || host >= sizeof asking->host || text[7] == '[')
        return reader_fail(reader, entry->line,
                           "\"%s\" must begin with %s/ of a service that its "
                           "command starts, or with http://HOST:PORT/ (a name "
                           "or an IPv4 address) of one that runs already",
                           entry->key, URL_START);
    if (text[size] == ':') {
        port = strtol(text + size + 1, &end, 10);
        size = (size_t)(end - text);
    }
    if (port < 1 || port > 65535)
        return reader_fail(reader, entry->line,
                           "\"%s\" must have a port from 1 to 65535",
                           entry->key);
    snprintf(asking->host, sizeof asking->host, "%.*s", (int)host, text + 7);
    asking->port = (int)port;
    return (int)size;
}

/* Takes one of the URLs, without what others have as well: the server. */
static int take_one(const struct reader *reader, const struct ini_entry *entry,
                    const char *text, struct asking *asking)
{
    struct asking first = *asking;
    char rest[INI_VALUE_MAX + 2], why[256];
    const char *url = strstr(text, "http");
    int used = 0;

    if (asking->url_count == ASKING_URLS_MAX)
        return reader_fail(reader, entry->line, "\"%s\": more than %d URLs",
                           entry->key, ASKING_URLS_MAX);
    if (!url || strcspn(text, "/") < (size_t)(url - text))
        url = NULL; /* /redirect?to=http://... */
    if (url && !strncmp(url, URL_START, strlen(URL_START)))
        used = (int)strlen(URL_START);
    else if (url || asking->url_count == 0)
        used = take_host(reader, entry, url ? url : text, asking);
    if (used < 0)
        return used;
    if (url && asking->url_count > 0 &&
        (strcmp(first.host, asking->host) != 0 || first.port != asking->port))
        return reader_fail(reader, entry->line,
                           "\"%s\": all URLs are of one server; write their "
                           "paths alone",
                           entry->key);
    if (url)
        snprintf(rest, sizeof rest, "%.*s%s%s", (int)(url - text), text,
                 url[used] == '/' ? "" : "/", url + used);
    else
        snprintf(rest, sizeof rest, "%s", text);
    if (asking_take_url(rest, &asking->urls[asking->url_count], why,
                        sizeof why) < 0)
        return reader_fail(reader, entry->line, "\"%s\": \"%.100s\" %s",
                           entry->key, text, why);
    asking->url_count++;
    return 0;
}

/* URLs stand with ", " between. */
static int take_url(const struct reader *reader, const struct ini_entry *entry,
                    const struct key *key, void *into)
{
    struct asking *asking = (void *)((char *)into + key->offset);
    const char *at = entry->value;
    char one[INI_VALUE_MAX + 1];
    int sum = 0, result = 0;

    while (at && result == 0) {
        const char *end = strstr(at, ", ");
        snprintf(one, sizeof one, "%.*s", end ? (int)(end - at) : INI_VALUE_MAX,
                 at);
        result = take_one(reader, entry, one, asking);
        at = end ? end + 2 + strspn(end + 2, " ") : NULL;
    }
    for (int i = 0; i < asking->url_count; i++)
        sum += asking->urls[i].weight;
    if (result == 0 && sum > ASKING_WEIGHTS_MAX)
        return reader_fail(reader, entry->line,
                           "\"%s\": the weights are %d together, and %d are "
                           "the most",
                           entry->key, sum, ASKING_WEIGHTS_MAX);
    return result;
}

static int take_login(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    char why[256];

    if (asking_take_url(entry->value, (void *)((char *)into + key->offset), why,
                        sizeof why) == 0)
        return 0;
    return reader_fail(reader, entry->line, "\"%s\" %s", entry->key, why);
}

static int take_method(const struct reader *reader,
                       const struct ini_entry *entry, const struct key *key,
                       void *into)
{
    if (!asking_is_method(entry->value))
        return reader_fail(reader, entry->line,
                           "\"%s\" is \"%s\"; methods are in capitals: GET, "
                           "HEAD, POST, PUT, PATCH, DELETE",
                           entry->key, entry->value);
    return reader_copy_text(reader, entry, (char *)into + key->offset,
                            key->size);
}

static int take_headers(const struct reader *reader,
                        const struct ini_entry *entry, const struct key *key,
                        void *into)
{
    const char *fault = asking_headers_fault(entry->value);

    if (fault)
        return reader_fail(reader, entry->line, "\"%s\": \"%.100s\" %s",
                           entry->key, entry->value, fault);
    return reader_copy_text(reader, entry, (char *)into + key->offset,
                            key->size);
}

static int take_token(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    const char *fault = asking_token_fault(entry->value);

    if (fault)
        return reader_fail(reader, entry->line, "\"%s\": \"%s\" %s", entry->key,
                           entry->value, fault);
    return reader_copy_text(reader, entry, (char *)into + key->offset,
                            key->size);
}

static int take_check(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    char why[256];

    if (load_rule_parse(entry->value, (void *)((char *)into + key->offset), why,
                        sizeof why) == 0)
        return 0;
    return reader_fail(reader, entry->line, "\"%s\": \"%s\" %s", entry->key,
                       entry->value, why);
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

    target->asking.has_expected = true;
    return reader_copy_text(reader, entry, target->asking.expected, key->size);
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

/* Takes one of the workloads that the target serves; one that the build left
 * out is served by nobody here. */
static int take_workload(const struct reader *reader,
                         const struct ini_entry *entry, const char *name,
                         const char **into)
{
    const struct workload_entry *found = workload_find(name);

    if (!found && workload_lacks(name))
        return 0;
    if (!found)
        return reader_fail(reader, entry->line,
                           "\"%s\": no workload is named \"%s\"; see: troika "
                           "list workloads",
                           entry->key, name);
    *into = found->name;
    return 0;
}

static int take_workloads(const struct reader *reader,
                          const struct ini_entry *entry, const struct key *key,
                          void *into)
{
    const char **names = (void *)((char *)into + key->offset);
    const char *rest = entry->value;
    char name[64], why[256];
    int more, result = 0, count = 0;

    while (result == 0 &&
           (more = value_next(&rest, name, sizeof name, why, sizeof why)) > 0) {
        if (count == TARGET_WORKLOADS_MAX)
            return reader_fail(reader, entry->line, "\"%s\": more than %d",
                               entry->key, TARGET_WORKLOADS_MAX);
        result = take_workload(reader, entry, name, &names[count]);
        count += names[count] != NULL;
    }
    return result < 0 || more == 0
               ? result
               : reader_fail(reader, entry->line, "\"%s\" %s", entry->key, why);
}

static int take_slots(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    char why[256];

    return reader_judged(reader, entry,
                         target_law_parse(entry->value,
                                          (void *)((char *)into + key->offset),
                                          why, sizeof why),
                         why);
}

static int take_needs(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.< ";

    if (entry->value[strspn(entry->value, allowed)] != '\0')
        return reader_fail(reader, entry->line,
                           "\"needs\" is \"%s\"; names of Python's modules "
                           "are needed, with blanks between: fastapi django<4",
                           entry->value);
    return reader_copy_text(reader, entry, (char *)into + key->offset,
                            key->size);
}

const struct key target_keys[] = {
    {"command", "a command", NULL,
     "starts the server in the foreground; {port}, {dir} (a fresh folder), "
     "{config}, {workers}, {threads} and {here} (the experiment's folder) are "
     "filled in",
     KEY_TEXT, KEY_IN(struct target, command)},
    {"url", "[METHOD] URL [WEIGHT], ...", NULL,
     "what requests ask for: http://127.0.0.1:{port}/PATH, or "
     "http://HOST:PORT/PATH of a service that runs already (then without a "
     "command); of further URLs the path is enough",
     KEY_OWN, KEY_IN(struct target, asking), .take = take_url},
    {"workloads", "a list of workloads", NULL,
     "in place of a url: the server has the routes of these workloads and "
     "answers them as a model does, so it is asked and checked as one; "
     "TROIKA_BACKEND, TROIKA_POSTGRESQL, TROIKA_REDIS and TROIKA_ROUTES in its "
     "environment say where what it calls is",
     KEY_OWN, KEY_IN(struct target, workloads), .take = take_workloads},
    {"method", "a method", "GET; POST with a body",
     "of the URLs that name none", KEY_OWN,
     KEY_IN(struct target, asking.method), .take = take_method},
    {"headers", "Name: value | Name: value", NULL,
     "header lines of every request; {token}, {env:NAME}", KEY_OWN,
     KEY_IN(struct target, asking.headers), .take = take_headers},
    {"send", "text", NULL, "the body of POST, PUT and PATCH; {env:NAME}",
     KEY_TEXT, KEY_IN(struct target, asking.send)},
    {"send_file", "a file", NULL,
     "that body from a file, by its path from the experiment's folder",
     KEY_TEXT, KEY_IN(struct target, asking.send_file)},
    {"login", "[METHOD] /PATH", NULL,
     "asked once before all else; what it gives goes into the header lines as "
     "{token}",
     KEY_OWN, KEY_IN(struct target, asking.login), .take = take_login},
    {"login_send", "text", NULL, "the login's body; {env:NAME}", KEY_TEXT,
     KEY_IN(struct target, asking.login_send)},
    {"token", "$.member, header NAME, cookie NAME", "found by its usual names",
     "where the login's answer has the token", KEY_OWN,
     KEY_IN(struct target, asking.token), .take = take_token},
    {"check", "body, status, ~REGEX, ignore $.at, $.a[*].b", "body",
     "what every answer must be: the first one's body, a status of 200 to 299, "
     "a match, or the first one's JSON but for these members",
     KEY_OWN, KEY_IN(struct target, asking.check), .take = take_check},
    {"ready", "connect, or /PATH", "connect",
     "the server is ready when it accepts a connection, or answers this path "
     "with 200",
     KEY_OWN, KEY_IN(struct target, ready_path), .take = take_ready},
    {"ready_limit", "time", "5s", "the time that it may take to be ready",
     KEY_TIME, KEY_IN(struct target, ready_limit_ns), .min = 1,
     .max = INT64_C(60000000000)},
    {"stop_limit", "time", "5s",
     "the time that it may take to end after SIGTERM", KEY_TIME,
     KEY_IN(struct target, stop_limit_ns), .min = 1,
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
     KEY_IN(struct target, asking.expected), .take = take_body},
    {"discipline", "unknown, alone, worker, thread, process, loop", "unknown",
     "what a request occupies while it waits: the only thread, one of a fixed "
     "number of workers, a thread or process of its own, or nothing; for "
     "`troika predict`, which cannot simulate what is unknown, and for the law "
     "that predicts a trial of a server with `workloads`",
     KEY_OWN, KEY_IN(struct target, discipline), .take = take_discipline},
    {"workers", "count", "not said",
     "workers or loops that the command starts, where it has no {workers}",
     KEY_COUNT, KEY_IN(struct target, workers), .min = 1,
     .max = TARGET_WORKERS_MAX},
    {"slots", "{workers} * 40", "{workers}",
     "how many requests can wait at once, if the discipline is worker: "
     "numbers, "
     "{workers} and {threads}, with * between",
     KEY_OWN, KEY_IN(struct target, law), .take = take_slots},
    {"threads", "count", NULL,
     "{threads}, where a cell does not set them (threads.NAME = 20)", KEY_COUNT,
     KEY_IN(struct target, threads), .min = 1, .max = TARGET_THREADS_MAX},
    {"gil", "yes or no", "no", "the threads of a process compute one at a time",
     KEY_YES, KEY_IN(struct target, gil)},
    {"needs", "modules", NULL,
     "modules of /usr/bin/python3 without which the server is left out: "
     "fastapi django<4",
     KEY_OWN, KEY_IN(struct target, needs), .take = take_needs},
    {"version", "a command", NULL, "prints its version, which is stored",
     KEY_TEXT, KEY_IN(struct target, version)},
    {0}};

/* Sets the program: the first word of the command, which is looked for before
 * anything runs. False if it does not fit. */
static bool set_program(struct target *target)
{
    const char *command = target->command;
    if (target_is_attached(target))
        return true;
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

/* Checks what the section says of the law. */
static int check_law(const struct reader *reader, int line,
                     const struct target *target)
{
    bool workers = target_has_workers(target);
    bool threads = target_has_threads(target);

    if (target->workers > 0 && workers)
        return reader_fail(reader, line,
                           "[target %s] has workers and {workers}: leave out "
                           "one of them",
                           target->name);
    if (threads != (target->threads > 0))
        return reader_fail(
            reader, line,
            threads ? "[target %s] has {threads} in its command: say "
                      "how many there are by default, threads = N"
                    : "[target %s] has threads, and no {threads} in "
                      "its command",
            target->name);
    if ((target->law.per_worker && !workers) ||
        (target->law.per_thread && !threads))
        return reader_fail(
            reader, line,
            "[target %s]: its slots have %s, and its command has "
            "not",
            target->name,
            target->law.per_worker && !workers ? "{workers}" : "{threads}");
    if (target->law.factor > 0 && target->discipline != DISCIPLINE_WORKER)
        return reader_fail(reader, line,
                           "[target %s] has slots: its discipline must be "
                           "worker",
                           target->name);
    if (target->discipline == DISCIPLINE_WORKER && target->workers == 0 &&
        target->law.factor == 0 && !workers)
        return reader_fail(reader, line,
                           "[target %s] has the discipline worker: say how "
                           "many there are, workers = N or slots = N, or write "
                           "{workers} into the command",
                           target->name);
    return 0;
}

/* Checks a target that serves workloads. */
static int check_serving(const struct reader *reader, int line,
                         const struct target *target)
{
    const struct asking *asking = &target->asking;

    if (asking->url_count > 0 || asking->has_expected || asking->send[0] ||
        asking->send_file[0] || asking->headers[0] || asking->method[0] ||
        asking->login.path[0] || asking->check.kind != RULE_BODY)
        return reader_fail(reader, line,
                           "[target %s] has workloads, which say what is asked "
                           "and answered: leave out url, body, check and the "
                           "like",
                           target->name);
    if (target_is_attached(target))
        return reader_fail(reader, line,
                           "[target %s] has workloads: a command must start it",
                           target->name);
    if (target->discipline == DISCIPLINE_UNKNOWN)
        return reader_fail(reader, line,
                           "[target %s] has workloads: declare its law, "
                           "discipline = loop, or discipline = worker and "
                           "slots = N",
                           target->name);
    return check_law(reader, line, target);
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
    const struct asking *asking = &target->asking;
    bool attached = target_is_attached(target);
    if (asking->url_count == 0 && !target_serves(target))
        return reader_fail(reader, line,
                           "[target %s] has no url (and no workloads, as a "
                           "server with the routes of Troika's models has)",
                           target->name);
    if (target_serves(target))
        return check_serving(reader, line, target);
    if (attached && asking->port == 0)
        return reader_fail(reader, line,
                           "[target %s] has no command, and {port} in its url: "
                           "give the command, or the port at which the service "
                           "runs already",
                           target->name);
    if (!attached && asking->port > 0)
        return reader_fail(reader, line,
                           "[target %s] has a command, so its url must begin "
                           "with %s/: the port is picked anew for each trial",
                           target->name, URL_START);
    if (attached &&
        (target->prepare[0] || target->config[0] || target->ready_path[0]))
        return reader_fail(reader, line,
                           "[target %s] has no command: prepare, config and "
                           "ready are of a service that a command starts",
                           target->name);
    if (asking->send[0] && asking->send_file[0])
        return reader_fail(reader, line,
                           "[target %s] has send and send_file: leave out one",
                           target->name);
    if (asking->has_expected && asking->check.kind != RULE_BODY)
        return reader_fail(reader, line,
                           "[target %s] has body, so check is body",
                           target->name);
    return check_law(reader, line, target);
}

/* The flag --threads of the target's table of settings. */
static void set_threads(struct target *target)
{
    snprintf(target->threads_text, sizeof target->threads_text, "%d",
             target->threads);
    target->settings[0] =
        (struct parameter){.name = "threads",
                           .unit = UNIT_COUNT,
                           .default_text = target->threads_text,
                           .min = 1,
                           .max = TARGET_THREADS_MAX,
                           .help = "of each worker"};
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
    *model = (struct model_info){
        .name = target->name,
        .path = target->program,
        .summary = target_is_attached(target) ? "a service that runs already"
                                              : target->command,
        .task = "unknown",
        .discipline =
            target_serves(target) ? target->discipline : DISCIPLINE_UNKNOWN,
        .flags = "",
        .parameters = "[]",
        .settings = target->threads > 0 ? target->settings : NULL,
        .only = target_serves(target) ? target->workloads : NULL,
        .has_workers = target_has_workers(target),
        .workers_default = 1,
        .target = target};
    char why[512];
    if (target->threads > 0)
        set_threads(target);
    model->available = target_available(target, why, sizeof why);
    snprintf(target->reason, sizeof target->reason, "%s",
             model->available ? "" : why);
    model->reason = model->available ? NULL : target->reason;
    return 0;
}

const char *target_section_name(const struct ini_section *section)
{
    const char *rest = section->name + strlen("target");

    if (strncmp(section->name, "target", strlen("target")) != 0 ||
        (*rest != '\0' && *rest != ' ' && *rest != '\t'))
        return NULL;
    return rest + strspn(rest, " \t");
}

int target_section_read(const struct reader *reader, int section,
                        const char *home)
{
    struct experiment *experiment = reader->experiment;
    const struct ini_section *s = &reader->ini->sections[section];
    struct target *target = &experiment->targets[experiment->target_count];
    const char *name = target_section_name(s);

    if (experiment->target_count == EXPERIMENT_TARGETS_MAX)
        return reader_fail(reader, s->line, "more than %d targets",
                           EXPERIMENT_TARGETS_MAX);
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
    for (int i = 0; i < reader->ini->section_count && result == 0; i++)
        if (target_section_name(&reader->ini->sections[i]))
            result = target_section_read(reader, i, folder);
    return result;
}
