/* SPDX-License-Identifier: MIT
 *
 * Answers are compared as the text that is stored, to its last digit.
 */
#include "stored.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "harness/base/json.h"
#include "harness/decide/words.h"
#include "harness/results/results.h"
#include "harness/results/stored.h"
#include "sized.h"

enum { SCHEMA_VERSION = 1, PATH_SIZE = 4096 };

/* Members of struct service that are doubles or ints. */
#define REAL(member)                                                           \
    {                                                                          \
#member, offsetof(struct service, member), true                        \
    }
#define WHOLE(member)                                                          \
    {                                                                          \
#member, offsetof(struct service, member), false                       \
    }

static const struct {
    const char *name;
    size_t offset;
    bool real;
} members[] = {
    REAL(wait_ns),       WHOLE(calls),
    REAL(cpu_ns),        REAL(rate_per_s),
    WHOLE(connections),  REAL(think_ns),
    REAL(cv_wait),       REAL(cv_cpu),
    REAL(payload_bytes), REAL(requests_per_connection),
    WHOLE(burst),        REAL(limit_percent),
    REAL(limit_ns),      REAL(memory_bytes),
    WHOLE(cores),        WHOLE(backend_workers),
};

enum { MEMBERS = sizeof members / sizeof *members };

/* The names of the fields that are marked. */
static json_t *fields_json(const bool *fields)
{
    json_t *names = json_array();

    for (int f = 0; f < SERVICE_FIELDS; f++)
        if (fields[f])
            json_array_append_new(names, json_string(service_field_name(f)));
    return names;
}

static json_t *service_json(const struct service *service)
{
    json_t *json = json_object();

    for (int i = 0; i < MEMBERS; i++) {
        const char *at = (const char *)service + members[i].offset;
        json_object_set_new(json, members[i].name,
                            members[i].real
                                ? json_real(*(const double *)(const void *)at)
                                : json_integer(*(const int *)(const void *)at));
    }
    json_object_set_new(json, "given", fields_json(service->given));
    json_object_set_new(json, "profiled", fields_json(service->profiled));
    return json;
}

static json_t *wishes_json(const struct wishes *wishes)
{
    json_t *weights = json_object(), *least = json_object();
    json_t *scores = json_array();

    for (int d = 0; d < DRIVERS; d++) {
        json_object_set_new(weights, driver_name(d),
                            json_real(wishes->weights[d]));
        json_object_set_new(least, driver_name(d), json_real(wishes->least[d]));
    }
    for (int i = 0; i < wishes->score_count; i++)
        json_array_append_new(scores,
                              json_pack("{s:s, s:s, s:f}", "model",
                                        wishes->scores[i].model, "what",
                                        driver_name(wishes->scores[i].driver),
                                        "score", wishes->scores[i].value));
    return json_pack("{s:f, s:b, s:o, s:o, s:o}", "peak", wishes->peak,
                     "peak_given", wishes->peak_given, "weights", weights,
                     "least", least, "scores", scores);
}

static json_t *inquiry_json(const struct inquiry *inquiry)
{
    const struct question *question = &inquiry->question;
    json_t *models = json_array();

    for (int i = 0; i < question->model_count; i++)
        json_array_append_new(models, json_text(question->models[i]));
    return json_pack(
        "{s:i, s:I, s:s, s:b, s:i, s:o, s:i, s:I, s:I, s:o, s:o, "
        "s:o, s:o, s:o}",
        "schema_version", SCHEMA_VERSION, "at_s",
        (json_int_t)question->as_of.at_s, "fingerprint",
        question->as_of.fingerprint, "shipped", inquiry->shipped, "language",
        (int)inquiry->language, "models", models, "workers", question->workers,
        "requests", (json_int_t)question->precision.requests, "seed",
        (json_int_t)question->precision.seed, "service",
        service_json(&question->service), "wishes",
        wishes_json(&inquiry->wishes), "run", json_text_if(inquiry->run),
        "experiment", json_text_if(inquiry->experiment), "profile",
        json_text_if(inquiry->profile));
}

