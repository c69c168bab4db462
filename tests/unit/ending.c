/* SPDX-License-Identifier: MIT
 *
 * The ending of a run: what is left out for which lines there is no room.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/results/ending.h"

/* What an ending with so many lines in its parts prints to a file. */
static char *printed(int warnings, int points, int precision, int rest)
{
    static const char *const names[] = {"warning", "point", "precision",
                                        "rest"};
    const int counts[] = {warnings, points, precision, rest};
    static const struct results results;
    struct ending ending;
    FILE *usual = stdout;
    char *text = NULL;
    size_t size;

    ending_open(&ending, &results);
    for (int i = 0; i < ENDING_PARTS; i++)
        for (int k = 0; k < counts[i]; k++)
            results_tell(&ending.parts[i], "%s %d", names[i], k);
    stdout = open_memstream(&text, &size);
    assert_non_null(stdout);
    ending_print(&ending);
    fclose(stdout);
    stdout = usual;
    return text;
}

static void expect(char *text, const char *expected)
{
    assert_string_equal(text, expected);
    free(text);
}

static void what_fits_is_there(void **state)
{
    (void)state;
    expect(printed(1, 2, 1, 2),
           "warning 0\npoint 0\npoint 1\nprecision 0\nrest 0\nrest 1\n");
    expect(printed(0, 5, 0, 1),
           "point 0\npoint 1\npoint 2\npoint 3\npoint 4\nrest 0\n");
}

static void load_points_go_first(void **state)
{
    (void)state;
    expect(printed(0, 6, 0, 1),
           "point 0\npoint 1\npoint 2\npoint 3\nand 2 more load points\n"
           "rest 0\n");
    expect(printed(2, 3, 2, 4),
           "warning 0\nwarning 1\npoint 0\nand 2 more load points\n"
           "precision 0\nprecision 1\nrest 0\nrest 1\nrest 2\nrest 3\n");
    expect(printed(2, 2, 2, 5),
           "warning 0\nwarning 1\npoint 0\nand 1 more load point\n"
           "precision 0\nrest 0\nrest 1\nrest 2\nrest 3\nrest 4\n");
}

static void then_precision_goes(void **state)
{
    (void)state;
    expect(printed(2, 1, 9, 4),
           "warning 0\nwarning 1\npoint 0\nprecision 0\nprecision 1\n"
           "precision 2\nrest 0\nrest 1\nrest 2\nrest 3\n");
    expect(printed(3, 1, 2, 6),
           "warning 0\nwarning 1\nwarning 2\npoint 0\nrest 0\nrest 1\n"
           "rest 2\nrest 3\nrest 4\nrest 5\n");
}

static void nothing_is_printed_of_nothing(void **state)
{
    (void)state;
    expect(printed(0, 0, 0, 0), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_there),
        cmocka_unit_test(load_points_go_first),
        cmocka_unit_test(then_precision_goes),
        cmocka_unit_test(nothing_is_printed_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
