/* SPDX-License-Identifier: MIT
 *
 * troika list: what there is, for people and (--format json) for programs.
 * Nothing is listed by hand: models describe themselves (--describe), workloads
 * have tables, and experiments are files.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/base/tree.h"
#include "harness/experiment/experiment.h"
#include "harness/experiment/shipped_targets.h"
#include "harness/gate/gate.h"
#include "harness/run/plan.h"
#include "harness/screen/screen.h"
#include "harness/search/search.h"
#include "harness/server/models.h"
#include "harness/server/store_server.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

static const char *const subjects[] = {
    "models", "workloads", "experiments", "servers", "gates", "keys", NULL};

enum { NAMES_MAX = 256 };

struct request {
    const char *subject; /* NULL: all but gates and keys */
    const char *name;    /* one thing of the subject; NULL: all */
    const char *verb;    /* of which the words are listed; or NULL */
    bool json;
};

static json_t *parameters_json(const char *text)
{
    json_t *array = json_loads(text, 0, NULL);

    return array ? array : json_array();
}

static json_t *workload_parameters(const struct workload_entry *entry)
{
    char text[8192];

    if (parameters_describe(entry->workload->parameters, text, sizeof text) < 0)
        return json_array();
    return parameters_json(text);
}

static json_t *models_json(void)
{
    json_t *array = json_array();

    for (const struct model_info *m = models_all(); m->name; m++) {
        models_find(m, m->name); /* asks a foreign model now */
        json_array_append_new(
            array, json_pack("{ss ss ss ss so sb so so sb ss?}", "name",
                             m->name, "summary", m->summary, "task", m->task,
                             "flags", m->flags, "runtime", models_runtime(m),
                             "yardstick", m->yardstick, "workers_default",
                             m->has_workers ? json_integer(m->workers_default)
                                            : json_null(),
                             "parameters", parameters_json(m->parameters),
                             "available", m->available, "reason", m->reason));
    }
    return array;
}

static json_t *workloads_json(void)
{
    json_t *array = json_array();

    for (const struct workload_entry *w = workloads; w->name; w++)
        json_array_append_new(
            array, json_pack("{ss ss ss sb ss ss? so}", "name", w->name,
                             "summary", w->workload->summary, "kind",
                             workload_kind_name(w->workload->kind),
                             "needs_backend", w->workload->needs_backend,
                             "store", store_title(w->workload->store), "source",
                             w->workload->source, "parameters",
                             workload_parameters(w)));
    return array;
}

/* How quantities are written: the models in other languages read the values of
 * workloads' parameters by these rows. */
static json_t *units_json(void)
{
    json_t *object = json_object();

    for (const struct unit_row *unit = units; unit < units + UNITS; unit++) {
        json_t *suffixes = unit->suffixes ? json_object() : NULL;

        if (!suffixes)
            continue;
        for (const struct unit_suffix *s = unit->suffixes; s->text; s++)
            json_object_set_new(suffixes, s->text, json_integer(s->scale));
        json_object_set_new(
            object, unit->name,
            json_pack("{ss so}", "kind", unit->kind, "suffixes", suffixes));
    }
    return object;
}

/* The number of trials and their time under load. */
static json_t *size_json(const struct experiment *experiment)
{
    double seconds = 0;
    int trials = 0;

    for (int i = 0; i < experiment->load_point_count; i++) {
        const struct load_point *point = &experiment->load_points[i];
        int models = 0;
        while (point->models[models])
            models++;
        trials += models * experiment->blocks;
        seconds += models * experiment->blocks *
                   (point->search ? SEARCH_STEPS : 1) *
                   (double)(point->warmup_ns + point->window_ns) / 1e9;
    }
    return json_pack("{si si si sf}", "load_points",
                     experiment->load_point_count, "blocks", experiment->blocks,
                     "trials", trials, "load_s", seconds);
}

