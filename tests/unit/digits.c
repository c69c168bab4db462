/* SPDX-License-Identifier: MIT
 *
 * Figures as people write them: no exponent, no zeros that say nothing, a unit
 * that suits the size, also where rounding carries into the next one.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/arithmetic/digits.h"

static void test_significant(void **state)
{
    static const struct {
        double value;
        int digits;
        const char *text;
    } rows[] = {
        {0, 3, "0"},          {1, 3, "1"},
        {2000, 3, "2000"},    {1023.4, 3, "1020"},
        {1e6, 2, "1000000"},  {123456789, 4, "123500000"},
        {9.996, 3, "10"},     {999.6, 3, "1000"},
        {0.5, 6, "0.5"},      {0.1, 10, "0.1"},
        {0.99951, 3, "1"},    {0.00012345, 3, "0.000123"},
        {1e-5, 3, "0.00001"}, {-1234.5, 3, "-1230"},
        {5.1, 6, "5.1"},      {1.3, 10, "1.3"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(digits_of(rows[i].value, rows[i].digits).text,
                            rows[i].text);
}

static void test_units(void **state)
{
    (void)state;
    assert_string_equal(digits_ns(2e9).text, "2.00 s");
    assert_string_equal(digits_ns(999.7e3).text, "1.00 ms");
    assert_string_equal(digits_ns(50.23e6).text, "50.2 ms");
    assert_string_equal(digits_ns(1.5e13).text, "15,000 s");
    assert_string_equal(digits_ns(0).text, "0 ns");
    assert_string_equal(digits_bytes(1 << 20).text, "1.00 MiB");
    assert_string_equal(digits_bytes(1023.6).text, "1,020 B");
    assert_string_equal(digits_three(1234567, "/s").text, "1,230,000/s");
    assert_string_equal(digits_three(0.5, "").text, "0.500");
    assert_string_equal(digits_three(-1990.4, "/s").text, "-1,990/s");
    assert_string_equal(digits_three(999, "/s").text, "999/s");
    assert_string_equal(digits_three(NAN, "").text, "nan");
    assert_string_equal(digits_rate(1234.2, 4).text, "1,234/s");
    assert_string_equal(digits_rate(300, 4).text, "300/s");
    assert_string_equal(digits_rate(0.25, 4).text, "0.25/s");
    assert_string_equal(digits_whole(1987.4, "/s").text, "1,987/s");
    assert_string_equal(digits_whole(123456, "").text, "123,456");
    /* What is too long is cut, and stays text. */
    assert_true(strlen(digits_whole(1e40, "/s").text) < sizeof(struct digits));
}

static void test_plural(void **state)
{
    (void)state;
    assert_string_equal(digits_plural(1), "");
    assert_string_equal(digits_plural(0), "s");
    assert_string_equal(digits_plural(2), "s");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_significant),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_plural),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
