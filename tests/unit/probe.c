/* SPDX-License-Identifier: MIT
 *
 * troika probe without a clock: dates and formats of logs, and what a made-up
 * log says.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/probe/log_findings.h"
#include "harness/probe/log_time.h"
#include "harness/probe/numbers.h"

static void near(double got, double expected, double share)
{
    if (!(fabs(got / expected - 1) <= share))
        fail_msg("got %.6g, expected %.6g", got, expected);
}

static void dates(void **state)
{
    int64_t ns = 0;

    (void)state;
    assert_true(log_time_local("10/Oct/2000:13:55:36 -0700", &ns));
    assert_int_equal(ns, INT64_C(971211336000000000));
    assert_true(log_time_iso("2000-10-10T20:55:36Z", &ns));
    assert_int_equal(ns, INT64_C(971211336000000000));
    assert_true(log_time_iso("2000-10-10T22:25:36+01:30", &ns));
    assert_int_equal(ns, INT64_C(971211336000000000));
    assert_true(log_time_local("29/Feb/2024:00:00:00 +0000", &ns));
    assert_true(log_time_decimal("1700000000.123", INT64_C(1000000000), &ns));
    assert_int_equal(ns, INT64_C(1700000000123000000));
    assert_true(log_time_decimal("17", 1000, &ns));
    assert_int_equal(ns, 17000);
}

static void no_dates(void **state)
{
    static const char *const local[] = {
        "",
        "10",
        "10/Okt/2000:13:55:36 -0700",
        "29/Feb/2023:00:00:00 +0000",
        "31/Apr/2024:00:00:00 +0000",
        "10/Oct/2000:24:55:36 -0700",
        "10/Oct/2000:13:55:36",
        "10/Oct/2000:13:55:36 -07",
        "10/Oct/2000:13:55:36 -0700x",
        "00/Oct/2000:13:55:36 -0700",
        "10/Oct/1969:13:55:36 -0700",
        "10/Oct/9999:13:55:36 -0700",
    };
    static const char *const decimal[] = {
        "",
        "-1",
        "1.",
        ".5",
        "1e3",
        "0x1",
        "1.0123456789",
        "nan",
        "99999999999999999999",
        "9999999999999",
    };
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        if (log_time_local(local[i], &ns))
            fail_msg("\"%s\" was read", local[i]);
    for (size_t i = 0; i < sizeof decimal / sizeof decimal[0]; i++)
        if (log_time_decimal(decimal[i], INT64_C(1000000000), &ns))
            fail_msg("\"%s\" was read", decimal[i]);
    assert_false(log_time_iso("2000-13-10T20:55:36Z", &ns));
    assert_false(log_time_iso("2000-10-10 20:55:36Z", &ns));
}

static struct log_request read_line(const char *format_text, const char *line)
{
    struct log_format format;
    struct log_request request;
    char why[1024];

    if (log_format_compile(format_text, &format, why, sizeof why) < 0)
        fail_msg("%s", why);
    const char *wrong = log_format_read(&format, line, &request);
    if (wrong)
        fail_msg("%s: %s", line, wrong);
    return request;
}

static void formats(void **state)
{
    struct log_request r;

    (void)state;
    r = read_line("nginx", "1700000000.123 0.020 0.012, 0.004 : 0.001 345");
    assert_int_equal(r.duration_ns, 20000000);
    assert_int_equal(r.upstream_ns, 17000000);
    assert_int_equal(r.upstream_calls, 3);
    assert_int_equal(r.bytes, 345);
    r = read_line("nginx", "1700000000.123 0.020 - 345\r");
    assert_int_equal(r.upstream_calls, 0);
    r = read_line("combined",
                  "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\\\" HTTP/1.1\" "
                  "200 12 \"-\" \"a \\\"b\\\" c\"");
    assert_int_equal(r.status, 200);
    assert_int_equal(r.bytes, 12);
    assert_int_equal(r.duration_ns, -1);
    r = read_line("common", "a - b [10/Oct/2000:13:55:36 -0700] \"\" 200 -");
    assert_int_equal(r.bytes, 0);
    r = read_line("$status|${request_time}|$time_iso8601",
                  "503|1.5|2000-10-10T20:55:36Z");
    assert_int_equal(r.status, 503);
    assert_int_equal(r.duration_ns, 1500000000);
    r = read_line("%h %l %u %t \\\"%r\\\" %>s %b 100%% %D",
                  "h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 404 "
                  "7 100% 1234");
    assert_int_equal(r.duration_ns, 1234000);
    assert_int_equal(r.status, 404);
    r = read_line("%t %{ms}T %{User-Agent}i %T",
                  "[10/Oct/2000:13:55:36 -0700] 12 x 3");
    assert_int_equal(r.duration_ns, INT64_C(3000000000));
}

static void no_formats(void **state)
{
    static const char *const texts[] = {
        "ngnix", "", "$request_time", "%D", "$msec$request_time", "%t%D",
    };
    struct log_format format;
    char why[1024];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (log_format_compile(texts[i], &format, why, sizeof why) == 0)
            fail_msg("\"%s\" was compiled", texts[i]);
    char huge[2000];
    memset(huge, 'x', sizeof huge);
    memcpy(huge, "$msec ", 6);
    huge[sizeof huge - 1] = '\0';
    assert_int_equal(log_format_compile(huge, &format, why, sizeof why),
                     -EINVAL);
}

static void no_lines(void **state)
{
    static const char *const lines[] = {
        "1700000000.123 -0.020 - 345",   "1700000000.123 0.020 - -345",
        "1700000000.123 0.020 -",        "1700000000.123 0.020 - 345 ",
        "1700000000.123 20 - 345",       "yesterday 0.020 - 345",
        "1700000000.123 0.020 0.1, 345", "",
    };
    struct log_format format;
    struct log_request request;
    char why[1024];

    (void)state;
    assert_int_equal(log_format_compile("nginx", &format, why, sizeof why), 0);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (!log_format_read(&format, lines[i], &request))
            fail_msg("\"%s\" was read", lines[i]);
}

/* Reads a log of `count` lines, line i ending at end_s(i) after time_s(i). */
static void made_up(int count, double (*end_s)(int), double (*time_s)(int),
                    struct log_facts *facts)
{
    char *text = NULL, why[1024];
    size_t size;
    FILE *file = open_memstream(&text, &size);

