/* SPDX-License-Identifier: MIT
 *
 * The line of JSON that --describe prints, from the model's descriptor alone.
 * All that the harness knows about a model is in this line; docs/contract.md
 * has its format.
 */
#include "describe.h"

#include <stdbool.h>
#include <stddef.h>

#include "models/runtime/http/http.h"
#include "models/runtime/model.h"

enum { WORKLOADS_MAX = 256 };

static int print_array(struct reply *json, const char *const *names)
{
    const char *separator = "";
    int rc = reply_append(json, "[", 1);

    for (; *names && rc == 0; names++) {
        rc = reply_printf(json, "%s\"%s\"", separator, *names);
        separator = ",";
    }
    return rc ? rc : reply_append(json, "]", 1);
}

static int print_flags(struct reply *json)
{
    const char *names[5] = {0};
    int count = 0;

    if (model.flags & MODEL_SHARED_MEMORY)
        names[count++] = "shared-memory";
    if (model.flags & MODEL_PREEMPTIVE)
        names[count++] = "preemptive";
    if (model.flags & MODEL_PARALLEL)
        names[count++] = "parallel";
    if (model.offload)
        names[count++] = "offloads";
    return print_array(json, names);
}

/* Prints the workloads that the model has; null: all. */
static int print_only(struct reply *json)
{
    const char *names[WORKLOADS_MAX + 1];
    int count = 0;

    if (!model.has)
        return reply_printf(json, "null");
    for (const struct workload_entry *entry = workloads; entry->name; entry++)
        if (count < WORKLOADS_MAX && model.has(entry->workload))
            names[count++] = entry->name;
    names[count] = NULL;
    return print_array(json, names);
}

int describe_model(struct reply *json)
{
    static const char *const tasks[] = {
        [TASK_NONE] = "none",           [TASK_THREAD] = "thread",
        [TASK_COROUTINE] = "coroutine", [TASK_PROCESS] = "process",
        [TASK_CALLBACK] = "callback",
    };
    bool yardstick = model.flags & MODEL_YARDSTICK;

    int rc = reply_printf(json, "{\"model\":\"%s\",\"summary\":", model.name);
    rc = rc ? rc : reply_json_string(json, model.summary);
    rc = rc ? rc
            : reply_printf(
                  json, ",\"task\":\"%s\",\"discipline\":\"%s\",\"flags\":",
                  tasks[model.task_kind], discipline_name(model.discipline));
    rc = rc ? rc : print_flags(json);
    rc = rc ? rc
            : reply_printf(json, ",\"yardstick\":%s,\"workers_default\":",
                           yardstick ? "true" : "false");
    if (model.workers_default)
        rc = rc ? rc : reply_printf(json, "%d", model.workers_default());
    else
        rc = rc ? rc : reply_printf(json, "null");
    rc = rc ? rc : reply_printf(json, ",\"only\":");
    rc = rc ? rc : print_only(json);
    rc = rc ? rc : reply_printf(json, ",\"parameters\":");
    rc = rc ? rc : reply_json_parameters(json, model.parameters);
    return rc ? rc : reply_printf(json, "}\n");
}
