/* SPDX-License-Identifier: MIT
 *
 * troika judge: printed figures as intervals, columns by their names, outputs
 * of load generators and tables, and each law on both sides of its bound.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/judge/columns.h"
#include "harness/judge/laws.h"
#include "harness/judge/numbers.h"
#include "harness/judge/read.h"
#include "harness/judge/words.h"

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static void test_figures(void **state)
{
    static const struct {
        enum figure_kind kind;
        const char *text;
        double unit_s, value, low, high;
    } rows[] = {
        {KIND_TIME, "7.7ms", 0, 7.7e-3, 7.65e-3, 7.75e-3},
        {KIND_TIME, " 635.91us", 0, 635.91e-6, 635.905e-6, 635.915e-6},
        {KIND_TIME, "12 \u00b5s", 0, 12e-6, 11e-6, 13e-6},
        {KIND_TIME, "0.0014 secs", 0, 1.4e-3, 1.35e-3, 1.45e-3},
        {KIND_TIME, "4.00m", 0, 240, 239.7, 240.3},
        {KIND_TIME, "103", 1e-3, 0.103, 0.102, 0.104},
        {KIND_TIME, "103 [102\u2013104]", 1e-3, 0.103, 0.1015, 0.1045},
        {KIND_TIME, "51.0 ms [50.3-51.8]", 0, 0.051, 0.05025, 0.05185},
        {KIND_TIME, "7,7 ms", 0, 7.7e-3, 7.65e-3, 7.75e-3},
        {KIND_TIME, "1,234,567 ms", 0, 1234.567, 1234.566, 1234.568},
        {KIND_TIME, "0,125 s", 0, 0.125, 0.1245, 0.1255},
        {KIND_TIME, "11,5 ms", 0, 0.0115, 0.01145, 0.01155},
        {KIND_TIME, "<1ms", 0, 1e-3, 0, 2e-3},
        {KIND_TIME, "**5ms** (best)", 0, 5e-3, 4e-3, 6e-3},
        {KIND_TIME, "5 \u00b1 2", 1e-3, 5e-3, 4e-3, 6e-3},
        {KIND_TIME, "0.0000 secs", 0, 0, 0, 5e-5},
        {KIND_TIME, "1.5e-05s", 0, 1.5e-5, 1.45e-5, 1.55e-5},
        {KIND_RATE, "16474", 0, 16474, 16473.5, 16474.5},
        {KIND_RATE, "16,474/s", 0, 16474, 16473.5, 16474.5},
        {KIND_RATE, "68 905", 0, 68905, 68904.5, 68905.5},
        {KIND_RATE, "1.2k", 0, 1200, 1150, 1250},
        {KIND_RATE, "1.2 krps", 0, 1200, 1150, 1250},
        {KIND_RATE, "1.5M req/s", 0, 1.5e6, 1.45e6, 1.55e6},
        {KIND_RATE, "600/min", 0, 10, 9.99166666666667, 10.0083333333333},
        {KIND_COUNT, "1,234,567", 0, 1234567, 1234566.5, 1234567.5},
    };
    struct figure figure;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool read = figure_read(rows[i].kind, rows[i].text,
                                strlen(rows[i].text), rows[i].unit_s, &figure);
        if (!read || !near(figure.value, rows[i].value) ||
            fabs(figure.low - rows[i].low) > 1e-6 * rows[i].high ||
            fabs(figure.high - rows[i].high) > 1e-6 * rows[i].high)
            fail_msg("%s: read %d, %.9g in %.9g to %.9g", rows[i].text, read,
                     figure.value, figure.low, figure.high);
    }
    assert_true(figure_read_text(KIND_TIME, ">2s", &figure));
    assert_true(isinf(figure.high));
}

static void test_no_figures(void **state)
{
    static const struct {
        enum figure_kind kind;
        const char *text;
    } rows[] = {
        {KIND_TIME, ""},
        {KIND_TIME, "7.7"},
        {KIND_TIME, "-7ms"},
        {KIND_TIME, "N/A"},
        {KIND_TIME, "-nan"},
        {KIND_TIME, "inf"},
        {KIND_TIME, "1e999s"},
        {KIND_TIME, "5 ms 6 ms"},
        {KIND_TIME, "5 MB"},
        {KIND_TIME, "5ms/6ms"},
        {KIND_TIME, "10,125 ms"}, /* ten, or ten thousand */
        {KIND_TIME, "."},
        {KIND_TIME, "1.2.3 s"},
        {KIND_RATE, "12 MB/s"},
        {KIND_RATE, "0x12"},
        {KIND_RATE, "\u2013"},
        {KIND_COUNT, "0.5%"},
        {KIND_COUNT, "12 of 13"},
        {KIND_TIME, "5ms [6"},
        {KIND_TIME, "5ms (6"},
        {KIND_RATE, "11111111111111111111111111111111111111111111111"},
    };
    struct figure figure;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (figure_read_text(rows[i].kind, rows[i].text, &figure) ||
            figure.known)
            fail_msg("%s is no figure", rows[i].text);
    assert_false(figure_of_number(NAN, false, 1, &figure));
    assert_false(figure_of_number(-1, true, 1, &figure));
    assert_false(figure_of_number(1e308, true, 1e3, &figure));
}