static const char *in_folder(const char *folder, const char *name, char *path,
                             size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static int store(const char *folder, const char *name, json_t *json, char *why,
                 size_t why_size)
{
    char path[PATH_SIZE];
    int status =
        json ? results_store_at(in_folder(folder, name, path, sizeof path),
                                json, why, why_size)
             : -ENOMEM;

    json_decref(json);
    return status;
}

int inquiry_store_evidence(const struct evidence *evidence, const char *folder,
                           char *why, size_t why_size)
{
    return store(folder, "evidence.json", evidence_json(evidence), why,
                 why_size);
}

int inquiry_store(const struct inquiry *inquiry, const json_t *validation,
                  const json_t *cells, const char *folder, char *why,
                  size_t why_size)
{
    int status =
        store(folder, "asked.json", inquiry_json(inquiry), why, why_size);

    if (status == 0)
        status = store(folder, "machine.json", machine_json(&inquiry->machine),
                       why, why_size);
    if (status == 0 && validation)
        status = store(folder, "validation.json", json_deep_copy(validation),
                       why, why_size);
    if (status == 0 && cells)
        status =
            store(folder, "cells.json", json_deep_copy(cells), why, why_size);
    if (status == 0 && inquiry->evidence.count > 0)
        status =
            inquiry_store_evidence(&inquiry->evidence, folder, why, why_size);
    return status;
}

/* What an answer may follow from, and the workers that go with it. */
static const char *const files[] = {"asked.json",      "machine.json",
                                    "validation.json", "cells.json",
                                    "evidence.json",   "size.json"};

/* The SHA-256 of each file that is there. */
static json_t *files_json(const char *folder)
{
    json_t *json = json_object();
    char path[PATH_SIZE], hex[DIGEST_HEX_SIZE];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        in_folder(folder, files[i], path, sizeof path);
        if (digest_file(path, hex) == 0)
            json_object_set_new(json, files[i], json_string(hex));
    }
    return json;
}

/* The first file that is not the one that the answer was made from; NULL: none.
 * An answer of an older version names none, and compare() says so. */
static const char *changed_file(const char *folder, const json_t *known)
{
    json_t *now = known ? files_json(folder) : NULL;
    const char *changed = NULL;

    for (size_t i = 0; now && !changed && i < sizeof files / sizeof *files; i++)
        if (strcmp(json_text_of(now, files[i]),
                   json_text_of(known, files[i])) != 0)
            changed = files[i];
    json_decref(now);
    return changed;
}

/* The answer as its file has it. */
static json_t *answer_json(const struct decision *decision, const char *folder)
{
    json_t *json = decision_json(decision);

    if (json)
        json_object_set_new(json, "files", files_json(folder));
    return json;
}

int inquiry_store_answer(const struct decision *decision, const char *folder,
                         char *why, size_t why_size)
{
    json_t *sized = sized_json(decision);
    int status = sized ? store(folder, "size.json", sized, why, why_size) : 0;

    if (status < 0)
        return status;
    return store(folder, "decision.json", answer_json(decision, folder), why,
                 why_size);
}

/* Marks the fields of these names. */
static void read_fields(const json_t *names, bool *fields)
{
    const json_t *name;
    size_t i;

    json_array_foreach (names, i, name)
        for (int f = 0; f < SERVICE_FIELDS; f++)
            if (json_is_string(name) &&
                !strcmp(json_string_value(name), service_field_name(f)))
                fields[f] = true;
}

/* Returns the member that is wrong, or NULL. */
static const char *read_service(const json_t *json, struct service *service)
{
    const json_t *given = json_object_get(json, "given");

    for (int m = 0; m < MEMBERS; m++) {
        const json_t *value = json_object_get(json, members[m].name);
        char *at = (char *)service + members[m].offset;
        if (!json_is_number(value))
            return members[m].name;
        if (members[m].real)
            *(double *)(void *)at = json_number_value(value);
        else
            *(int *)(void *)at = (int)json_number_value(value);
    }
    if (!json_is_array(given))
        return "given";
    read_fields(given, service->given);
    read_fields(json_object_get(json, "profiled"), service->profiled);
    return NULL;
}

/* Returns the member that is wrong, or NULL. */
static const char *read_scores(const json_t *list, struct wishes *wishes)
{
    const json_t *row;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > SCORES_MAX)
        return "scores";
    json_array_foreach (list, i, row) {
        struct score *score = &wishes->scores[wishes->score_count++];
        score->driver = driver_find(json_text_of(row, "what"));
        score->value = json_figure_of(row, "score");
        if (score->driver == DRIVERS || !(score->value >= 1) ||
            !json_take_text(row, "model", score->model, sizeof score->model))
            return "scores";
    }
    return NULL;
}

static const char *read_wishes(const json_t *json, struct wishes *wishes)
{
    wishes->peak = json_figure_of(json, "peak");
    wishes->peak_given = json_true_of(json, "peak_given");
    if (!(wishes->peak >= 1))
        return "peak";
    for (int d = 0; d < DRIVERS; d++) {
        wishes->weights[d] = json_figure_in(json, "weights", driver_name(d));
        wishes->least[d] = json_figure_in(json, "least", driver_name(d));
        if (!(wishes->weights[d] >= 0))
            return "weights";
        if (!(wishes->least[d] >= 0))
            return "least";
    }
    return read_scores(json_object_get(json, "scores"), wishes);
}

