/* SPDX-License-Identifier: MIT
 *
 * Files with long waits come first, so that short tests run beside them.
 */
#include "tests.h"

#include <stddef.h>

enum { TESTS_MAX = 128 };

const struct selftest_test *selftest_tests(void)
{
    static const struct selftest_test *const files[] = {
        selftest_search_tests, selftest_latency_tests,   selftest_mutant_tests,
        selftest_fault_tests,  selftest_generator_tests, selftest_trial_tests,
        selftest_meter_tests,  selftest_statistics_tests};
    static struct selftest_test all[TESTS_MAX + 1];
    int count = 0;

    if (all[0].name)
        return all;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (const struct selftest_test *test = files[i];
             test->name && count < TESTS_MAX; test++)
            all[count++] = *test;
    return all;
}