static void test_columns(void **state)
{
    static const struct {
        const char *name;
        int figure;
        double unit_s;
    } rows[] = {
        {"RPS", FIGURE_RATE, 0},
        {"Requests/sec", FIGURE_RATE, 0},
        {"requests per second", FIGURE_RATE, 0},
        {"throughput, /s", FIGURE_RATE, 0},
        {"throughput_per_s", FIGURE_RATE, 0},
        {"requestsPerSec", FIGURE_RATE, 0},
        {"Total requests", FIGURE_REQUESTS, 0},
        {"avg latency", FIGURE_MEAN, 0},
        {"Latency avg (ms)", FIGURE_MEAN, 1e-3},
        {"service_mean_ns", FIGURE_MEAN, 1e-9},
        {"max latency", FIGURE_MAX, 0},
        {"p99, ms", FIGURE_P99, 1e-3},
        {"P99 [us]", FIGURE_P99, 1e-6},
        {"99th percentile (s)", FIGURE_P99, 1},
        {"99%", FIGURE_P99, 0},
        {"p(95)", FIGURE_P95, 0},
        {"p99.9 latency", FIGURE_P999, 0},
        {"p99_9_ns", FIGURE_P999, 1e-9},
        {"median", FIGURE_P50, 0},
        {"Concurrency", FIGURE_CONNECTIONS, 0},
        {"CPU/request, us", FIGURE_CPU, 1e-6},
        {"duration (s)", FIGURE_DURATION, 1},
        {"Latency (ms)", -1, 1e-3}, /* of which requests, nobody says */
        {"Max memory", -1, 0},
        {"max RPS", -1, 0},
        {"throughput", FIGURE_RATE, 0},
        {"throughput (tokens/s)", -1, 1},
        {"Throughput (Mbps)", -1, 0},
        {"avg CPU %", -1, 0},
        {"p99 at 250/s", -1, 0},
        {"connect mean (ms)", -1, 1e-3},
        {"workers", -1, 0}, /* an event loop's hold no request */
        {"response size", -1, 0},
        {"Transfer/sec", -1, 0},
        {"p98", -1, 0},
        {"", -1, 0},
        {"a b c d e f g h i j k l m n p99", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct column column = column_of(rows[i].name, strlen(rows[i].name));
        if (column.figure != rows[i].figure ||
            (column.figure >= 0 && column.unit_s != rows[i].unit_s))
            fail_msg("\"%s\" is %d with unit %g", rows[i].name, column.figure,
                     column.unit_s);
    }
}

/* Reads a text; the caller frees the rows. */
static int read_of(const char *text, const char *format, struct rows *rows)
{
    struct source source;
    char why[512];

    assert_int_equal(
        source_of(text, strlen(text), "f", &source, why, sizeof why), 0);
    int status = read_rows(&source, format, 0, rows, why, sizeof why);
    if (status < 0)
        assert_non_null(strstr(why, "f:"));
    source_free(&source);
    return status;
}

static void assert_figure(const struct row *row, enum figure_id id,
                          double value)
{
    if (!row->figures[id].known || !near(row->figures[id].value, value))
        fail_msg("%s is %g (known: %d), not %g", figure_abouts[id].name,
                 row->figures[id].value, row->figures[id].known, value);
}

static void test_wrk(void **state)
{
    static const char text[] =
        "notes\r\n\x1b[1mRunning 10s test @ http://h/x\x1b[0m\r\n"
        "  2 threads and 64 connections\r\n"
        "  Thread Stats   Avg      Stdev     Max   +/- Stdev\r\n"
        "    Latency    21.01ms    1.20ms  48.11ms   91.02%\r\n"
        "    Req/Sec     1.52k    60.00     1.61k    80.00%\r\n"
        "  Latency Distribution\r\n"
        "     50%   20.80ms\r\n     99%   26.00ms\r\n"
        "  30465 requests in 10.01s, 4.01MB read\r\n"
        "  Socket errors: connect 1, read 2, write 3, timeout 4\r\n"
        "  Non-2xx or 3xx responses: 9\r\n"
        "Requests/sec:   3043.46\r\nTransfer/sec:    410.00KB\r\n"
        "Running 5s test @ http://h/y\r\n  1 threads and 8 connections\r\n"
        "  Thread calibration: mean lat.: 9.1ms, rate sampling interval: 10ms\n"
        "    Latency    21.01ms    1.20ms  48.11ms   91.02%\n"
        "  Latency Distribution (HdrHistogram - Recorded Latency)\n"
        " 50.000%   20.80ms\n 99.900%   30.00ms\n"
        "  Latency Distribution (HdrHistogram - Uncorrected Latency)\n"
        " 90.000%    1.00ms\n"
        "Requests/sec:   100.00\n";
    struct rows rows = {0};

    (void)state;
    assert_int_equal(read_of(text, NULL, &rows), 2);
    const struct row *row = rows.of;
    assert_string_equal(row->name, "http://h/x");
    assert_int_equal(row->line, 2);
    assert_int_equal(row->loop, LOOP_CLOSED);
    assert_figure(row, FIGURE_CONNECTIONS, 64);
    assert_figure(row, FIGURE_MEAN, 21.01e-3);
    assert_figure(row, FIGURE_MAX, 48.11e-3);
    assert_figure(row, FIGURE_P50, 20.8e-3);
    assert_figure(row, FIGURE_P99, 26e-3);
    assert_figure(row, FIGURE_REQUESTS, 30465);
    assert_figure(row, FIGURE_DURATION, 10.01);
    assert_figure(row, FIGURE_FAILED, 9);
    assert_figure(row, FIGURE_LOST, 10);
    assert_figure(row, FIGURE_RATE, 3043.46);
    row = &rows.of[1];
    assert_string_equal(row->format, "wrk2");
    assert_int_equal(row->loop, LOOP_OPEN);
    assert_figure(row, FIGURE_P999, 30e-3);
    assert_false(row->figures[FIGURE_P90].known);
    row_free(&rows);
}

static void test_hey_and_oha(void **state)
{
    static const char hey[] =
        "Summary:\n  Total:\t2.0023 secs\n  Slowest:\t0.0275 secs\n"
        "  Fastest:\t0.0001 secs\n  Average:\t0.0022 secs\n"
        "  Requests/sec:\t7270.5505\n\nLatency distribution:\n"
        "  10%% in 0.0002 secs\n  99% in 0.0121 secs\n\n"
        "Details (average, fastest, slowest):\n"
        "  DNS+dialup:\t0.0000 secs, 0.0000 secs, 0.0275 secs\n\n"
        "Status code distribution:\n  [200]\t14000 responses\n"
        "  [503]\t500 responses\n\nError distribution:\n  [51]\tget: EOF\n";
    static const char oha[] =
        "Summary:\n  Success rate:\t100.00%\n  Total:\t10004.1 ms\n"
        "  Average:\t20.5 ms\n  Requests/sec:\t780.1\n"
        "Response time distribution:\n  99.90% in 31.5 ms\n"
        "Status code distribution:\n  [200] 7788 responses\n"
        "Error distribution:\n  [16] aborted due to deadline\n";
    struct rows rows = {0};

    (void)state;
    assert_int_equal(read_of(hey, "hey", &rows), 1);
    assert_figure(rows.of, FIGURE_DURATION, 2.0023);
    assert_figure(rows.of, FIGURE_MEAN, 0.0022);
    assert_figure(rows.of, FIGURE_MIN, 0.0001);
    assert_figure(rows.of, FIGURE_P10, 0.0002);
    assert_figure(rows.of, FIGURE_P99, 0.0121);
    assert_figure(rows.of, FIGURE_REQUESTS, 14551);
    assert_figure(rows.of, FIGURE_FAILED, 551);
    assert_null(rows.of->mean_doubt);
    row_free(&rows);
    assert_int_equal(read_of(oha, NULL, &rows), 1);
    assert_string_equal(rows.of->format, "oha");
    assert_figure(rows.of, FIGURE_MEAN, 0.0205);
    assert_figure(rows.of, FIGURE_P999, 0.0315);
    assert_figure(rows.of, FIGURE_FAILED, 0);
    assert_non_null(rows.of->flight_doubt);
    row_free(&rows);
    /* hey's mean is wrong beyond a million requests. */
    assert_int_equal(read_of("Summary:\n Total: 20 secs\n Average: 0.01 secs\n"
                             " Requests/sec: 60000.1\n",
                             NULL, &rows),
                     1);
    assert_non_null(rows.of->mean_doubt);
    row_free(&rows);
}

static void test_h2load_k6_and_troika(void **state)
{
    static const char text[] =
        "spawning thread #0: 8 total client(s). 100 total requests\n"
        "spawning thread #1: 8 total client(s). 100 total requests\n\n"
        "finished in 2.01s, 783.50 req/s, 2.11MB/s\n"
        "requests: 1575 total, 1575 started, 1575 done, 1570 succeeded, 5 "
        "failed, 5 errored, 0 timeout\n"
        "status codes: 1570 2xx, 0 3xx, 3 4xx, 2 5xx\n"
        "                     min         max         mean         sd\n"
        "time for request:    20.10ms     41.0ms     20.30ms     1ms    90%\n"
        "```\n"
        "  dropped_iterations.........: 12 0.4/s\n"
        "  http_req_duration..........: avg=144.5ms min=104ms med=110ms "
        "max=1.1s p(90)=203ms p(95)=215ms\n"
        "    { expected_response:true }: avg=1ms min=1ms med=1ms max=1ms\n"
        "  http_req_failed............: 10.00% 18 out of 180\n"
        "  http_reqs..................: 180 4.36938/s\n"
        "  vus........................: 1 min=1 max=19\n"
        "  vus_max....................: 19 min=19 max=19\n"
        "```\n"
        "http://127.0.0.1/x (127.0.0.1)\n"
        "  open loop, 300/s, poisson arrivals, at most 64 connections, 2.00 s "
        "measured after 1.00 s of warm-up\n\n  response time\n"
        "    mean        22.3 ms\n    p50         21.0 ms\n"
        "    p99             n/a  needs 2000 requests\n"
        "    max         42.4 ms\n  throughput   292/s\n"
        "  requests     584: 584 ok\n  connections  64 open\n";
    struct rows rows = {0};

    (void)state;
    assert_int_equal(read_of(text, NULL, &rows), 3);
    assert_figure(rows.of, FIGURE_CONNECTIONS, 16);
    assert_figure(rows.of, FIGURE_RATE, 783.5);
    assert_figure(rows.of, FIGURE_REQUESTS, 1575);
    assert_figure(rows.of, FIGURE_FAILED, 5);
    assert_figure(rows.of, FIGURE_MIN, 20.1e-3);
    assert_figure(rows.of, FIGURE_MEAN, 20.3e-3);
    assert_figure(&rows.of[1], FIGURE_MEAN, 0.1445);
    assert_figure(&rows.of[1], FIGURE_P95, 0.215);
    assert_figure(&rows.of[1], FIGURE_RATE, 4.36938);
    assert_figure(&rows.of[1], FIGURE_CONNECTIONS, 19);
    assert_figure(&rows.of[1], FIGURE_FAILED, 18);
    assert_int_equal(rows.of[1].loop, LOOP_OPEN);
    assert_string_equal(rows.of[2].name, "http://127.0.0.1/x");
    assert_figure(&rows.of[2], FIGURE_CONNECTIONS, 64);
    assert_figure(&rows.of[2], FIGURE_MEAN, 22.3e-3);
    assert_figure(&rows.of[2], FIGURE_RATE, 292);
    assert_figure(&rows.of[2], FIGURE_DURATION, 2);
    assert_false(rows.of[2].figures[FIGURE_P99].known);
    row_free(&rows);
}

static void test_tables(void **state)
{
    static const char markdown[] =
        "# Page\n\n| Server | Total requests | RPS | avg latency | p99 | p99 "
        "|\n"
        "| --- | ---: | --- | --- | --- | --- |\n"
        "| **A** \\| b (c128) | 164639 | 16474 | 7.696ms | 1ms | 2ms |\n"
        "| `C` | 0 | 0 | N/A | N/A | - |\n"
        "| dashes | \u2013 | \u2013 | \u2013 | \u2013 | \u2013 |\n"
        "\n| what | share |\n|---|---|\n| x | 5 |\n";
    static const char csv[] = "\xef\xbb\xbf# a remark\nname;krps;p50 (ms);p99\n"
                              "\"a;b\";1,5;12,5;1\nc;2;\"13\";2\n";
    static const char turned[] =
        "| metric | before | after |\n|---|---|---|\n"
        "| throughput_per_s | 700 | 800 |\n| service_p99_ns | 5000000 | n/a |\n"
        "| service_max_ns | 6000000 | 7000000 |\n| valid | 1 | 1 |\n";
    static const char link[] =
        "[Page](x) of figures\n\n| RPS |\n|---|\n| 5 |\n";
    struct rows rows = {0};

    (void)state;
    assert_int_equal(read_of(link, NULL, &rows), 1);
    row_free(&rows);
    assert_int_equal(read_of(markdown, NULL, &rows), 2);
    assert_string_equal(rows.of->name, "A \\| b (c128)");
    assert_figure(rows.of, FIGURE_CONNECTIONS, 128);
    assert_figure(rows.of, FIGURE_RATE, 16474);
    assert_figure(rows.of, FIGURE_MEAN, 7.696e-3);
    assert_false(rows.of->figures[FIGURE_P99].known); /* which of the two? */
    assert_true(rows.of->derived);
    assert_string_equal(rows.of[1].name, "C");
    row_free(&rows);
    assert_int_equal(read_of(csv, NULL, &rows), 2);
    assert_string_equal(rows.of->name, "a;b");
    assert_figure(rows.of, FIGURE_RATE, 1500);
    assert_figure(rows.of, FIGURE_P50, 12.5e-3);
    assert_false(rows.of->figures[FIGURE_P99].known); /* no unit */
    row_free(&rows);
    assert_int_equal(read_of(turned, NULL, &rows), 2);
    assert_string_equal(rows.of[1].name, "after");
    assert_figure(&rows.of[1], FIGURE_RATE, 800);
    assert_figure(rows.of, FIGURE_P99, 5e-3);
    assert_figure(&rows.of[1], FIGURE_MAX, 7e-3);
    row_free(&rows);
}

static void test_json(void **state)
{
    static const char oha[] =
        "{\"summary\":{\"requestsPerSec\":780.5,\"total\":10.0,\"average\":"
        "0.0205,\"slowest\":0.05,\"fastest\":0.02},\"latencyPercentiles\":{"
        "\"p50\":0.0201,\"p99.9\":0.04,\"pqr\":1,\"p1000\":null},"
        "\"statusCodeDistribution\":{\"200\":7000,\"503\":805},"
        "\"errorDistribution\":{\"aborted due to deadline\":16}}";
    static const char k6[] =
        "{\"metrics\":{\"http_req_duration\":{\"values\":{\"avg\":20.5,"
        "\"p(95)\":30,\"med\":20}},\"http_reqs\":{\"values\":{\"count\":100,"
        "\"rate\":10.5}},\"http_req_failed\":{\"values\":{\"rate\":0.25}},"
        "\"vus_max\":{\"values\":{\"value\":4}}}}";
    static const char list[] =
        "[{\"name\":\"a\",\"rps\":120,\"p99_ms\":12.5,\"meanLatency\":\"7ms\"},"
        "{\"other\":1},3,null,\"x\",[],{\"p50_ms\":-1,\"p99_ms\":1e300}]";
    struct rows rows = {0};

    (void)state;
    assert_int_equal(read_of(oha, NULL, &rows), 1);
    assert_figure(rows.of, FIGURE_P999, 0.04);
    assert_figure(rows.of, FIGURE_REQUESTS, 7821);
    assert_figure(rows.of, FIGURE_FAILED, 805);
    row_free(&rows);
    assert_int_equal(read_of(k6, "k6", &rows), 1);
    assert_figure(rows.of, FIGURE_MEAN, 0.0205);
    assert_figure(rows.of, FIGURE_P95, 0.03);
    assert_figure(rows.of, FIGURE_FAILED, 25);
    assert_figure(rows.of, FIGURE_CONNECTIONS, 4);
    row_free(&rows);
    assert_int_equal(read_of(list, NULL, &rows), 2);
    assert_string_equal(rows.of->name, "a");
    assert_figure(rows.of, FIGURE_P99, 12.5e-3);
    assert_figure(rows.of, FIGURE_MEAN, 7e-3);
    row_free(&rows);
}

static void test_nothing_to_read(void **state)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "hello",
        "{",
        "{\"a\":1e999}",
        "[1,2]",
        "a,b\n1,2\n",
        "| a | b |\n|---|---|\n| 1 | 2 |\n",
        "response-time,DNS+dialup,status-code\n0.1,0.2,200\n",
    };
    struct rows rows = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_of(texts[i], NULL, &rows), -EINVAL);
        assert_int_equal(rows.count, 0);
        row_free(&rows);
    }
    assert_int_equal(read_of("Summary:\n", "wrk", &rows), -EINVAL);
    row_free(&rows);
}

