/* SPDX-License-Identifier: MIT
 *
 * troika list: what there is, for people and (--format json) for programs.
 * Nothing is listed by hand: models describe themselves (--describe), workloads
 * have tables, and experiments are files.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/exit.h"
#include "harness/base/flags.h"
#include "harness/base/json.h"
#include "harness/base/names.h"
#include "harness/experiment/experiment.h"
#include "harness/gate/gate.h"
#include "harness/search/search.h"
#include "harness/server/models.h"
#include "harness/server/store_server.h"
#include "models/runtime/base/units.h"
#include "verbs.h"

static const char *const subjects[] = {"models", "workloads", "experiments",
                                       "gates",  "keys",      NULL};

struct request {
    const char *subject; /* NULL: all but gates and keys */
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
        printf(
            "      %s%s = %s  %s; %s to %s %s\n", lead, json_text_of(p, "name"),
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
        printf("      runs on %s %s%s; not among `models = all`\n",
               json_text_of(runtime, "name"), json_text_of(runtime, "version"),
               json_is_true(gil)    ? ", with a GIL"
               : json_is_false(gil) ? ", without a GIL"
                                    : "");
}

static void print_models(const json_t *models)
{
    size_t index;
    json_t *m;

    puts("Models (what serves a request):");
    json_array_foreach (models, index, m) {
        const json_t *workers = json_object_get(m, "workers_default");
        printf("  %-24s %s\n", json_text_of(m, "name"),
               json_text_of(m, "summary"));
        if (!json_true_of(m, "available")) {
            printf("      not available: %s\n", json_text_of(m, "reason"));
            continue;
        }
        print_runtime(json_object_get(m, "runtime"));
        printf("      task: %s%s%s%s\n", json_text_of(m, "task"),
               json_text_of(m, "flags")[0] ? "; " : "",
               json_text_of(m, "flags"),
               json_true_of(m, "yardstick") ? "; a yardstick, never a contender"
                                            : "");
        if (json_is_integer(workers))
            printf("      --workers = %lld\n",
                   (long long)json_integer_value(workers));
        print_parameters(json_object_get(m, "parameters"), "--");
    }
}

static void print_store(enum store store)
{
    char why[512];

    if (store != STORE_NONE && store_server_available(store, why, sizeof why))
        printf("      needs %s, which is here\n", store_title(store));
    else if (store != STORE_NONE)
        printf("      needs %s: %s\n", store_title(store), why);
}

static void print_workloads(const json_t *list)
{
    size_t index;
    json_t *w;

    puts("Workloads (what a request does):");
    json_array_foreach (list, index, w) {
        printf("  %-10s [%s] %s%s\n", json_text_of(w, "name"),
               json_text_of(w, "kind"), json_text_of(w, "summary"),
               json_true_of(w, "needs_backend") ? "; needs a backend" : "");
        print_store(workload_find(json_text_of(w, "name"))->workload->store);
        print_parameters(json_object_get(w, "parameters"), "");
        if (json_text_of(w, "source")[0] != '\0')
            printf("      source: %s\n", json_text_of(w, "source"));
    }
    for (int i = 0; workloads_missing[i].name; i++)
        printf("  %-10s not built: package %s is missing (make deps-claims)\n",
               workloads_missing[i].name, workloads_missing[i].package);
}

static void print_experiments(const json_t *list)
{
    size_t index;
    json_t *e;

    puts("Experiments (a question each; make bench-NAME):");
    json_array_foreach (list, index, e) {
        printf("  %-14s %s\n", json_text_of(e, "name"),
               json_text_of(e, "title"));
        if (json_text_of(e, "question")[0] != '\0')
            printf("      %s\n", json_text_of(e, "question"));
        if (json_text_of(e, "error")[0] != '\0') {
            printf("      cannot be read: %s\n", json_text_of(e, "error"));
            continue;
        }
        const json_t *size = json_object_get(e, "size");
        printf("      %lld trials, %.0f s under load\n",
               (long long)json_integer_of(size, "trials"),
               json_real_value(json_object_get(size, "load_s")));
    }
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

static void print_gates(const json_t *list)
{
    struct gate_about about[GATES_MAX];
    char words[128];

    (void)list;
    puts("Gates: when each fails, and the figures that are then withheld (or\n"
         "only their level, or given as bounds). A trial that is left with "
         "none\n"
         "of what its load point asks for is invalid.");
    for (int i = 0, count = gate_all(about); i < count; i++)
        printf("  %-22s %s\n  %-22s -> %s%s\n", about[i].id,
               about[i].fails_when, "",
               about[i].figures != 0
                   ? figures_words(about[i].figures, words, sizeof words)
                   : "nothing",
               about[i].effect == EFFECT_BOUND   ? ": bounds"
               : about[i].effect == EFFECT_LEVEL ? ": the level alone"
                                                 : "");
}

static const struct part {
    const char *subject;
    json_t *(*make)(void);
    void (*print)(const json_t *list);
    bool asked; /* listed only if named */
} parts[] = {
    {"models", models_json, print_models, false},
    {"workloads", workloads_json, print_workloads, false},
    {"experiments", experiments_json, print_experiments, false},
    {"gates", gates_json, print_gates, true},
};

static error_t take_subject(char *word, void *into, struct argp_state *state)
{
    struct request *request = into;
    char hint[128];

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

int verb_list(int argc, char **argv)
{
    static const struct flag rows[] = {
        {"format", 'f', "text|json", "How to print it (text)", FLAG_FORMAT,
         .offset = offsetof(struct request, json)},
        {0}};
    static const struct flags flags = {
        .rows = rows,
        .arguments = "[models|workloads|experiments|gates|keys]",
        .help = "Lists what there is; `gates`: when each gate fails, and which "
                "figures it withholds; `keys`: the keys of an experiment file.",
        .word = take_subject};
    struct request request = {0};
    json_t *all = json_object();

    flags_parse(&flags, argc, argv, &request);
    if (request.subject && !strcmp(request.subject, "keys")) {
        experiment_describe_keys(stdout);
        json_decref(all);
        return EXIT_OK;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (request.subject ? strcmp(request.subject, parts[i].subject) != 0
                            : parts[i].asked)
            continue;
        json_t *list = parts[i].make();
        if (!request.json)
            parts[i].print(list);
        json_object_set_new(all, parts[i].subject, list);
    }
    if (json_object_get(all, "workloads") && request.subject)
        json_object_set_new(all, "units", units_json());
    if (request.json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return EXIT_OK;
}
