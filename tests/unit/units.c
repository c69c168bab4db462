/* SPDX-License-Identifier: MIT
 *
 * Quantities: what is accepted, what is refused and how, and that every
 * formatted value is read back to itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/runtime/base/units.h"

struct example {
    enum unit unit;
    const char *text;
    int64_t value;
};

static void good_quantities(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {UNIT_NS, "50ms", 50000000},
        {UNIT_NS, "1.5s", 1500000000},
        {UNIT_NS, "0s", 0},
        {UNIT_NS, "0.000000001s", 1},
        {UNIT_NS, "1.50000000000000000000000000000000000000s", 1500000000},
        {UNIT_NS, "1h", 3600000000000},
        {UNIT_NS, "2m", 120000000000},
        {UNIT_NS, "007us", 7000},
        {UNIT_NS, "9223372036854775807ns", INT64_MAX},
        {UNIT_NS, "9223372036.854775807s", INT64_MAX},
        {UNIT_BYTES, "13B", 13},
        {UNIT_BYTES, "64KiB", 65536},
        {UNIT_BYTES, "1kB", 1000},
        {UNIT_BYTES, "0.5KiB", 512},
        {UNIT_BYTES, "0.000000000931322574615478515625GiB", 1},
        {UNIT_COUNT, "100k", 100000},
        {UNIT_COUNT, "1.5k", 1500},
        {UNIT_COUNT, "2M", 2000000},
        {UNIT_COUNT, "0", 0},
        {UNIT_COUNT, "3.0", 3},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        int64_t value = -1;
        if (units_parse(examples[i].unit, examples[i].text, &value) != 0 ||
            value != examples[i].value)
            fail_msg("%s gave %lld", examples[i].text, (long long)value);
    }
}

static void bad_quantities(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {UNIT_NS, "50", -EINVAL},
        {UNIT_NS, "", -EINVAL},
        {UNIT_NS, "ms", -EINVAL},
        {UNIT_NS, " 5ms", -EINVAL},
        {UNIT_NS, "5 ms", -EINVAL},
        {UNIT_NS, "5ms ", -EINVAL},
        {UNIT_NS, "+5ms", -EINVAL},
        {UNIT_NS, "5.ms", -EINVAL},
        {UNIT_NS, ".5ms", -EINVAL},
        {UNIT_NS, "1.2.3s", -EINVAL},
        {UNIT_NS, "0.5ns", -EINVAL},
        {UNIT_NS, "1e3ms", -EINVAL},
        {UNIT_NS, "0x10ms", -EINVAL},
        {UNIT_NS, "5MS", -EINVAL},
        {UNIT_NS, "-5ms", -ERANGE},
        {UNIT_NS, "-x", -EINVAL},
        {UNIT_NS, "9223372036854775808ns", -ERANGE},
        {UNIT_NS, "99999999999999999999999999999999999999999s", -ERANGE},
        {UNIT_NS, "0.0000000000000000000000000000000000000000001s", -ERANGE},
        {UNIT_BYTES, "13", -EINVAL},
        {UNIT_BYTES, "1KB", -EINVAL},
        {UNIT_BYTES, "16777216TiB", -EINVAL},
        {UNIT_COUNT, "1.2345k", -EINVAL},
        {UNIT_COUNT, "nan", -EINVAL},
        {UNIT_COUNT, "5K", -EINVAL},
        {UNIT_PER_S, "5", -EINVAL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        int64_t value = -1;
        int error = units_parse(examples[i].unit, examples[i].text, &value);
        if (error != (int)examples[i].value || value != -1)
            fail_msg("'%s' gave %d", examples[i].text, error);
    }
}

static void rates(void **state)
{
    (void)state;
    double per_s = 0;
    assert_int_equal(units_parse_rate("2k", &per_s), 0);
    assert_true(per_s == 2000);
    assert_int_equal(units_parse_rate("0.5", &per_s), 0);
    assert_true(per_s == 0.5);
    assert_int_equal(units_parse_rate("1.5M", &per_s), 0);
    assert_true(per_s == 1500000);
    assert_int_equal(units_parse_rate("1.5k/s", &per_s), 0);
    assert_true(per_s == 1500);
    assert_int_equal(units_parse_rate("20/s", &per_s), 0);
    assert_true(per_s == 20);
    assert_int_equal(units_parse_rate("/s", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("2/sk", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("2 "
                                      "/s",
                                      &per_s),
                     -EINVAL);
    assert_int_equal(units_parse_number("2k", &per_s), 0);
    assert_int_equal(units_parse_number("2/s", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("0", &per_s), -ERANGE);
    assert_int_equal(units_parse_rate("-1", &per_s), -ERANGE);
    assert_int_equal(units_parse_rate("inf", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("0x1", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("1e9", &per_s), -EINVAL);
    assert_int_equal(units_parse_rate("", &per_s), -EINVAL);
    char huge[512];
    memset(huge, '9', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    assert_int_equal(units_parse_rate(huge, &per_s), -ERANGE);
}

static void shortest_text(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {UNIT_NS, "50ms", 50000000},
        {UNIT_NS, "1.5s", 1500000000},
        {UNIT_NS, "0s", 0},
        {UNIT_NS, "1h", 3600000000000},
        {UNIT_NS, "1m", 60000000000},
        {UNIT_NS, "1ns", 1},
        {UNIT_BYTES, "13B", 13},
        {UNIT_BYTES, "64KiB", 65536},
        {UNIT_BYTES, "1MiB", 1 << 20},
        {UNIT_COUNT, "100k", 100000},
        {UNIT_COUNT, "1500", 1500},
        {UNIT_COUNT, "0", 0},
    };
    char text[32];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        assert_string_equal(units_format(examples[i].unit, examples[i].value,
                                         text, sizeof text),
                            examples[i].text);
}

static void read_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    char text[32];
    for (int i = 0; i < 60000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t value = (int64_t)((x >> 1) >> (x & 63) % 63), back = -1;
        if (i % 3 == 1)
            value -= value % 1000;
        enum unit unit = (enum unit)(i % UNITS);
        if (!units[unit].suffixes)
            continue;
        units_format(unit, value, text, sizeof text);
        if (strlen(text) >= 31 || units_parse(unit, text, &back) != 0 ||
            back != value)
            fail_msg("%lld -> %s -> %lld", (long long)value, text,
                     (long long)back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_quantities), cmocka_unit_test(bad_quantities),
        cmocka_unit_test(rates),           cmocka_unit_test(shortest_text),
        cmocka_unit_test(read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
