/* SPDX-License-Identifier: MIT
 *
 * A store that the experiment names by address is neither started nor metered,
 * since it may be on another machine.
 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "steps.h"
#include "trial.h"

static bool needs(const struct load_point *point, enum store store)
{
    return point->workload->workload->store == store ||
           (point->beside.workload &&
            point->beside.workload->workload->store == store);
}

static int prepare_one(struct live_trial *live, enum store store)
{
    const struct trial_spec *spec = live->spec;
    struct trial *trial = live->trial;
    struct trial_store *facts = &trial->stores[store];
    struct store_server *server = &spec->stores[store];

    facts->used = true;
    facts->own =
        !spec->store_addresses || spec->store_addresses[store][0] == '\0';
    if (!facts->own) {
        snprintf(facts->address, sizeof facts->address, "%s",
                 spec->store_addresses[store]);
        return 0;
    }
    int result =
        store_server_ensure(store, server, &trial->cpus.clients, spec->stop,
                            trial->failure, sizeof trial->failure);
    trial->lasting = result == -ENOENT;
    facts->starts = server->starts;
    snprintf(facts->address, sizeof facts->address, "%s", server->address);
    snprintf(facts->version, sizeof facts->version, "%s", server->version);
    return result;
}

int trial_store_prepare(struct live_trial *live)
{
    int result = 0;

    for (int store = STORE_NONE + 1; store < STORES && result == 0; store++)
        if (needs(live->spec->point, store))
            result = prepare_one(live, store);
    return result;
}

int trial_store_flags(const struct trial *trial, const char **argv, int n)
{
    static const char *const flags[STORES] = {
        [STORE_POSTGRESQL] = "--postgresql", [STORE_REDIS] = "--redis"};

    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (trial->stores[store].used) {
            argv[n++] = flags[store];
            argv[n++] = trial->stores[store].address;
        }
    return n;
}

void trial_store_environment(const struct trial_spec *spec,
                             const struct trial *trial,
                             char (*words)[STORE_WORD_SIZE],
                             const char *environment[STORES * STORE_WORDS + 1])
{
    int n = 0;

    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (trial->stores[store].own)
            n += store_server_environment(&spec->stores[store], words + n);
    for (int i = 0; i < n; i++)
        environment[i] = words[i];
    environment[n] = NULL;
}

static void sample(struct live_trial *live, bool last)
{
    for (int store = STORE_NONE + 1; store < STORES; store++) {
        struct trial_store *facts = &live->trial->stores[store];
        if (!facts->own)
            continue;
        struct store_server *server = &live->spec->stores[store];
        if (!server->process.meter)
            continue;
        meter_sample(server->process.meter,
                     last ? &facts->last : &facts->first);
        facts->alive =
            process_alive(&server->process, facts->words, sizeof facts->words);
    }
}

void trial_store_first(struct live_trial *live)
{
    sample(live, false);
}

void trial_store_last(struct live_trial *live)
{
    sample(live, true);
}

bool trial_store_alive(struct live_trial *live, char *words, size_t size)
{
    char state[256];

    for (int store = STORE_NONE + 1; store < STORES; store++)
        if (live->trial->stores[store].own &&
            !process_alive(&live->spec->stores[store].process, state,
                           sizeof state)) {
            snprintf(words, size, "%s %s", store_title(store), state);
            return false;
        }
    return true;
}

static double cpu_ns(const struct trial_store *facts)
{
    const struct meter_sample *first = &facts->first, *last = &facts->last;

    if (!facts->own || first->cpu_user_ns < 0 || last->cpu_user_ns < 0)
        return 0;
    return (double)(last->cpu_user_ns - first->cpu_user_ns) +
           (double)(last->cpu_system_ns - first->cpu_system_ns);
}

double trial_store_cpu_ns(const struct trial *trial)
{
    double sum = 0;

    for (int store = STORE_NONE + 1; store < STORES; store++)
        sum += cpu_ns(&trial->stores[store]);
    return sum;
}

static json_t *share(const struct trial_store *facts)
{
    double span_ns = (double)(facts->last.at_ns - facts->first.at_ns);

    return facts->own && span_ns > 0 && facts->first.cpu_user_ns >= 0
               ? json_real(cpu_ns(facts) / span_ns)
               : json_null();
}

json_t *trial_store_json(const struct trial *trial)
{
    json_t *array = json_array();

    for (int store = STORE_NONE + 1; store < STORES; store++) {
        const struct trial_store *facts = &trial->stores[store];

        if (facts->used)
            json_array_append_new(
                array,
                json_pack("{s:s, s:s, s:s?, s:b, s:i, s:o, s:o}", "name",
                          store_name(store), "address", facts->address,
                          "version", facts->version[0] ? facts->version : NULL,
                          "own", facts->own, "starts", facts->starts, "busy",
                          share(facts), "memory_bytes",
                          facts->own && facts->last.total_bytes > 0
                              ? json_integer(facts->last.total_bytes)
                              : json_null()));
    }
    return array;
}