static json_t *experiment_json(const char *name)
{
    char path[4096], why[1024] = "";
    struct experiment *experiment = NULL;
    json_t *object;

    if (experiment_find(name, path, sizeof path, why, sizeof why) < 0 ||
        experiment_read(path, models_all(), &experiment, why, sizeof why) < 0)
        return json_pack("{ss ss}", "name", name, "error", why);
    object =
        json_pack("{ss ss ss so ss}", "name", name, "title", experiment->title,
                  "question", experiment->question, "size",
                  size_json(experiment), "left_out", experiment->left_out);
    experiment_free(experiment);
    return object;
}

static json_t *experiments_json(void)
{
    json_t *array = json_array();

    for (const char *const *name = experiment_names(); *name; name++)
        json_array_append_new(array, experiment_json(*name));
    return array;
}

/* Prints a line of 80 columns at most, or a few. */
static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...)
{
    char line[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    screen_print_narrow(stdout, line);
}

/* Prints one row for each thing of the list: its name and what it is. */
static void print_rows(const json_t *list, const char *about)
{
    int width = 0;
    size_t index;
    json_t *thing;

    json_array_foreach (list, index, thing) {
        int own = (int)strlen(json_text_of(thing, "name"));
        width = own > width ? own : width;
    }
    json_array_foreach (list, index, thing) {
        char line[4096];
        bool wrong = json_text_of(thing, "error")[0] != '\0' ||
                     json_is_false(json_object_get(thing, "available"));
        snprintf(line, sizeof line, "  %-*s  %s%s", width,
                 json_text_of(thing, "name"), wrong ? "(not here) " : "",
                 json_text_of(thing, about));
        screen_print_row(stdout, line);
    }
}

static void print_parameters(const json_t *parameters, const char *lead)
{
    size_t index;
    json_t *p;

    json_array_foreach (parameters, index, p) {
        const json_t *low = json_object_get(p, "minimum");
        const json_t *high = json_object_get(p, "maximum");
        const json_t *standard = json_object_get(p, "default");
        char *texts[3] = {json_dumps(standard, JSON_ENCODE_ANY),
                          json_dumps(low, JSON_ENCODE_ANY),
                          json_dumps(high, JSON_ENCODE_ANY)};
        put("  %s%s = %s  %s; %s to %s %s", lead, json_text_of(p, "name"),
            json_is_string(standard) ? json_string_value(standard) : texts[0],
            json_text_of(p, "help"),
            json_is_string(low) ? json_string_value(low) : texts[1],
            json_is_string(high) ? json_string_value(high) : texts[2],
            json_is_string(low) ? "" : json_text_of(p, "unit"));
        for (int i = 0; i < 3; i++)
            free(texts[i]);
    }
}

static void print_runtime(const json_t *runtime)
{
    const json_t *gil = json_object_get(runtime, "gil");

    if (json_is_object(runtime))
        put("  runs on %s %s%s; not among `models = all`",
            json_text_of(runtime, "name"), json_text_of(runtime, "version"),
            json_is_true(gil)    ? ", with a GIL"
            : json_is_false(gil) ? ", without a GIL"
                                 : "");
}

static void print_model(const json_t *m)
{
    const json_t *workers = json_object_get(m, "workers_default");

    put("%s: %s", json_text_of(m, "name"), json_text_of(m, "summary"));
    if (!json_true_of(m, "available")) {
        put("  not available: %s", json_text_of(m, "reason"));
        return;
    }
    print_runtime(json_object_get(m, "runtime"));
    put("  task: %s%s%s%s", json_text_of(m, "task"),
        json_text_of(m, "flags")[0] ? "; " : "", json_text_of(m, "flags"),
        json_true_of(m, "yardstick") ? "; a yardstick, never a contender" : "");
    if (json_is_integer(workers))
        put("  --workers = %lld", (long long)json_integer_value(workers));
    print_parameters(json_object_get(m, "parameters"), "--");
}

static void print_models(const json_t *models)
{
    put("Models (what serves a request):");
    print_rows(models, "summary");
}

static void print_store(enum store store)
{
    char why[512];

    if (store != STORE_NONE && store_server_available(store, why, sizeof why))
        put("  needs %s, which is here", store_title(store));
    else if (store != STORE_NONE)
        put("  needs %s: %s", store_title(store), why);
}

static void print_workload(const json_t *w)
{
    put("%s [%s]: %s%s", json_text_of(w, "name"), json_text_of(w, "kind"),
        json_text_of(w, "summary"),
        json_true_of(w, "needs_backend") ? "; needs a backend" : "");
    print_store(workload_find(json_text_of(w, "name"))->workload->store);
    print_parameters(json_object_get(w, "parameters"), "");
    if (json_text_of(w, "source")[0] != '\0')
        put("  source: %s", json_text_of(w, "source"));
}

static void print_workloads(const json_t *list)
{
    put("Workloads (what a request does):");
    print_rows(list, "summary");
    for (int i = 0; workloads_missing[i].name; i++)
        put("  %s  not built: package %s is missing (make deps-claims)",
            workloads_missing[i].name, workloads_missing[i].package);
}

static void print_experiment(const json_t *e)
{
    const json_t *size = json_object_get(e, "size");
    char text[32];

    put("%s: %s", json_text_of(e, "name"), json_text_of(e, "title"));
    if (json_text_of(e, "question")[0] != '\0')
        put("  %s", json_text_of(e, "question"));
    if (json_text_of(e, "error")[0] != '\0')
        put("  cannot be read: %s", json_text_of(e, "error"));
    else
        put("  %lld trials, %s under load",
            (long long)json_integer_of(size, "trials"),
            plan_duration((int64_t)(1e9 * json_number_of(size, "load_s")), text,
                          sizeof text));
}

static void print_experiments(const json_t *list)
{
    put("Experiments (a question each; make bench-NAME):");
    print_rows(list, "title");
}

/* Of all that there is, experiments have no row each, and those of the claims
 * no name: there are many. */
static void print_experiment_names(void)
{
    char line[4096] = " ";
    size_t used = 1;
    int claims = 0;

    put("Experiments (a question each; make bench-NAME):");
    for (const char *const *name = experiment_names(); *name; name++)
        if (strchr(*name, '/'))
            claims++;
        else if (used < sizeof line)
            used +=
                (size_t)snprintf(line + used, sizeof line - used, " %s", *name);
    put("%s", line);
    put("  and %d of articles' claims, claims/NAME", claims);
}

/* A server's law in words: "as many as come", "{workers} * 40 at once". */
static const char *law_words(const struct target *target, char *words,
                             size_t size)
{
    if (target->discipline == DISCIPLINE_LOOP)
        snprintf(words, size, "a loop: as many requests wait at once as come");
    else
        snprintf(words, size, "%s requests wait at once",
                 target->law.factor > 0 ? target->law.text : "{workers}");
    return words;
}

static json_t *servers_json(void)
{
    json_t *array = json_array();
    struct experiment *experiment;
    char why[512], words[128];

    if (shipped_targets_read(models_all(), &experiment, why, sizeof why) < 0) {
        fprintf(stderr, "troika list servers: %s\n", why);
        return array;
    }
    for (const struct model_info *m = experiment->models; m->name; m++)
        if (m->target)
            json_array_append_new(
                array,
                json_pack("{ss ss ss si ss sb ss?}", "name", m->name, "law",
                          law_words(m->target, words, sizeof words),
                          "discipline", discipline_name(m->discipline),
                          "threads", m->target->threads, "command",
                          m->target->command, "available", m->available,
                          "reason", m->reason));
    experiment_free(experiment);
    return array;
}

static void print_server(const json_t *server)
{
    put("%s: %s", json_text_of(server, "name"), json_text_of(server, "law"));
    put("  %s", json_text_of(server, "command"));
    if (json_integer_of(server, "threads") > 0)
        put("  threads.%s = %lld", json_text_of(server, "name"),
            (long long)json_integer_of(server, "threads"));
    if (!json_true_of(server, "available"))
        put("  not available: %s", json_text_of(server, "reason"));
}

static void print_servers(const json_t *list)
{
    put("Servers of others that Troika starts, by the names that stand in an "
        "experiment's `models =` (make deps-servers installs them), and the "
        "law of each:");
    print_rows(list, "law");
}

static json_t *gates_json(void)
{
    struct gate_about about[GATES_MAX];
    int count = gate_all(about);
    json_t *array = json_array();

    for (int i = 0; i < count; i++)
        json_array_append_new(
            array, json_pack("{ss ss so ss}", "id", about[i].id, "fails_when",
                             about[i].fails_when, "figures",
                             figures_json(about[i].figures), "effect",
                             effect_name(about[i].effect)));
    return array;
}

static void print_gate(const json_t *gate)
{
    struct gate_about about[GATES_MAX];
    char words[128];
    int i = 0;

    gate_all(about);
    while (!json_text_is(gate, "id", about[i].id))
        i++;
    put("  %s: %s", about[i].id, about[i].fails_when);
    put("    -> %s%s",
        about[i].figures != 0
            ? figures_words(about[i].figures, words, sizeof words)
            : "nothing",
        about[i].effect == EFFECT_BOUND   ? ": bounds"
        : about[i].effect == EFFECT_LEVEL ? ": the level alone"
                                          : "");
}

static void print_gates(const json_t *list)
{
    size_t index;
    json_t *gate;

    put("Gates: when each fails, and the figures that are then withheld (or "
        "only their level, or given as bounds). A trial that is left with none "
        "of what its load point asks for is invalid.");
    json_array_foreach (list, index, gate)
        print_gate(gate);
}

static const struct part {
    const char *subject;
    const char *key; /* of a thing's name in JSON */
    json_t *(*make)(void);
    void (*print)(const json_t *list);
    void (*print_one)(const json_t *thing);
    bool asked; /* listed only if named */
} parts[] = {
    {"models", "name", models_json, print_models, print_model, false},
    {"workloads", "name", workloads_json, print_workloads, print_workload,
     false},
    {"experiments", "name", experiments_json, print_experiments,
     print_experiment, false},
    {"servers", "name", servers_json, print_servers, print_server, true},
    {"gates", "id", gates_json, print_gates, print_gate, true},
};

/* A subject, then the name of one thing of it. */
static error_t take_word(char *word, void *into, struct argp_state *state)
{
    struct request *request = into;
    char hint[128];

    if (request->subject && !request->name &&
        strcmp(request->subject, "keys") != 0) {
        request->name = word;
        return 0;
    }
    if (request->subject)
        return ARGP_ERR_UNKNOWN;
    for (int i = 0; subjects[i]; i++)
        if (!strcmp(subjects[i], word))
            request->subject = subjects[i];
    if (!request->subject)
        argp_error(state, "nothing is called \"%s\"%s", word,
                   names_suggest(word, subjects, hint, sizeof hint));
    return 0;
}

/* Leaves only the thing that is named in the list. Returns false, and says so,
 * if there is none. */
static bool keep_named(const struct part *part, json_t *list, const char *name)
{
    const char *known[NAMES_MAX + 1] = {NULL};
    char hint[512];
    int count = 0;
    bool found = false;

    for (size_t i = json_array_size(list); i-- > 0 && !found;) {
        const json_t *thing = json_array_get(list, i);
        found = json_text_is(thing, part->key, name);
        if (!found && count < NAMES_MAX)
            known[count++] = json_text_of(thing, part->key);
    }
    if (!found) {
        fprintf(stderr, "troika list %s: nothing is called \"%s\"%s\n",
                part->subject, name,
                names_suggest(name, known, hint, sizeof hint));
        return false;
    }
    for (size_t i = json_array_size(list); i-- > 0;)
        if (!json_text_is(json_array_get(list, i), part->key, name))
            json_array_remove(list, i);
    return true;
}

static void print_files(const char *folder)
{
    char path[4096], **names = NULL;

    if (tree_source(folder, path, sizeof path) == 0)
        names = tree_names(path, ".ini");
    for (int i = 0; names && names[i]; i++)
        puts(names[i]);
    tree_names_free(names);
}

/* The names of claims, which the files of their experiments have as sections
 * that the harness skips. */
static void print_claims(void)
{
    char folder[4096], line[4096], **names = NULL;

    if (tree_source("harness/experiments/claims", folder, sizeof folder) == 0)
        names = tree_names(folder, ".ini");
    for (int i = 0; names && names[i]; i++) {
        char path[8192];
        snprintf(path, sizeof path, "%s/%s.ini", folder, names[i]);
        FILE *file = fopen(path, "r");
        while (file && fgets(line, sizeof line, file)) {
            char claim[16];
            if (sscanf(line, "[claim %15[A-Z0-9]]", claim) == 1)
                puts(claim);
        }
        if (file)
            fclose(file);
    }
    tree_names_free(names);
}

static void print_model_names(void)
{
    for (const struct model_info *m = models_all(); m->name; m++)
        puts(m->name);
}

/* What stands behind a verb: names of models, experiments, profiles, subjects.
 */
static void print_words_of(const char *verb)
{
    static const char *const of_models[] = {"serve", "search", NULL};
    static const char *const of_profiles[] = {"predict", "size", "decide",
                                              "map", NULL};

    for (int i = 0; of_models[i]; i++)
        if (!strcmp(verb, of_models[i]))
            print_model_names();
    for (int i = 0; of_profiles[i]; i++)
        if (!strcmp(verb, of_profiles[i])) {
            print_files("harness/profiles");
            print_model_names();
        }
    if (!strcmp(verb, "bench"))
        print_files("harness/experiments");
    if (!strcmp(verb, "claims"))
        print_claims();
    if (!strcmp(verb, "runs"))
        puts("name\ntag\nprune\nhistory\nindex");
    for (int i = 0; !strcmp(verb, "list") && subjects[i]; i++)
        puts(subjects[i]);
}

/* The tables of an experiment's keys, in Markdown; folded on a terminal. */
static void print_keys(void)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (!memory)
        return;
    experiment_describe_keys(memory);
    fclose(memory);
    screen_print_lines(stdout, text);
    free(text);
}

