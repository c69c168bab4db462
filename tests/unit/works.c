/* SPDX-License-Identifier: MIT
 *
 * Workloads with light and heavy requests: who is heavy, that the generator's
 * requests have their share of them, and what the blocking one does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/load/answers.h"
#include "workloads/share.h"

static int heavy_of(int64_t share, uint64_t first, int count)
{
    int heavy = 0;
    for (int i = 0; i < count; i++)
        heavy += share_has(share, first + (uint64_t)i);
    return heavy;
}

static void any_thousand_seeds_have_their_share(void **state)
{
    static const uint64_t firsts[] = {0, 1, 617, 123456789, UINT64_C(1) << 63};
    (void)state;
    for (int64_t share = 0; share <= 1000; share += 1 + share / 10)
        for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
            assert_int_equal(heavy_of(share, firsts[i], 1000), share);
            assert_in_range(heavy_of(share, firsts[i], 100) + 4, share / 10,
                            share / 10 + 8);
        }
}

static int requests_of(const char *name, const char *query, int *heavy)
{
    const struct workload_entry *entry = workload_find(name);
    struct load_request *requests;
    struct arguments arguments;
    char why[256];
    int count;
    assert_non_null(entry);
    assert_int_equal(parameters_parse_query(entry->workload->parameters, query,
                                            strlen(query), &arguments, why,
                                            sizeof why),
                     0);
    assert_int_equal(
        answers_make_some(entry, &arguments, 42, &requests, &count), 0);
    *heavy = 0;
    for (int i = 0; i < count; i++)
        *heavy += requests[i].class == CLASS_HEAVY;
    answers_free(requests, count);
    return count;
}

/* The budget is CPU time, of which sanitizers use more. */
static void requests_have_their_share(void **state)
{
    int heavy;
    (void)state;
    int count = requests_of("block", "delay=1h&share=3", &heavy);
    assert_in_range(count, 4, 1000);
    if (count == 1000)
        assert_int_equal(heavy, 3);
    count = requests_of("hog", "share=500&light=0&heavy=1", &heavy);
    assert_in_range(heavy, count / 2 - 2, count / 2 + 2);
    count = requests_of("hog", "share=1000&heavy=100M", &heavy);
    assert_in_range(count, 4, 999); /* dear ones are few */
    assert_int_equal(heavy, count);
    count = requests_of("spin", "steps=1", &heavy);
    assert_in_range(count, 4, 64);
    assert_int_equal(heavy, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_thousand_seeds_have_their_share),
        cmocka_unit_test(requests_have_their_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
