/* SPDX-License-Identifier: MIT
 *
 * The commands that ask a decision's question again, and ask for its workers.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/arithmetic/digits.h"
#include "harness/base/hint.h"
#include "harness/size/curve.h"
#include "models/runtime/base/units.h"
#include "words.h"

static void add(char *text, size_t size, const char *flag, const char *value)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, " --%s %s", flag, value);
}

static const char *value_of(const struct service *p, enum service_field field,
                            char *text, size_t size)
{
    char time[48];

    switch (field) {
    case SERVICE_WAIT:
        return units_format(UNIT_NS, llround(p->wait_ns), text, size);
    case SERVICE_CPU:
        return units_format(UNIT_NS, llround(p->cpu_ns), text, size);
    case SERVICE_THINK:
        return units_format(UNIT_NS, llround(p->think_ns), text, size);
    case SERVICE_PAYLOAD:
        return units_format(UNIT_BYTES, llround(p->payload_bytes), text, size);
    case SERVICE_MEMORY:
        return units_format(UNIT_BYTES, llround(p->memory_bytes), text, size);
    case SERVICE_LIMIT:
        units_format(UNIT_NS, llround(p->limit_ns), time, sizeof time);
        snprintf(text, size, "'p%s<%s'", digits_of(p->limit_percent, 4).text,
                 time);
        return text;
    case SERVICE_RATE:
        snprintf(text, size, "%s", digits_of(p->rate_per_s, 10).text);
        return text;
    case SERVICE_CV_WAIT:
        snprintf(text, size, "%s", digits_of(p->cv_wait, 10).text);
        return text;
    case SERVICE_CV_CPU:
        snprintf(text, size, "%s", digits_of(p->cv_cpu, 10).text);
        return text;
    case SERVICE_REQUESTS_PER_CONNECTION:
        snprintf(text, size, "%.0f", p->requests_per_connection);
        return text;
    case SERVICE_CALLS:
        snprintf(text, size, "%d", p->calls);
        return text;
    case SERVICE_CONNECTIONS:
        snprintf(text, size, "%d", p->connections);
        return text;
    case SERVICE_BURST:
        snprintf(text, size, "%d", p->burst);
        return text;
    case SERVICE_CORES:
        snprintf(text, size, "%d", p->cores);
        return text;
    case SERVICE_BACKEND_WORKERS:
        snprintf(text, size, "%d", p->backend_workers);
        return text;
    case SERVICE_FIELDS:
        break;
    }
    return "";
}

/* Weights that are not the standard ones, and what must be there. */
static void add_wishes(const struct decision *decision, char *text, size_t size)
{
    const struct wishes *wishes = &decision->wishes;
    struct wishes standard = wishes_standard(decision->matter.service);
    char value[128];

    for (int d = 0; d < DRIVERS; d++) {
        snprintf(value, sizeof value, "%s=%s", driver_name(d),
                 digits_of(wishes->weights[d], 10).text);
        if (wishes->weights[d] != standard.weights[d])
            add(text, size, "weight", value);
        snprintf(value, sizeof value, "'%s>=%s'", driver_name(d),
                 digits_of(wishes->least[d], 10).text);
        if (wishes->least[d] > 0)
            add(text, size, "require", value);
    }
    for (int i = 0; i < wishes->score_count; i++) {
        const struct score *score = &wishes->scores[i];
        snprintf(value, sizeof value, "%s:%s=%s", driver_name(score->driver),
                 score->model, digits_of(score->value, 10).text);
        add(text, size, "score", value);
    }
}

/* The verb, with the service as it was given. */
static void start(const struct decision *decision, const char *program,
                  const char *verb, char *text, size_t size)
{
    const struct service *service = decision->matter.service;
    char value[96];

    snprintf(text, size, "%s %s", program, verb);
    for (int f = 0; f < SERVICE_FIELDS; f++)
        if (service->given[f])
            add(text, size, service_field_name(f),
                value_of(service, f, value, sizeof value));
    snprintf(value, sizeof value, "%s",
             digits_of(decision->wishes.peak, 10).text);
    if (decision->wishes.peak_given)
        add(text, size, "peak", value);
}

const char *decision_size_command(const struct decision *decision, char *text,
                                  size_t size)
{
    const struct matter *matter = &decision->matter;
    bool usual = decision->inquiry->question.model_count == 0 &&
                 decision->language == LANGUAGE_C;
    bool any = usual;

    start(decision, hint_program(), "size", text, size);
    for (int m = 0; m < matter->model_count && !usual; m++)
        if (curve_applies(matter->models[m])) {
            size_t used = strlen(text);
            snprintf(text + used, size - used, " %s", matter->models[m]->name);
            any = true;
        }
    return any ? text : NULL;
}

const char *decision_command(const struct decision *decision, char *text,
                             size_t size)
{
    static const char *const languages[] = {"c", "cpython", "node", "any"};
    const struct question *question = &decision->inquiry->question;
    char value[96];

    /* A record must be the same wherever it is made again. */
    start(decision, "build/release/troika", "decide", text, size);
    snprintf(value, sizeof value, "%d", question->workers);
    if (question->workers > 0)
        add(text, size, "workers", value);
    add_wishes(decision, text, size);
    if (question->model_count == 0 && decision->language != LANGUAGE_C)
        add(text, size, "language", languages[decision->language]);
    for (int i = 0; i < question->model_count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, " %s", question->models[i]);
    }
    return text;
}
