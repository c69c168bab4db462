/* SPDX-License-Identifier: MIT
 *
 * What the tests of experiment files share: models and workloads of their own,
 * so that they test the reading and not what happens to be built, and a text
 * read as a file, which must be good, or bad on a line and for a reason.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/experiment/experiment.h"

static const struct parameter wait_parameters[] = {
    {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0, "how long"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter gather_parameters[] = {
    {"delays", UNIT_NS, "50ms", 0, 3600000000000, 64, "one for each call"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter spin_parameters[] = {
    {"steps", UNIT_COUNT, "100k", 1, 1000000000, 0, "of the loop"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};

static int64_t longest(const struct arguments *arguments)
{
    int64_t most = 0;

    for (int i = 0; i < argument_count(arguments, 0); i++)
        if (arguments->values[i] > most)
            most = arguments->values[i];
    return most;
}

static double cv_of_3(const struct arguments *arguments)
{
    (void)arguments;
    return 3;
}

static const struct workload wait_workload = {.parameters = wait_parameters,
                                              .wait_ns = longest};
static const struct workload varied_workload = {
    .parameters = wait_parameters, .wait_ns = longest, .wait_cv = cv_of_3};
static const struct workload gather_workload = {.parameters = gather_parameters,
                                                .wait_ns = longest};
static const struct workload spin_workload = {.parameters = spin_parameters};

const struct workload_entry workloads[] = {
    {"gather", &gather_workload},
    {"spin", &spin_workload},
    {"varied", &varied_workload},
    {"wait", &wait_workload},
    {NULL, NULL},
};
const struct workload_missing workloads_missing[] = {{"absent", "libabsent"},
                                                     {0}};

static const char *const callback_has[] = {"wait", NULL};
static const struct model_info models[] = {
    {.name = "callback", .available = true, .only = callback_has},
    {.name = "event-loop", .available = true},
    {.name = "node", .reason = "not built: no node here"},
    {.name = "null", .available = true, .yardstick = true},
    {.name = "process-pool", .available = true, .has_workers = true},
    {.name = "serial", .available = true},
    {.name = NULL},
};

static char path[64];
static char why[1024];

static int make_path(void **state)
{
    int fd;

    (void)state;
    snprintf(path, sizeof path, "/tmp/troika-experiment-XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static int read_bytes(const char *text, size_t size,
                      struct experiment **experiment)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    why[0] = '\0';
    return experiment_read(path, models, experiment, why, sizeof why);
}

static struct experiment *good(const char *text)
{
    struct experiment *experiment;
    int result = read_bytes(text, strlen(text), &experiment);

    if (result != 0)
        fail_msg("refused: %s", why);
    return experiment;
}

/* The text must be refused on that line, with that part of a sentence. */
static void bad(const char *text, int line, const char *part)
{
    struct experiment *experiment;
    char where[96];
    int result = read_bytes(text, strlen(text), &experiment);

    if (result == 0)
        fail_msg("accepted: %s", text);
    assert_null(experiment);
    snprintf(where, sizeof where, "%s:%d: ", path, line);
    if (strncmp(why, where, strlen(where)) != 0 || !strstr(why, part))
        fail_msg("for\n%s\nwanted %s...%s...\ngot    %s", text, where, part,
                 why);
}

#define HEAD "[experiment]\n"
#define CELL HEAD "[cell a]\nworkload = wait\n"
