/* SPDX-License-Identifier: MIT
 *
 * Flags of a model's own: from --describe to a table, as keys of an
 * experiment, and onto a command line. Has models and a workload of its own.
 */
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
#include "harness/server/settings.h"

static const struct parameter none[] = {{.name = NULL}};
static const struct workload wait_workload = {.parameters = none};

const struct workload_entry workloads[] = {
    {"wait", &wait_workload},
    {NULL, NULL},
};

static const struct parameter loop_settings[] = {
    {"stack", UNIT_BYTES, "64KiB", 16 << 10, 1 << 20, 0, ""},
    {.name = NULL},
};
static const struct parameter pool_settings[] = {
    {"spread", UNIT_COUNT, "1", 0, 1, 0, ""},
    {"stack", UNIT_BYTES, "64KiB", 32 << 10, 1 << 20, 0, ""},
    {.name = NULL},
};
static const struct model_info models[] = {
    {.name = "loop", .available = true, .settings = loop_settings},
    {.name = "pool", .available = true, .settings = pool_settings},
    {.name = "serial", .available = true},
    {.name = NULL},
};

static char why[1024];

/* The experiment, or NULL with the reason in `why`. */
static struct experiment *read_text(const char *text)
{
    char path[] = "/tmp/troika-settings-XXXXXX";
    int fd = mkstemp(path);
    struct experiment *experiment = NULL;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    why[0] = '\0';
    experiment_read(path, models, &experiment, why, sizeof why);
    unlink(path);
    return experiment;
}

static void bad(const char *text, const char *part)
{
    if (read_text(text))
        fail_msg("accepted: %s", text);
    if (!strstr(why, part))
        fail_msg("\"%s\" is not in: %s", part, why);
}

#define HEAD "[experiment]\nworkload = wait\n"
#define CELL HEAD "[cell a]\n"

static void the_nearest_to_a_model_wins(void **state)
{
    struct experiment *e =
        read_text(HEAD "stack = 128KiB\nspread.pool = 0\n"
                       "[cell a]\nmodels = loop, pool, serial\n"
                       "[cell b]\nmodels = loop, pool\n"
                       "stack.pool = 32KiB\nstack = 64KiB\n"
                       "[cell c]\nmodels = serial\n");
    const struct load_point *p = e ? e->load_points : NULL;

    (void)state;
    if (!p)
        fail_msg("refused: %s", why);
    assert_string_equal(p[0].model_settings[0], "stack=128KiB");
    assert_string_equal(p[0].model_settings[1], "spread=0&stack=128KiB");
    assert_string_equal(p[0].model_settings[2], "");
    assert_string_equal(p[1].model_settings[0], "stack=64KiB");
    assert_string_equal(p[1].model_settings[1], "spread=0&stack=32KiB");
    assert_string_equal(p[2].model_settings[0], "");
    experiment_free(e);
}

static void what_no_model_can_use_is_refused(void **state)
{
    (void)state;
    bad(CELL "stack = 1KiB\n", "4: of the model loop, stack=1KiB");
    bad(CELL "stack = 64\n", "is not a size");
    bad(CELL "models = serial\nstack = 64KiB\n", "none of the cell's models");
    bad(CELL "stack.serial = 64KiB\n", "the model serial has no \"stack\"");
    bad(CELL "stack.lop = 64KiB\n", "did you mean loop?");
    bad(CELL "stak = 64KiB\n", "did you mean stack?");
    bad(CELL "stack =\n", "has no value");
    bad(CELL "stack = 64KiB\nstack = 1MiB\n", "given on line 4 already");
}

/* Servers are not all ours: rows may be anything. */
static void rows_without_sense_are_left_out(void **state)
{
    json_t *described = json_loads(
        "[{\"name\": \"stack\", \"unit\": \"bytes\", \"default\": \"64KiB\", "
        "\"minimum\": \"32KiB\", \"maximum\": \"64MiB\", \"help\": \"\"}, "
        "{\"name\": \"colour\", \"unit\": \"hue\"}, 7, {}, "
        "{\"name\": \"spread\", \"unit\": \"count\", \"default\": \"1\", "
        "\"minimum\": \"0\", \"maximum\": \"1\"}]",
        0, NULL);
    /* Kept for the life of the program, as there. */
    static const struct parameter *table, *nothing;

    (void)state;
    table = settings_table(described);
    nothing = settings_table(NULL);
    assert_int_equal(parameters_count(table), 2);
    assert_string_equal(table[0].name, "stack");
    assert_int_equal(table[0].max, 64 << 20);
    assert_string_equal(table[1].name, "spread");
    assert_int_equal(parameters_count(nothing), 0);
    json_decref(described);
}

static void a_choice_becomes_words(void **state)
{
    const char *argv[8] = {"server"};
    char words[2 * SETTINGS_TEXT_MAX];

    (void)state;
    assert_int_equal(settings_argv("", words, argv, 1), 1);
    assert_int_equal(settings_argv("stack=32KiB&spread=0", words, argv, 1), 5);
    assert_string_equal(argv[1], "--stack");
    assert_string_equal(argv[2], "32KiB");
    assert_string_equal(argv[3], "--spread");
    assert_string_equal(argv[4], "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_to_a_model_wins),
        cmocka_unit_test(what_no_model_can_use_is_refused),
        cmocka_unit_test(rows_without_sense_are_left_out),
        cmocka_unit_test(a_choice_becomes_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
