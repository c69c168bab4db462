/* SPDX-License-Identifier: MIT
 *
 * The slots that a target declares.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/server/target_law.h"

static int slots(const char *text, int workers, int threads)
{
    struct target_law law;
    char why[256];

    assert_int_equal(target_law_parse(text, &law, why, sizeof why), 0);
    assert_string_equal(law.text, text);
    return target_law_slots(&law, workers, threads);
}

static void products_are_read(void **state)
{
    (void)state;
    assert_int_equal(slots("1", 8, 8), 1);
    assert_int_equal(slots("40", 8, 8), 40);
    assert_int_equal(slots("{workers} * 40", 3, 8), 120);
    assert_int_equal(slots("  2*{threads} *{workers}  ", 3, 5), 30);
    assert_int_equal(slots("{workers}", 0, 0), 1); /* one by default */
    assert_int_equal(slots("1000000 * {workers} * {threads}", 32768, 32768),
                     INT_MAX);
    assert_int_equal(target_law_slots(&(struct target_law){0}, 5, 5), 0);
}

static void anything_else_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "0",
        "-1",
        "forty",
        "40 +",
        "40 *",
        "* 40",
        "{workers} {threads}",
        "{processes}",
        "1.5",
        "{workers} * {workers}",
        "1000001",
        "1000 * 1000 * 1000",
        "99999999999999999999",
        "1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1 * 1"};
    struct target_law law;
    char why[256];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(target_law_parse(texts[i], &law, why, sizeof why),
                         -EINVAL);
        assert_non_null(strstr(why, "a product"));
        assert_int_equal(law.factor, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_read),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
