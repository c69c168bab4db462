/* SPDX-License-Identifier: MIT
 *
 * What a server says of itself: the ready line, its last words, and its answer
 * to --describe. A port is a port, a count is one; a model that is not
 * available has a reason; settings lie within their own limits.
 */
#include "fuzz.h"

#include <jansson.h>

#include "harness/server/models.h"
#include "harness/server/process.h"
#include "harness/server/ready_line.h"
#include "models/runtime/base/parameter.h"

static void check_ready(const char *text)
{
    struct ready_line said = {.port = -1, .workers = -1};

    if (ready_line_read(text, &said))
        FUZZ_CHECK(said.port > 0 && said.port < 65536 && said.workers >= 0,
                   "port %d, %d workers", said.port, said.workers);
    else
        FUZZ_CHECK(said.port == 0 && said.workers == 0, "%d", said.port);
}

/* The tail: at most so many lines and bytes, with nothing that would spoil a
 * terminal. */
static void check_tail(const uint8_t *data, size_t size)
{
    static struct process_output *output;
    char tail[80];

    if (!output && !(output = process_output_new()))
        abort();
    process_output_add(output, (const char *)data, size);
    for (size_t room = 1; room <= sizeof tail; room += 79) {
        int lines = 1;
        process_output_tail(output, 3, tail, room);
        FUZZ_CHECK(strlen(tail) < room, "%zu", strlen(tail));
        for (const char *c = tail; *c; c++) {
            lines += *c == '\n';
            FUZZ_CHECK((unsigned char)*c >= ' ' || *c == '\n' || *c == '\t',
                       "byte %d", *c);
        }
        FUZZ_CHECK(lines <= 3, "%d lines", lines);
    }
}

static void check_settings(const struct parameter *settings)
{
    struct arguments arguments;
    char why[512] = "";
    int rows = parameters_count(settings);

    FUZZ_CHECK(rows <= PARAMETERS_MAX, "%d rows", rows);
    FUZZ_CHECK(parameters_parse(settings, NULL, &arguments, why, sizeof why) ==
                   0,
               "its own defaults: %s", why);
}

/* The list keeps all that for the life of the program; here it would pile up.
 * `listed`: the parameters are a text of their own. */
static void forget(struct model_info *model, bool listed)
{
    free((char *)model->summary);
    free((char *)model->task);
    free((char *)model->flags);
    free((char *)model->runtime);
    if (listed)
        free((char *)model->parameters);
    for (int i = 0; model->only && model->only[i]; i++)
        free((char *)model->only[i]);
    free((void *)model->only);
    for (int i = 0; model->settings && i < PARAMETERS_MAX; i++) {
        free((char *)model->settings[i].name);
        free((char *)model->settings[i].default_text);
    }
    free((void *)model->settings);
}

static void check_description(const char *text)
{
    struct model_info model = {.name = "event-loop", .path = "/x"};
    json_t *described = json_loads(text, 0, NULL);
    bool listed = json_is_array(json_object_get(described, "parameters"));
    json_t *again;

    json_decref(described);
    models_take_description(&model, text);
    if (!model.available) {
        FUZZ_CHECK(model.reason && model.reason[0], "no reason");
        free((char *)model.reason);
        return;
    }
    FUZZ_CHECK(model.workers_default >= 0, "%d", model.workers_default);
    again = json_loads(model.parameters, 0, NULL);
    FUZZ_CHECK(json_is_array(again), "%s", model.parameters);
    json_decref(again);
    check_settings(model.settings);
    forget(&model, listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);

    check_ready(text);
    check_description(text);
    check_tail(data, size);
    free(text);
    return 0;
}
