/* SPDX-License-Identifier: MIT
 *
 * Services that contradict themselves are refused, in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

/* What has no part in a service is refused when it is given, and is no default
 * of it. */
static void test_without_effect(void **state)
{
    static const struct {
        enum service_field field;
        struct service of; /* where it has none */
    } rows[] = {
        {SERVICE_CALLS, {.cpu_ns = 1e6, .rate_per_s = 9, .calls = 3}},
        {SERVICE_CV_WAIT, {.cpu_ns = 1e6, .rate_per_s = 9, .cv_wait = 1}},
        {SERVICE_BACKEND_WORKERS, {.cpu_ns = 1e6, .rate_per_s = 9}},
        {SERVICE_CV_CPU, {.wait_ns = 1e6, .rate_per_s = 9, .cv_cpu = 1}},
        {SERVICE_BURST, {.cpu_ns = 1e6, .connections = 9, .burst = 2}},
    };
    char words[64], text[64], why[512];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct service p = rows[i].of;
        p.given[rows[i].field] = true;
        service_defaults(&p, 2);
        snprintf(words, sizeof words, "--%s has no effect",
                 service_field_name(rows[i].field));
        refused(&p, words);
        assert_string_equal(
            service_field_text(&p, rows[i].field, text, sizeof text), "");
        p.wait_ns = p.cpu_ns = 1e6;
        p.connections = 0;
        p.rate_per_s = 9;
        p.calls = 1;
        assert_true(service_check(&p, why, sizeof why));
    }
    struct service none = {.cpu_ns = 1e6, .rate_per_s = 9};
    /* 0, which is so. */
    none.given[SERVICE_CALLS] = none.given[SERVICE_CV_WAIT] = true;
    service_defaults(&none, 2);
    assert_true(service_check(&none, why, sizeof why));
    assert_string_equal(
        service_field_text(&none, SERVICE_WAIT, text, sizeof text), "wait 0");
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
    refused(&p, "1 connection with waits");
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_without_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