static const char *read_models(const json_t *list, struct inquiry *inquiry)
{
    const json_t *name;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > ADVICE_MODELS_GIVEN_MAX)
        return "models";
    json_array_foreach (list, i, name) {
        if (!json_is_string(name) ||
            strlen(json_string_value(name)) >= sizeof inquiry->names[0])
            return "models";
        strcpy(inquiry->names[i], json_string_value(name));
        inquiry->question.models[i] = inquiry->names[i];
        inquiry->question.model_count++;
    }
    return NULL;
}

static bool is_text_or_null(const json_t *json, const char *member)
{
    const json_t *value = json_object_get(json, member);

    return json_is_string(value) || json_is_null(value);
}

/* Returns the member that is wrong, or NULL. */
static const char *read_inquiry(const json_t *json, struct inquiry *inquiry)
{
    struct question *question = &inquiry->question;
    json_int_t language = json_integer_of(json, "language");

    if (json_integer_of(json, "schema_version") != SCHEMA_VERSION)
        return "schema_version";
    if (language < 0 || language > LANGUAGE_ANY)
        return "language";
    inquiry->language = (enum language)language;
    inquiry->shipped = json_true_of(json, "shipped");
    if (!is_text_or_null(json, "run"))
        return "run";
    if (!is_text_or_null(json, "experiment"))
        return "experiment";
    if (!is_text_or_null(json, "profile"))
        return "profile";
    json_take_text(json, "run", inquiry->run, sizeof inquiry->run);
    question->scaled = inquiry->shipped && inquiry->run[0];
    json_take_text(json, "experiment", inquiry->experiment,
                   sizeof inquiry->experiment);
    json_take_text(json, "profile", inquiry->profile, sizeof inquiry->profile);
    question->as_of.at_s = json_integer_of(json, "at_s");
    question->workers = (int)json_integer_of(json, "workers");
    question->precision.requests = json_integer_of(json, "requests");
    question->precision.seed = (uint64_t)json_integer_of(json, "seed");
    if (question->as_of.at_s <= 0)
        return "at_s";
    if (!json_take_text(json, "fingerprint", question->as_of.fingerprint,
                        sizeof question->as_of.fingerprint))
        return "fingerprint";
    if (question->workers < 0 || question->workers > 100000)
        return "workers";
    if (question->precision.requests < 1000 ||
        question->precision.requests > 100000000)
        return "requests";
    const char *wrong = read_models(json_object_get(json, "models"), inquiry);
    if (!wrong)
        wrong =
            read_service(json_object_get(json, "service"), &question->service);
    return wrong
               ? wrong
               : read_wishes(json_object_get(json, "wishes"), &inquiry->wishes);
}

static int take_asked(const json_t *json, void *into, char *why,
                      size_t why_size)
{
    struct inquiry *inquiry = into;
    const char *wrong = read_inquiry(json, inquiry);

    if (wrong)
        snprintf(why, why_size, "\"%s\" is missing, or is no such value",
                 wrong);
    return !wrong && matter_check(&inquiry->question.service, &inquiry->wishes,
                                  why, why_size)
               ? 0
               : -EINVAL;
}

typedef int takes(const json_t *json, void *into, char *why, size_t why_size);

static int take_machine(const json_t *json, void *into, char *why,
                        size_t why_size)
{
    return machine_read(json, into, why, why_size);
}

static int take_evidence(const json_t *json, void *into, char *why,
                         size_t why_size)
{
    return evidence_read(json, into, why, why_size);
}

/* Reads a file of the folder into what `take` fills. */
static int read_file(const char *folder, const char *name, takes *take,
                     void *into, char *why, size_t why_size)
{
    char path[PATH_SIZE], reason[512];
    json_t *json = stored_json(in_folder(folder, name, path, sizeof path), NULL,
                               why, why_size);

    if (!json)
        return -EINVAL;
    int status = take(json, into, reason, sizeof reason);
    json_decref(json);
    if (status < 0)
        snprintf(why, why_size, "%.3000s: %s", path, reason);
    return status;
}

static int read_bands(const char *folder, const struct machine *machine,
                      struct bands *bands, char *why, size_t why_size)
{
    char path[PATH_SIZE];

    in_folder(folder, "validation.json", path, sizeof path);
    if (access(path, F_OK) != 0)
        in_folder(folder, "cells.json", path, sizeof path);
    if (access(path, F_OK) != 0)
        return 0;
    return advice_bands(path, machine, bands, why, why_size);
}

