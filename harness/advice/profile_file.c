/* SPDX-License-Identifier: MIT
 *
 * The file is read into a service of its own by a table of keys; then what the
 * caller does not know yet is copied field by field.
 */
#include "profile_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/names.h"
#include "harness/experiment/reader.h"
#include "harness/experiment/value.h"
#include "harness/simulate/simulation.h"

static const int64_t DAY_NS = INT64_C(86400000000000);

/* What the reader's kinds set; times and sizes become doubles afterwards. */
struct values {
    char name[64];
    int64_t wait_ns, cpu_ns, think_ns, payload_bytes, memory_bytes;
    int requests_per_connection;
    double peak;
    struct service service;
};

enum { PEAK_MOST = 1000 };

int profile_cv(const char *text, double *cv, char *why, size_t why_size)
{
    char *end;

    *cv = strtod(text, &end);
    if (end != text && *end == '\0' && *cv >= 0 && isfinite(*cv))
        return 0;
    snprintf(why, why_size,
             "is \"%s\"; a coefficient of variation is a number, 0 (always the "
             "same) to 5",
             text);
    return -EINVAL;
}

int profile_limit(const char *text, struct service *service, char *why,
                  size_t why_size)
{
    double percent;
    int64_t ns;

    if (value_limit(text, &percent, &ns, why, why_size) < 0)
        return -EINVAL;
    if (percent != 50 && percent != 90 && percent != 99) {
        snprintf(why, why_size,
                 "is \"%s\"; p50, p90 and p99 are forecast: p99<100ms", text);
        return -EINVAL;
    }
    service->limit_percent = percent;
    service->limit_ns = (double)ns;
    return 0;
}

int profile_peak(const char *text, double *peak, char *why, size_t why_size)
{
    char *end;

    *peak = strtod(text, &end);
    if (end != text && *end == '\0' && *peak >= 1 && *peak <= PEAK_MOST)
        return 0;
    snprintf(why, why_size,
             "is \"%s\"; it is the busiest rate over the usual one, 1 to %d",
             text, PEAK_MOST);
    return -EINVAL;
}

static int take_peak(const struct reader *reader, const struct ini_entry *entry,
                     const struct key *key, void *into)
{
    struct values *values = into;
    char why[256];

    (void)key;
    int result = profile_peak(entry->value, &values->peak, why, sizeof why);
    return reader_judged(reader, entry, result, why);
}

static int take_limit(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    struct values *values = into;
    char why[256];

    (void)key;
    int result = profile_limit(entry->value, &values->service, why, sizeof why);
    return reader_judged(reader, entry, result, why);
}

static int take_cv(const struct reader *reader, const struct ini_entry *entry,
                   const struct key *key, void *into)
{
    char why[256];
    double *cv = (double *)(void *)((char *)into + key->offset);

    return reader_judged(reader, entry,
                         profile_cv(entry->value, cv, why, sizeof why), why);
}

static int take_rate(const struct reader *reader, const struct ini_entry *entry,
                     const struct key *key, void *into)
{
    struct values *values = into;
    char why[256];

    (void)key;
    int result =
        value_rate(entry->value, &values->service.rate_per_s, why, sizeof why);
    return reader_judged(reader, entry, result, why);
}

#define OF(member) KEY_IN(struct values, member)

/* The names of fields, and those of an experiment's [profile]. */
static const struct key keys[] = {
    {.name = "name", .kind = KEY_TEXT, OF(name)},
    {.name = "wait", .kind = KEY_TIME, OF(wait_ns), .max = DAY_NS},
    {.name = "calls", .kind = KEY_COUNT, OF(service.calls), .max = 16},
    {.name = "cpu", .kind = KEY_TIME, OF(cpu_ns), .max = DAY_NS},
    {.name = "rate", .kind = KEY_OWN, .take = take_rate},
    {.name = "peak", .kind = KEY_OWN, .take = take_peak},
    {.name = "connections",
     .kind = KEY_COUNT,
     OF(service.connections),
     .min = 1,
     .max = 1000000},
    {.name = "concurrency",
     .kind = KEY_COUNT,
     OF(service.connections),
     .min = 1,
     .max = 1000000},
    {.name = "think", .kind = KEY_TIME, OF(think_ns), .max = DAY_NS},
    {.name = "cv_wait", .kind = KEY_OWN, OF(service.cv_wait), .take = take_cv},
    {.name = "cv_cpu", .kind = KEY_OWN, OF(service.cv_cpu), .take = take_cv},
    {.name = "payload", .kind = KEY_BYTES, OF(payload_bytes), .max = INT64_MAX},
    {.name = "requests_per_connection",
     .kind = KEY_COUNT,
     OF(requests_per_connection),
     .min = 1,
     .max = INT32_MAX},
    {.name = "burst",
     .kind = KEY_COUNT,
     OF(service.burst),
     .min = 1,
     .max = 10000},
    {.name = "limit", .kind = KEY_OWN, .take = take_limit},
    {.name = "latency_limit", .kind = KEY_OWN, .take = take_limit},
    {.name = "memory",
     .kind = KEY_BYTES,
     OF(memory_bytes),
     .min = 1,
     .max = INT64_MAX},
    {.name = "cores",
     .kind = KEY_COUNT,
     OF(service.cores),
     .min = 1,
     .max = SIMULATION_CORES},
    {.name = "backend_workers",
     .kind = KEY_COUNT,
     OF(service.backend_workers),
     .min = 1,
     .max = 100000},
    {0}};