/* A row of figures as printed: "rate=16474 connections=128 wait=100ms". */
static struct row row_of(const char *text)
{
    struct row row = {.format = "flags"};
    char copy[512], *rest = copy, *word;

    snprintf(copy, sizeof copy, "%s", text);
    while ((word = strsep(&rest, " "))) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        if (!strcmp(word, "loop")) {
            row.loop = !strcmp(value, "open") ? LOOP_OPEN : LOOP_CLOSED;
            continue;
        }
        int id = 0;
        while (strcmp(figure_abouts[id].name, word) != 0)
            assert_true(++id < FIGURES);
        assert_true(
            figure_read_text(figure_abouts[id].kind, value, &row.figures[id]));
    }
    return row;
}

enum {
    B = VERDICT_BREAKS,
    S = VERDICT_SUSPICIOUS,
    OK = VERDICT_SOUND,
    NO = VERDICT_UNKNOWN
};
static const struct {
    const char *row;
    enum judge_law law;
    int verdict;
} law_rows[] = {
    /* 128 connections and 100 ms allow 1,280/s. */
    {"rate=16474 connections=128 wait=100ms", JUDGE_CLOSED_LOOP, B},
    {"rate=1280 connections=128 wait=100ms", JUDGE_CLOSED_LOOP, OK},
    {"rate=1292 connections=128 wait=100ms", JUDGE_CLOSED_LOOP, OK},
    /* A run of a second may have 1,408/s, and timers fire early. */
    {"rate=1380 connections=128 wait=100ms", JUDGE_CLOSED_LOOP, S},
    {"rate=1500 connections=128 wait=100ms", JUDGE_CLOSED_LOOP, B},
    {"rate=1380 connections=128 wait=100ms duration=10s", JUDGE_CLOSED_LOOP, B},
    {"rate=1300 connections=128 wait=100ms duration=10s", JUDGE_CLOSED_LOOP,
     OK},
    {"rate=16474 connections=128", JUDGE_CLOSED_LOOP, NO},
    {"rate=16474 connections=128 in-flight=16 wait=100ms", JUDGE_CLOSED_LOOP,
     OK},
    /* With latencies as long as the wait, HTTP/2 would do it. */
    {"rate=5000 connections=128 wait=100ms mean=101ms", JUDGE_CLOSED_LOOP, S},
    {"rate=5000 connections=128 wait=100ms mean=101ms loop=closed",
     JUDGE_CLOSED_LOOP, B},
    /* Nine of ten failed, and need not have waited. */
    {"rate=12800 connections=128 wait=100ms requests=128000 failed=115200",
     JUDGE_CLOSED_LOOP, OK},
    {"rate=400 workers=8 wait=20ms", JUDGE_WORKERS, OK},
    {"rate=500 workers=8 wait=20ms duration=10s", JUDGE_WORKERS, B},
    {"rate=2000 cpu=1ms cores=2", JUDGE_CPU, OK},
    {"rate=2100 cpu=1ms cores=2", JUDGE_CPU, S},
    {"rate=2600 cpu=1ms cores=2", JUDGE_CPU, B},
    {"rate=2600 cpu=1ms", JUDGE_CPU, NO},
    {"rate=1000 mean=64ms connections=64 loop=closed", JUDGE_LITTLE, OK},
    {"rate=1000 mean=80ms connections=64 loop=closed", JUDGE_LITTLE, B},
    {"rate=1000 mean=80ms connections=64", JUDGE_LITTLE, S},
    {"rate=1000 mean=80ms connections=64 loop=open", JUDGE_LITTLE, NO},
    {"rate=1000 mean=20ms connections=64 loop=closed", JUDGE_LITTLE, S},
    {"rate=1000 mean=20ms connections=64", JUDGE_LITTLE, OK},
    {"wait=100ms mean=7.7ms", JUDGE_UNDER_WAIT, B},
    {"wait=100ms mean=99ms", JUDGE_UNDER_WAIT, OK},
    {"wait=10ms min=9.2ms", JUDGE_UNDER_WAIT, S}, /* an early timer */
    {"wait=10ms min=8.2ms requests=100 failed=0", JUDGE_UNDER_WAIT, B},
    {"wait=10ms min=8.2ms", JUDGE_UNDER_WAIT, S}, /* one that failed? */
    {"wait=10ms max=8.2ms", JUDGE_UNDER_WAIT, B},
    {"wait=10ms p50=1ms requests=100 failed=60", JUDGE_UNDER_WAIT, NO},
    {"wait=10ms p90=1ms requests=100 failed=60", JUDGE_UNDER_WAIT, B},
    {"wait=10ms mean=3.4ms requests=100 failed=60", JUDGE_UNDER_WAIT, B},
    {"wait=10ms mean=4.5ms requests=100 failed=60", JUDGE_UNDER_WAIT, OK},
    {"wait=10ms", JUDGE_UNDER_WAIT, NO},
    {"p50=10ms p99=10ms max=10ms", JUDGE_ORDER, OK},
    {"p50=10ms p99=9.95ms", JUDGE_ORDER, OK},
    {"p50=10ms p99=7ms", JUDGE_ORDER, B},
    {"p50=10ms p99=9ms", JUDGE_ORDER, OK}, /* both may be 9.5 */
    {"min=10ms max=7.5ms", JUDGE_ORDER, B},
    {"p99=23.40s max=23.38s", JUDGE_ORDER, OK}, /* a histogram's buckets */
    {"p50=10ms", JUDGE_ORDER, NO},
    {"mean=10ms max=7ms", JUDGE_MEAN, B},
    {"mean=10ms min=13ms", JUDGE_MEAN, B},
    /* A hundredth of the requests take 2 s each, so the mean is 20 ms. */
    {"rate=1000 mean=10ms p99=2000ms", JUDGE_MEAN, B},
    {"rate=1000 mean=21ms p99=2000ms", JUDGE_MEAN, OK},
    {"mean=10ms p99=2000ms", JUDGE_MEAN, OK}, /* of how many? */
    {"rate=1000 mean=60ms p50=10ms p99=50ms max=60ms", JUDGE_MEAN, B},
    {"rate=1000 mean=20ms p50=10ms p99=50ms max=60ms", JUDGE_MEAN, OK},
    {"mean=10ms", JUDGE_MEAN, NO},
    {"mean=42.7ms p99=42.7ms", JUDGE_MEAN_IS_P99, S},
    {"mean=42.7ms p50=10ms p99=42.7ms", JUDGE_MEAN_IS_P99, S},
    {"mean=42.7ms p50=42.6ms p99=42.7ms", JUDGE_MEAN_IS_P99, OK},
    {"mean=42ms p99=42ms", JUDGE_MEAN_IS_P99, OK}, /* too few digits */
    {"mean=42.6ms p99=42.7ms", JUDGE_MEAN_IS_P99, OK},
    {"rate=1000 requests=10000 duration=10s", JUDGE_COUNT, OK},
    {"rate=2000 requests=10000 duration=10s", JUDGE_COUNT, S},
    {"rate=2000 requests=10000", JUDGE_COUNT, NO},
    {"rate=1000 requests=10000 failed=0", JUDGE_FAILURES, OK},
    {"rate=1000 requests=10000 failed=500", JUDGE_FAILURES, S},
    {"rate=1000 requests=10000 lost=500", JUDGE_FAILURES, S},
    /* No request got its answer. */
    {"rate=0 wait=10ms mean=0ms max=0ms connections=3", JUDGE_UNDER_WAIT, NO},
    {"wait=0s mean=1ms rate=5 connections=1", JUDGE_CLOSED_LOOP, OK},
};

