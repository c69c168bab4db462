/* SPDX-License-Identifier: MIT
 *
 * Services that contradict themselves are refused, in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/predict/service.h"

static const double MS = 1e6;

static void refused(const struct service *p, const char *words)
{
    char why[512] = "";
    assert_false(service_check(p, why, sizeof why));
    if (!strstr(why, words))
        fail_msg("refused with \"%s\", not with \"%s\"", why, words);
}

static void test_contradictions(void **state)
{
    struct service good = {.wait_ns = 20 * MS,
                           .cpu_ns = 1 * MS,
                           .rate_per_s = 100},
                   p;
    char why[512];

    (void)state;
    good.given[SERVICE_CPU] = true;
    service_defaults(&good, 2);
    assert_true(service_check(&good, why, sizeof why));
    p = good;
    p.rate_per_s = 0;
    refused(&p, "--rate");
    p = good;
    p.connections = 1;
    refused(&p, "1 connections that wait");
    p = good;
    p.connections = 1000;
    p.think_ns = 5000 * MS;
    p.given[SERVICE_THINK] = true;
    refused(&p, "give two of rate");
    p = good;
    p.wait_ns = p.cpu_ns = 0;
    p.given[SERVICE_CPU] = false;
    refused(&p, "nothing is said of a request");
    p = good;
    p.cv_wait = p.cv_cpu = 0;
    p.limit_ns = 10 * MS;
    refused(&p, "no model can");
    p = good;
    p.cv_wait = 5.1;
    refused(&p, "--cv-wait 5.1 is more than 5");
    p.cv_wait = 5;
    assert_true(service_check(&p, why, sizeof why));
    p = good;
    p.calls = 0;
    refused(&p, "at least one call");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contradictions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