/* Members of struct service by field: the limit's two stand together. */
static const struct {
    size_t offset, size;
} members[SERVICE_FIELDS] = {
#define MEMBER(name)                                                           \
    {                                                                          \
        offsetof(struct service, name), sizeof(((struct service *)NULL)->name) \
    }
    [SERVICE_WAIT] = MEMBER(wait_ns),
    [SERVICE_CALLS] = MEMBER(calls),
    [SERVICE_CPU] = MEMBER(cpu_ns),
    [SERVICE_RATE] = MEMBER(rate_per_s),
    [SERVICE_CONNECTIONS] = MEMBER(connections),
    [SERVICE_THINK] = MEMBER(think_ns),
    [SERVICE_CV_WAIT] = MEMBER(cv_wait),
    [SERVICE_CV_CPU] = MEMBER(cv_cpu),
    [SERVICE_PAYLOAD] = MEMBER(payload_bytes),
    [SERVICE_REQUESTS_PER_CONNECTION] = MEMBER(requests_per_connection),
    [SERVICE_BURST] = MEMBER(burst),
    [SERVICE_LIMIT] = {offsetof(struct service, limit_percent),
                       offsetof(struct service, limit_ns) + sizeof(double) -
                           offsetof(struct service, limit_percent)},
    [SERVICE_MEMORY] = MEMBER(memory_bytes),
    [SERVICE_CORES] = MEMBER(cores),
    [SERVICE_BACKEND_WORKERS] = MEMBER(backend_workers),
#undef MEMBER
};

/* The field that a key sets, or SERVICE_FIELDS. */
static enum service_field field_of(const char *key)
{
    char name[INI_KEY_MAX];
    int field = 0;

    if (!strcmp(key, "concurrency"))
        return SERVICE_CONNECTIONS;
    if (!strcmp(key, "latency_limit"))
        return SERVICE_LIMIT;
    snprintf(name, sizeof name, "%s", key);
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_')
            *c = '-';
    while (field < SERVICE_FIELDS && strcmp(service_field_name(field), name))
        field++;
    return field;
}

/* Marks the fields of the section's keys as given. */
static int mark_given(const struct reader *reader, int section,
                      struct service *service)
{
    for (int i = 0; i < reader->ini->entry_count; i++) {
        const struct ini_entry *entry = &reader->ini->entries[i];
        enum service_field field = field_of(entry->key);

        if (entry->section != section || field == SERVICE_FIELDS)
            continue;
        if (service->given[field])
            return reader_fail(reader, entry->line,
                               "\"%s\" says again what a key above says: "
                               "concurrency is connections, and latency_limit "
                               "is limit",
                               entry->key);
        service->given[field] = true;
    }
    return 0;
}

/* Whether an experiment file may have the section. */
static bool is_of_an_experiment(const char *name)
{
    static const char *const kinds[] = {"experiment", "cell ",   "target ",
                                        "claim ",     "figure ", "verdict "};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strncmp(name, kinds[i], strlen(kinds[i])))
            return true;
    return false;
}

/* The index of [profile], or -EINVAL with a sentence. */
static int find_section(const struct reader *reader)
{
    static const char *const names[] = {"profile", NULL};
    const struct ini_file *ini = reader->ini;
    int found = -1;
    char hint[128];

    if (ini->entry_count > 0 && ini->entries[0].section < 0)
        return reader_fail(reader, ini->entries[0].line,
                           "\"%s\" is in no section; begin with [profile]",
                           ini->entries[0].key);
    for (int i = 0; i < ini->section_count; i++) {
        const struct ini_section *s = &ini->sections[i];

        if (is_of_an_experiment(s->name))
            continue;
        if (strcmp(s->name, "profile") != 0)
            return reader_fail(
                reader, s->line, "unknown section [%s]%s", s->name,
                names_suggest(s->name, names, hint, sizeof hint));
        if (found >= 0)
            return reader_fail(reader, s->line,
                               "[profile] was given on line %d already",
                               ini->sections[found].line);
        found = i;
    }
    if (found < 0)
        return reader_fail(reader, 1, "there is no [profile] section");
    return found;
}

static int read_values(const struct reader *reader, struct values *values)
{
    int section = find_section(reader);
    struct service *service = &values->service;

    if (section < 0)
        return section;
    int result = reader_section(reader, section, keys, values);
    if (result < 0)
        return result;
    service->wait_ns = (double)values->wait_ns;
    service->cpu_ns = (double)values->cpu_ns;
    service->think_ns = (double)values->think_ns;
    service->payload_bytes = (double)values->payload_bytes;
    service->memory_bytes = (double)values->memory_bytes;
    service->requests_per_connection = values->requests_per_connection;
    return mark_given(reader, section, service);
}

int profile_file_read(const char *path, struct service *service, double *peak,
                      char *why, size_t why_size)
{
    struct ini_file ini;
    struct values values = {0};
    struct reader reader = {
        .path = path, .ini = &ini, .why = why, .why_size = why_size};
    int result = ini_read(path, &ini, why, why_size);

    if (result == 0)
        result = read_values(&reader, &values);
    for (int f = 0; f < SERVICE_FIELDS && result == 0; f++) {
        if (service->given[f] || !values.service.given[f])
            continue;
        memcpy((char *)service + members[f].offset,
               (const char *)&values.service + members[f].offset,
               members[f].size);
        service->given[f] = service->profiled[f] = true;
    }
    *peak = result == 0 ? values.peak : 0;
    ini_free(&ini);
    return result;
}