static void test_laws(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof law_rows / sizeof *law_rows; i++) {
        struct row row = row_of(law_rows[i].row);
        struct judgement judgement;
        judge_row(&row, &judgement);
        int verdict = (int)judgement.findings[law_rows[i].law].verdict;
        if (verdict != law_rows[i].verdict)
            fail_msg("%s: %s is %s, not %s", law_rows[i].row,
                     judge_law_name(law_rows[i].law),
                     verdict_name(judgement.findings[law_rows[i].law].verdict),
                     verdict_name((enum verdict)law_rows[i].verdict));
    }
}

static void test_doubts(void **state)
{
    struct row row =
        row_of("rate=11330 mean=9.05ms connections=64 loop=closed");
    struct judgement judgement;

    (void)state;
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_BREAKS);
    row.flight_doubt = "wrk adds samples";
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_SUSPICIOUS);
    row.figures[FIGURE_IN_FLIGHT] = figure_exact(1);
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_BREAKS);
    row.mean_doubt = "hey's mean is too large";
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_SUSPICIOUS);
    /* A program's own total, rate and duration agree, or somebody changed one.
     */
    row = row_of("rate=2000 requests=10000 duration=10s");
    row.own_count = true;
    judge_row(&row, &judgement);
    assert_int_equal(judgement.findings[JUDGE_COUNT].verdict, VERDICT_BREAKS);
    row = row_of("max=4.93s duration=1.25ms loop=closed");
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
    row.own_times = true;
    judge_row(&row, &judgement);
    assert_int_equal(judgement.findings[JUDGE_LONGER].verdict, VERDICT_BREAKS);
    row.loop = LOOP_OPEN;
    judge_row(&row, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_UNKNOWN);
}