    for (int i = 0; i < count; i++)
        fprintf(file, "%.6f %.6f - 100\n", 1700000040 + end_s(i), time_s(i));
    fclose(file);
    file = fmemopen(text, size, "r");
    if (log_read(file, NULL, facts, why, sizeof why) < 0)
        fail_msg("%s", why);
    fclose(file);
    free(text);
}

static double a_tenth(int i)
{
    return i / 10.0 + 0.05;
}

static double fours(int i)
{
    return i / 4 / 2.0 + 0.05;
}

static double ten_ms(int i)
{
    (void)i;
    return 0.01;
}

static void paces(void **state)
{
    static struct log_facts facts;

    (void)state;
    made_up(6000, a_tenth, ten_ms, &facts);
    assert_int_equal(facts.requests, 6000);
    assert_true(facts.detected);
    near(facts.time_ns, 6000 * 1e7, 1e-9);
    assert_true(fabs(log_dispersion(&facts)) < 1e-6);
    log_close(&facts);
    /* Four at once, twice a second, in every second: that is an even pace. */
    made_up(6000, fours, ten_ms, &facts);
    assert_true(fabs(log_dispersion(&facts)) < 1e-6);
    log_close(&facts);
}

/* Instants by a fixed stream of numbers, 20 a second in the mean. */
static double instants[20000];

static void draw_instants(int together)
{
    uint64_t x = 88172645463325252u;
    double at = 0;

    for (int i = 0; i < 20000; i++) {
        if (i % together == 0) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            at -= log((double)(x >> 11) / 9007199254740992.0) / 20 * together;
        }
        instants[i] = at + 0.01;
    }
}

static double drawn(int i)
{
    return instants[i];
}

static void dispersion(void **state)
{
    static struct log_facts facts;
    static const int together[] = {1, 3, 10};

    (void)state;
    for (size_t i = 0; i < sizeof together / sizeof together[0]; i++) {
        draw_instants(together[i]);
        made_up(20000, drawn, ten_ms, &facts);
        /* 1,000 seconds: the deviation of the estimate is 4.5 %. */
        near(log_dispersion(&facts), together[i], 0.18);
        assert_true(log_ceiling_per_s(&facts) == 0);
        log_close(&facts);
    }
}

static void lines_of(const char *text, size_t size, int result,
                     const char *words)
{
    static struct log_facts facts;
    FILE *file = fmemopen((void *)(uintptr_t)text, size, "r");
    char why[2048] = "";

    assert_int_equal(log_read(file, NULL, &facts, why, sizeof why), result);
    if (!strstr(why, words))
        fail_msg("\"%s\" lacks \"%s\"", why, words);
    fclose(file);
    log_close(&facts);
}

static void odd_files(void **state)
{
    (void)state;
    lines_of("x", 1, -EINVAL, "known format");
    lines_of("\x1f\x8b\x08\0\0\0", 6, -EINVAL, "zcat");
    lines_of("1700000000.1 0.02 - 1\nx\ny\n", 26, -EINVAL, "line 2");
    lines_of("1700000000.1 0.02 - 1\n1700000001.1 0.02 - 1", 43, 0, "");
    lines_of("1700000000.1 0.02 - 1\n1\0"
             "700000001.1 0.02 - 1\n"
             "1700000001.1 0.02 - 1\n",
             67, 0, "");
}

static void three_numbers(void **state)
{
    static struct findings findings;
    struct numbers numbers = {300, 42e6, 0.35, 2, true};
    char why[1024];

    (void)state;
    findings_open(&findings, "three numbers");
    assert_int_equal(numbers_probe(&numbers, &findings, why, sizeof why), 0);
    near(findings.service.cpu_ns, 0.7 / 300 * 1e9, 1e-12);
    near(findings.service.wait_ns, 42e6 - 0.7 / 300 * 1e9, 1e-12);
    numbers.response_ns = 2e6;
    assert_int_equal(numbers_probe(&numbers, &findings, why, sizeof why),
                     -EINVAL);
    assert_non_null(strstr(why, "2.33 ms"));
    findings_close(&findings);
}

/* Twice the rate for a minute that begins within a minute of the clock: its
 * requests come by chance like the others. */
static void rise_is_no_burst(void **state)
{
    static struct log_facts facts;

    (void)state;
    draw_instants(1);
    for (int i = 0; i < 20000; i++) {
        double at = instants[i], end = 330 + 60;
        instants[i] = at < 330   ? at
                      : at < 450 ? 330 + (at - 330) / 2
                                 : at - (450 - end);
    }
    made_up(20000, drawn, ten_ms, &facts);
    near(log_dispersion(&facts), 1, 0.18);
    log_close(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),      cmocka_unit_test(no_dates),
        cmocka_unit_test(formats),    cmocka_unit_test(no_formats),
        cmocka_unit_test(no_lines),   cmocka_unit_test(paces),
        cmocka_unit_test(dispersion), cmocka_unit_test(rise_is_no_burst),
        cmocka_unit_test(odd_files),  cmocka_unit_test(three_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