/* Adds the part to *all, and prints it unless JSON is asked for. Returns false
 * if the thing that is named does not exist. */
static bool list_part(const struct part *part, const struct request *request,
                      json_t *all)
{
    if (!request->json && !request->subject &&
        !strcmp(part->subject, "experiments")) {
        print_experiment_names();
        return true;
    }
    json_t *list = part->make();

    json_object_set_new(all, part->subject, list);
    if (request->name && !keep_named(part, list, request->name))
        return false;
    if (!request->json && request->name)
        part->print_one(json_array_get(list, 0));
    else if (!request->json)
        part->print(list);
    return true;
}

int verb_list(int argc, char **argv)
{
    static const struct flag rows[] = {
        {"format", 'f', "text|json", "How to print it (text)", FLAG_FORMAT,
         .offset = offsetof(struct request, json)},
        {"names", 0, "VERB", "the words that this verb takes, for completion",
         FLAG_TEXT, .offset = offsetof(struct request, verb)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .arguments =
            "[models|workloads|experiments|servers|gates [NAME]]\nkeys",
        .help = "Lists what there is, and with a NAME all about that; "
                "`servers`: frameworks and their servers; `gates`: when each "
                "gate fails, and which figures it withholds; `keys`: "
                "the keys of an experiment file.",
        .word = take_word};
    struct request request = {0};
    json_t *all = json_object();

    flags_parse(&flags, argc, argv, &request);
    if (request.verb) {
        print_words_of(request.verb);
        json_decref(all);
        return EXIT_OK;
    }
    if (request.subject && !strcmp(request.subject, "keys")) {
        print_keys();
        json_decref(all);
        return EXIT_OK;
    }
    int code = EXIT_OK;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (request.subject ? strcmp(request.subject, parts[i].subject) != 0
                            : parts[i].asked)
            continue;
        if (!list_part(&parts[i], &request, all))
            code = EXIT_USAGE;
    }
    if (!request.subject && !request.json)
        put("More: troika list models, workloads, experiments, servers, gates "
            "or keys, and with the name of one, all about that.");
    if (json_object_get(all, "workloads") && request.subject)
        json_object_set_new(all, "units", units_json());
    if (request.json && code == EXIT_OK) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return code;
}