/* wrk with pipelining: an output as it is printed, whose mean is wrong. */
static void test_wrk_pipelined(void **state)
{
    static const char text[] =
        "Running 30s test @ http://h/\n"
        "  4 threads and 128 connections\n"
        "    Latency     1.34ms    5.61ms 170.00ms   90%\n"
        "     50%  278.00us\n     90%    3.23ms\n"
        "     99%  126.69ms\n"
        "  113247792 requests in 30.10s, 9.70GB read\n"
        "Requests/sec: 3762376.24\n";
    struct rows rows = {0};
    struct judgement judgement;

    (void)state;
    assert_int_equal(read_of(text, NULL, &rows), 1);
    judge_row(rows.of, &judgement);
    assert_int_equal(judgement.verdict, VERDICT_SUSPICIOUS);
    assert_int_equal(judgement.findings[JUDGE_MEAN].verdict,
                     VERDICT_SUSPICIOUS);
    row_free(&rows);
}

static void test_words(void **state)
{
    struct row row = row_of("rate=16474 connections=128 wait=100ms mean=7.7ms");
    struct judgement judgement;
    char text[WORDS_SENTENCE];

    (void)state;
    judge_row(&row, &judgement);
    assert_true(near(judgement.findings[JUDGE_CLOSED_LOOP].bound, 1280));
    assert_string_equal(words_of_finding(&row, JUDGE_CLOSED_LOOP, &judgement,
                                         text, sizeof text),
                        "16,474/s, but 128 connections and a wait of 100ms "
                        "allow 1,280/s: 12.9 times as much");
    assert_string_equal(
        words_of_finding(&row, JUDGE_UNDER_WAIT, &judgement, text, sizeof text),
        "mean 7.7ms, but no request can be shorter than its "
        "wait of 100ms: 13 times too short");
    words_of_explanation(&row, JUDGE_UNDER_WAIT, &judgement, text, sizeof text);
    assert_non_null(strstr(text, "agree with each other (127 in flight"));
    assert_string_equal(words_of_missing(1u << FIGURE_WAIT | 1u << FIGURE_P99,
                                         text, sizeof text),
                        "--wait, --p99");
    row = row_of("mean=42.7ms p50=10ms p99=42.7ms");
    judge_row(&row, &judgement);
    words_of_finding(&row, JUDGE_MEAN_IS_P99, &judgement, text, sizeof text);
    assert_non_null(strstr(text, "1.68 s each on average"));
}

