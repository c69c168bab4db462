/* SPDX-License-Identifier: MIT
 *
 * Tables of parameters: defaults, ranges, lists, query strings and the
 * sentences that explain a refusal.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/runtime/base/parameter.h"

enum { DELAY, CALLS, DELAYS, SIZE };
static const struct parameter table[] = {
    [DELAY] = {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0, "a wait"},
    [CALLS] = {"calls", UNIT_COUNT, "1", 1, 64, 0, "how many \"calls\""},
    [DELAYS] = {"delays", UNIT_NS, "2s,1s,3s", 0, 3600000000000, 64, "waits"},
    [SIZE] = {"size", UNIT_BYTES, "13B", 1, 1 << 20, 0, "bytes"},
    {.name = NULL},
};

static struct arguments arguments;
static char why[256];

static int query_of(const struct parameter *rows, const char *text)
{
    why[0] = 0;
    return parameters_parse_query(rows, text, strlen(text), &arguments, why,
                                  sizeof why);
}

static int query(const char *text)
{
    return query_of(table, text);
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(parameters_parse(table, NULL, &arguments, why, sizeof why),
                     0);
    assert_int_equal(argument(&arguments, DELAY), 50000000);
    assert_int_equal(argument(&arguments, CALLS), 1);
    assert_int_equal(argument_count(&arguments, DELAYS), 3);
    assert_int_equal(argument(&arguments, SIZE), 13);
    assert_int_equal(arguments.seed, 0);
    assert_int_equal(query(""), 0);
    assert_int_equal(parameters_count(table), 4);
    assert_int_equal(parameters_count(NULL), 0);
    assert_int_equal(parameters_find(table, "size"), SIZE);
    assert_int_equal(parameters_find(table, "siz"), -1);
}

static void good_queries(void **state)
{
    (void)state;
    assert_int_equal(query("delay=1s&calls=2&seed=18446744073709551615"), 0);
    assert_int_equal(argument(&arguments, DELAY), 1000000000);
    assert_int_equal(argument(&arguments, CALLS), 2);
    assert_true(arguments.seed == UINT64_MAX);
    assert_int_equal(query("delays=5ms"), 0);
    assert_int_equal(argument_count(&arguments, DELAYS), 1);
    assert_int_equal(argument(&arguments, SIZE), 13);
    assert_int_equal(query("d%65lay=%31s&delays=1ms%2C2ms"), 0);
    assert_int_equal(argument(&arguments, DELAY), 1000000000);
    assert_int_equal(argument_count(&arguments, DELAYS), 2);
    assert_int_equal(
        parameters_parse_query(NULL, "seed=3", 6, &arguments, why, sizeof why),
        0);
    assert_int_equal(arguments.seed, 3);
}

static void bad_queries(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"delay=50", "a time"},
        {"delay=2h", "0s to 1h"},
        {"delay=-1s", "0s to 1h"},
        {"calls=0", "1 to 64"},
        {"calls=65", "1 to 64"},
        {"delay", "malformed"},
        {"delay=", "a time"},
        {"=5", "not a parameter"},
        {"&", "malformed"},
        {"delay=1s&", "ends in &"},
        {"delay=1s&&calls=1", "malformed"},
        {"delay=1s&delay=2s", "twice"},
        {"seed=1&seed=1", "twice"},
        {"seed=", "seed="},
        {"seed=-1", "seed=-1"},
        {"seed=18446744073709551616", "seed="},
        {"wait=1s", "there are: delay, calls, delays, size, seed"},
        {"delay=%", "malformed"},
        {"delay=%4", "malformed"},
        {"delay=%zz", "malformed"},
        {"delay=1s%00", "malformed"},
        {"delay=1s,2s", "a time"},
        {"delays=1s,", "a time"},
        {"delays=,", "a time"},
        {"delay=\x01\xff"
         "s",
         "delay=??s"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (query(bad[i][0]) != -EINVAL || !strstr(why, bad[i][1]))
            fail_msg("%s: %s", bad[i][0], why);
}

static void long_queries(void **state)
{
    (void)state;
    char text[6000] = "delays=1s";
    for (int i = 1; i < 64; i++)
        strcat(text, ",0.000000001s");
    assert_int_equal(query(text), 0);
    assert_int_equal(argument_count(&arguments, DELAYS), 64);
    strcat(text, ",1s");
    assert_int_equal(query(text), -EINVAL);
    assert_non_null(strstr(why, "1 to 64"));
    for (size_t size = 1; size < sizeof text - 1; size++) {
        memset(text, '9', size);
        text[size] = 0;
        assert_int_equal(query(text), -EINVAL);
        memcpy(text, size > 9 ? "delay=" : "", size > 9 ? 6 : 0);
        assert_int_equal(query(text), -EINVAL);
    }
}

/* No input may crash or be read beyond its end. */
static void mutations(void **state)
{
    (void)state;
    static const char start[] = "delay=50ms&calls=2&delays=1s,2s%2C3s&seed=7";
    uint64_t x = 7;
    char text[sizeof start];
    for (int i = 0; i < 50000; i++) {
        memcpy(text, start, sizeof start);
        for (int k = 0; k < 1 + i % 4; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            text[(x >> 33) % (sizeof start - 1)] = (char)(x >> 56);
        }
        size_t size = i % 7 ? sizeof start - 1 : (x >> 40) % sizeof start;
        why[0] = 0;
        int error = parameters_parse_query(table, text, size, &arguments, why,
                                           sizeof why);
        assert_true(error == 0 || (error == -EINVAL && why[0]));
    }
}

