/* SPDX-License-Identifier: MIT
 *
 * A plan and a trial describe a cell with the same members, so that they can be
 * compared as they are.
 */
#include "json_cell.h"

#include <string.h>

#include "harness/load/schedule.h"

json_t *json_parameters(const struct parameter *table,
                        const struct arguments *arguments)
{
    json_t *object = json_object();
    char key[64];
    for (int i = 0; i < parameters_count(table); i++) {
        int n = argument_count(arguments, i);
        json_t *value = json_integer(argument(arguments, i));

        if (table[i].list_max > 0) {
            json_decref(value);
            value = json_array();
            for (int j = 0; j < n; j++)
                json_array_append_new(
                    value,
                    json_integer(arguments->values[arguments->first[i] + j]));
        }
        snprintf(key, sizeof key, "%s%s%s", table[i].name,
                 table[i].unit == UNIT_COUNT ? "" : "_",
                 table[i].unit == UNIT_COUNT ? "" : units[table[i].unit].name);
        json_object_set_new(object, key, value);
    }
    return object;
}

json_t *json_settings(const struct model_info *model, const char *choice)
{
    if (!choice)
        choice = "";
    struct arguments arguments;
    if (parameters_parse_query(model->settings, choice, strlen(choice),
                               &arguments, NULL, 0) < 0)
        return json_object();
    return json_parameters(model->settings, &arguments);
}

json_t *json_query(const struct workload_entry *workload,
                   const struct arguments *arguments)
{
    struct arguments seedless = *arguments;
    char text[4096] = "";

    seedless.seed = 0;
    parameters_format_query(workload->workload->parameters, &seedless, text,
                            sizeof text);
    char *seed = strstr(text, "seed=0");
    if (seed && seed[6] == '\0')
        *(seed > text ? seed - 1 : seed) = '\0';
    return json_string(text);
}

static json_t *json_slicing(const struct slicing *slicing)
{
    return json_pack("{s:i, s:I, s:I}", "count", slicing->count, "slice_ns",
                     (json_int_t)slicing->slice_ns, "discard_ns",
                     (json_int_t)slicing->discard_ns);
}

json_t *json_load(const struct load_point *point)
{
    bool open = point->mode == LOAD_OPEN;
    char name[LOAD_ARRIVALS_TEXT];
    json_t *object = json_pack(
        "{s:s, s:i, s:o, s:o, s:o}", "mode", load_point_mode(point),
        "connections", point->connections, "rate_per_s",
        open && !point->search &&
                (point->rate_per_s > 0 || point->rate_of_capacity <= 0)
            ? json_real(point->rate_per_s)
            : json_null(),
        "arrivals",
        open ? json_string(load_schedule_name(point->arrivals, point->burst,
                                              name, sizeof name))
             : json_null(),
        "think_ns", json_integer(point->think_ns));
    if (point->rate_of_capacity > 0)
        json_object_set_new(object, "rate_of_capacity",
                            json_real(point->rate_of_capacity));
    if (point->recovery_ns > 0)
        json_object_set_new(object, "recovery_limit_ns",
                            json_integer(point->recovery_ns));
    if (point->slicing.count > 0)
        json_object_set_new(object, "slices", json_slicing(&point->slicing));
    return object;
}
