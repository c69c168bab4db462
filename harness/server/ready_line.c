/* SPDX-License-Identifier: MIT */
#include "ready_line.h"

#include <jansson.h>
#include <limits.h>

bool ready_line_read(const char *line, struct ready_line *said)
{
    json_t *root = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    json_int_t port = json_integer_value(json_object_get(root, "port"));
    json_int_t workers = json_integer_value(json_object_get(root, "workers"));
    bool ready = json_is_true(json_object_get(root, "ready")) && port > 0 &&
                 port < 65536;

    *said = (struct ready_line){0};
    if (ready)
        *said = (struct ready_line){
            .port = (int)port,
            .workers = workers > 0 && workers <= INT_MAX ? (int)workers : 0};
    json_decref(root);
    return ready;
}