static void format_and_back(void **state)
{
    (void)state;
    char text[256];
    assert_int_equal(query("calls=2&seed=7&delays=1s,20ms"), 0);
    int length = parameters_format_query(table, &arguments, text, sizeof text);
    assert_string_equal(text,
                        "delay=50ms&calls=2&delays=1s,20ms&size=13B&seed=7");
    assert_int_equal(length, (int)strlen(text));
    struct arguments before = arguments;
    assert_int_equal(query(text), 0);
    assert_memory_equal(before.first, arguments.first, sizeof before.first);
    assert_true(before.seed == arguments.seed);
    for (int i = 0; i < before.first[4]; i++)
        assert_int_equal(before.values[i], arguments.values[i]);
    assert_int_equal(parameters_format_query(table, &arguments, text, length),
                     -ENOSPC);
}

/* parameters_format_query escapes nothing, so no suffix may need an escape. The
 * written text may have another suffix, because the shortest text is chosen. */
static void every_suffix_stands_in_a_query(void **state)
{
    (void)state;
    for (int unit = 0; unit < UNITS; unit++) {
        const struct parameter one[] = {
            {"x", (enum unit)unit, "", 0, INT64_MAX, 0, "one"}, {.name = NULL}};
        char text[64], again[64];
        for (const struct unit_suffix *s = units[unit].suffixes; s && s->text;
             s++) {
            snprintf(text, sizeof text, "x=1%s", s->text);
            if (query_of(one, text) < 0)
                fail_msg("%s: %s", text, why);
            assert_true(argument(&arguments, 0) == s->scale);
            assert_true(parameters_format_query(one, &arguments, again,
                                                sizeof again) > 0);
            assert_int_equal(query_of(one, again), 0);
            assert_true(argument(&arguments, 0) == s->scale);
        }
    }
}

static void description(void **state)
{
    (void)state;
    char text[1024];
    int length = parameters_describe(table, text, sizeof text);
    assert_int_equal(length, (int)strlen(text));
    assert_non_null(strstr(text, "{\"name\":\"delay\",\"unit\":\"ns\","
                                 "\"default\":\"50ms\",\"minimum\":\"0s\","
                                 "\"maximum\":\"1h\",\"help\":\"a wait\"}"));
    assert_non_null(strstr(text, "how many \\\"calls\\\""));
    for (int size = 1; size <= length; size++)
        assert_int_equal(parameters_describe(table, text, (size_t)size),
                         -ENOSPC);
    assert_int_equal(parameters_describe(NULL, text, sizeof text), 2);
    assert_string_equal(text, "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(good_queries),
        cmocka_unit_test(bad_queries),
        cmocka_unit_test(long_queries),
        cmocka_unit_test(mutations),
        cmocka_unit_test(format_and_back),
        cmocka_unit_test(every_suffix_stands_in_a_query),
        cmocka_unit_test(description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