static void test_names(void **state)
{
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"  uwsgi ", "uwsgi"},
        {"caf\u00e9", "caf\u00e9"},
        {"a\x1b[2Jb", "a?[2Jb"},
        {"a\xff"
         "b",
         "a?b"},
        {"a\u202eb", "a???b"},
        {"\xc2\x85x", "??x"},
        {"", ""},
    };
    struct row row = {0};
    char all[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        row_name(&row, rows[i].text, (int)strlen(rows[i].text));
        assert_string_equal(row.name, rows[i].name);
    }
    memset(all, 0xe2, sizeof all);
    row_name(&row, all, sizeof all);
    assert_int_equal(strlen(row.name), sizeof row.name - 1);
}

static void test_bounds(void **state)
{
    static char zeros[100000];
    struct source source;
    struct rows rows = {0};
    char why[512];

    (void)state;
    assert_int_equal(
        source_of(zeros, sizeof zeros, "f", &source, why, sizeof why), 0);
    assert_int_equal(read_rows(&source, NULL, 0, &rows, why, sizeof why),
                     -EINVAL);
    source_free(&source);
    assert_int_equal(source_of(zeros, (size_t)SOURCE_BYTES_MOST + 1, "f",
                               &source, why, sizeof why),
                     -EFBIG);
    /* A hundred thousand columns. */
    memset(zeros, '|', sizeof zeros - 1);
    memcpy(zeros + 40000, "\n|-|\n|1|\n", 9);
    zeros[sizeof zeros - 1] = '\0';
    assert_int_equal(read_of(zeros, NULL, &rows), -EINVAL);
    /* More rows than anyone reads. */
    char *many = malloc(ROWS_MOST * 16);
    assert_non_null(many);
    char *at = many + sprintf(many, "rps,p99 (ms)\n");
    for (int i = 0; i <= ROWS_MOST; i++)
        at += sprintf(at, "%d,2\n", i % 9 + 1);
    assert_int_equal(read_of(many, NULL, &rows), -EINVAL);
    row_free(&rows);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures),
        cmocka_unit_test(test_no_figures),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_wrk),
        cmocka_unit_test(test_hey_and_oha),
        cmocka_unit_test(test_h2load_k6_and_troika),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_nothing_to_read),
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_wrk_pipelined),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
