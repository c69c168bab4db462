/* SPDX-License-Identifier: MIT
 *
 * Looking up a workload in the generated table, and answering questions about
 * its declaration. The harness needs this too, without the server; hence a file
 * of its own.
 */
#include "workload.h"

#include <string.h>

const struct workload_entry *workload_find(const char *name)
{
    /* Every request comes through here; the first letter tells most names
     * apart. */
    for (const struct workload_entry *entry = workloads; entry->name; entry++)
        if (*entry->name == *name && strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}

const char *workload_lacks(const char *name)
{
    for (int i = 0; workloads_missing[i].name; i++)
        if (!strcmp(workloads_missing[i].name, name))
            return workloads_missing[i].package;
    return NULL;
}

int64_t workload_never_waits(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

bool workload_waits_once(const struct workload *workload)
{
    return workload->handle && !workload->needs_backend &&
           workload->store == STORE_NONE && !workload->waits_ns &&
           !workload->counts_updates && !workload->blocks;
}

bool workload_is_nothing(const struct workload *workload)
{
    struct arguments defaults;

    return workload_waits_once(workload) && workload->kind == WORKLOAD_IO &&
           parameters_parse_query(workload->parameters, "", 0, &defaults, NULL,
                                  0) == 0 &&
           workload->wait_ns(&defaults) == 0;
}

const char *workload_kind_name(enum workload_kind kind)
{
    static const char *const names[] = {[WORKLOAD_IO] = "io",
                                        [WORKLOAD_CPU] = "cpu",
                                        [WORKLOAD_MIXED] = "mixed",
                                        [WORKLOAD_IDLE] = "idle"};

    return names[kind];
}