static int read_evidence(const char *folder, struct evidence *evidence,
                         char *why, size_t why_size)
{
    char path[PATH_SIZE];

    if (access(in_folder(folder, "evidence.json", path, sizeof path), F_OK) !=
        0)
        return 0;
    return read_file(folder, "evidence.json", take_evidence, evidence, why,
                     why_size);
}

int inquiry_read(const char *folder, struct inquiry *inquiry, char *why,
                 size_t why_size)
{
    *inquiry = (struct inquiry){0};
    int status =
        read_file(folder, "asked.json", take_asked, inquiry, why, why_size);
    if (status == 0)
        status = read_file(folder, "machine.json", take_machine,
                           &inquiry->machine, why, why_size);
    if (status == 0)
        status = read_bands(folder, &inquiry->machine, &inquiry->bands, why,
                            why_size);
    if (status == 0)
        status = read_evidence(folder, &inquiry->evidence, why, why_size);
    return status;
}

void inquiry_free(struct inquiry *inquiry)
{
    bands_free(&inquiry->bands);
}

/* The member at the top level in which two objects differ. */
static const char *first_difference(json_t *a, json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach (a, key, value)
        if (!json_equal(value, json_object_get(b, key)))
            return key;
    json_object_foreach (b, key, value)
        if (!json_object_get(a, key))
            return key;
    return NULL;
}

/* The object as a file of it would be read. */
static json_t *as_stored(const json_t *json)
{
    char *text = json_dumps(json, RESULTS_JSON_FLAGS);
    json_t *again =
        text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;

    free(text);
    return again;
}

static int compare(const char *folder, const char *name, const json_t *answer,
                   char *why, size_t why_size)
{
    char path[PATH_SIZE];
    json_t *stored = stored_json(in_folder(folder, name, path, sizeof path),
                                 NULL, why, why_size);
    json_t *again = stored ? as_stored(answer) : NULL;
    const char *key = again ? first_difference(stored, again) : NULL;
    int status = !stored ? -EINVAL : !again ? -ENOMEM : key ? -EILSEQ : 0;

    if (status == -ENOMEM)
        snprintf(why, why_size, "out of memory");
    if (key)
        snprintf(why, why_size,
                 "%.3000s: \"%s\" does not follow from asked.json, "
                 "machine.json and what else is beside it: "
                 "one of them was changed, or another version of the program "
                 "decided",
                 path, key);
    json_decref(again);
    json_decref(stored);
    return status;
}

/* Of a decision without workers there is no such file. */
static int compare_size(const char *folder, const json_t *sized, char *why,
                        size_t why_size)
{
    char path[PATH_SIZE];
    bool stored =
        access(in_folder(folder, "size.json", path, sizeof path), F_OK) == 0;

    if (sized && stored)
        return compare(folder, "size.json", sized, why, why_size);
    if (!sized && !stored)
        return 0;
    snprintf(why, why_size, "%.3000s: it was %s", path,
             stored ? "added, and follows from nothing" : "removed");
    return -EILSEQ;
}

/* Whether the files are those that the answer was made from. Returns 0, -EILSEQ
 * for another one, or -EINVAL where there is no answer to read. */
static int check_files(const char *folder, char *why, size_t why_size)
{
    char path[PATH_SIZE];
    json_t *stored =
        stored_json(in_folder(folder, "decision.json", path, sizeof path), NULL,
                    why, why_size);
    const char *changed =
        stored ? changed_file(folder, json_object_get(stored, "files")) : NULL;

    if (changed)
        snprintf(why, why_size,
                 "%.3000s/%s is not the file that the answer was made from: it "
                 "was changed, added or removed",
                 folder, changed);
    json_decref(stored);
    return changed ? -EILSEQ : stored ? 0 : -EINVAL;
}

int inquiry_verify(const char *folder, char *why, size_t why_size)
{
    static struct inquiry inquiry;
    static struct decision decision;
    int status = check_files(folder, why, why_size);

    if (status == 0)
        status = inquiry_read(folder, &inquiry, why, why_size);
    if (status == 0) {
        status = decision_make(&inquiry, &decision);
        if (status < 0)
            snprintf(why, why_size, "%s: nothing can be decided from it",
                     folder);
    }
    if (status == 0) {
        json_t *answer = answer_json(&decision, folder);
        json_t *sized = sized_json(&decision);
        status = compare(folder, "decision.json", answer, why, why_size);
        if (status == 0)
            status = compare_size(folder, sized, why, why_size);
        json_decref(sized);
        json_decref(answer);
    }
    inquiry_free(&inquiry);
    return status;
}
