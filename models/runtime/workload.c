/* SPDX-License-Identifier: MIT
 *
 * Lookup in the generated table of workloads. In a file of its own because
 * the harness looks workloads up as well, without the server around them.
 */
#include "workload.h"

#include <string.h>

const struct workload_entry *workload_find(const char *name)
{
    /* Every request comes by here; a letter tells most names apart. */
    for (const struct workload_entry *entry = workloads; entry->name; entry++)
        if (*entry->name == *name && strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}
