/* SPDX-License-Identifier: MIT
 *
 * Bands of made-up residuals: how often they hold, which residuals they are
 * of, where a service lies outside, and what a damaged file is told.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/predict/bands.h"

enum { SETS = 10000, MOST = 128 };

static const double MS = 1e6;

/* A number of [0, 1) that depends on nothing but the count (splitmix64). */
static double uniform(void)
{
    static uint64_t state = 7;
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(void)
{
    double radius = sqrt(-2 * log(1 - uniform()));
    return radius * cos(2 * M_PI * uniform());
}

/* Errors as forecasts have them: small, on one side, with rare large ones. */
static double error_of(int kind)
{
    switch (kind) {
    case 0:
        return 0.03 * normal();
    case 1:
        return 0.1 + 0.02 * normal();
    default:
        return uniform() < 0.1 ? 0.5 * uniform() : 0.01 * normal();
    }
}

static struct residual residual_storage[MOST];
static struct validated_service service_storage[MOST];

/* Services with 1 ms to 100 ms of waiting, one residual each. */
static struct bands world(int count, enum discipline discipline)
{
    struct bands bands = {.residuals = residual_storage,
                          .residual_count = count,
                          .services = service_storage,
                          .service_count = count};

    for (int i = 0; i < count; i++) {
        double share = count > 1 ? (double)i / (count - 1) : 0;
        bands.services[i] = (struct validated_service){
            .number = i + 1,
            .of = {[BAND_WAIT] = MS * pow(100, share),
                   [BAND_CPU] = 0.1 * MS * pow(100, share),
                   [BAND_CALLS] = 1,
                   [BAND_CONNECTIONS] = 8 * pow(32, share),
                   [BAND_PAYLOAD] = 20,
                   [BAND_CV_WAIT] = i % 2,
                   [BAND_CV_CPU] = i % 2}};
        bands.residuals[i] = (struct residual){.service = i + 1,
                                               .model = "it",
                                               .discipline = discipline,
                                               .quantity = QUANTITY_THROUGHPUT,
                                               .log_error = 0.01 * (i + 1)};
    }
    return bands;
}

static void near(const char *what, double got, double expected, double limit)
{
    if (!(fabs(got - expected) <= limit))
        fail_msg("%s: got %.6g, expected %.6g", what, got, expected);
}

/* Of 10,000 sets, the next residual lies in the band of nine in ten. */
static void test_coverage(void **state)
{
    static const int counts[] = {19, 39, 59, 120};

    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int kind = 0; kind < 3; kind++) {
            int n = counts[c], held = 0;
            struct bands bands = world(n, DISCIPLINE_LOOP);
            for (int set = 0; set < SETS; set++) {
                for (int i = 0; i < n; i++)
                    bands.residuals[i].log_error = error_of(kind);
                struct band band =
                    band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_LOOP, NAN);
                held += fabs(error_of(kind)) <= log(band.factor);
            }
            double share = (double)held / SETS;
            assert_true(share >= 0.88 && share <= 0.92);
            /* Exactly rank / (n + 1), within 3.5 standard errors. */
            near("coverage", share, ceil((n + 1) * 0.9 - 1e-9) / (n + 1),
                 3.5 * 0.003);
        }
}

static void test_which_residuals(void **state)
{
    struct bands bands = world(19, DISCIPLINE_LOOP);

    (void)state;
    struct band band =
        band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_LOOP, NAN);
    near("18th of 19", log(band.factor), 0.18, 1e-12);
    assert_int_equal(band.n, 19);
    assert_int_equal(band.services, 19);
    assert_false(band.pooled || band.widened);
    /* Another discipline has none of its own, so it gets that of all. */
    band = band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_WORKER, NAN);
    near("pooled", log(band.factor), 0.18, 1e-12);
    assert_true(band.pooled);
    /* Another quantity has none. */
    band = band_of(&bands, QUANTITY_P99, DISCIPLINE_LOOP, NAN);
    assert_true(isnan(band.factor));
    assert_int_equal(band.services, 0);
    bands = world(18, DISCIPLINE_LOOP);
    band = band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_LOOP, NAN);
    assert_true(isnan(band.factor));
    assert_int_equal(band.services, 18);
    /* 20 of its own: those of others do not count. The sign does not either. */
    bands = world(40, DISCIPLINE_LOOP);
    for (int i = 20; i < 40; i++)
        bands.residuals[i].discipline = DISCIPLINE_WORKER;
    for (int i = 0; i < 20; i++)
        bands.residuals[i].log_error *= -1;
    band = band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_LOOP, NAN);
    near("19th of 20", log(band.factor), 0.19, 1e-12);
    assert_int_equal(band.n, 20);
}

/* Latencies at a rate say nothing of clients who ask again, nor of a load that
 * is higher than all. */
static void test_unlike_loads(void **state)
{
    static const enum quantity queues[] = {QUANTITY_P50, QUANTITY_P99,
                                           QUANTITY_MEMORY};
    struct bands bands = world(40, DISCIPLINE_LOOP);

    (void)state;
    for (int i = 0; i < 40; i++)
        bands.residuals[i].load = i < 20 ? 0.85 : NAN;
    for (int q = 0; q < 3; q++) {
        for (int i = 0; i < 40; i++)
            bands.residuals[i].quantity = queues[q];
        struct band band = band_of(&bands, queues[q], DISCIPLINE_LOOP, 0.7);
        near("at a rate", log(band.factor), 0.19, 1e-12);
        assert_int_equal(band.services, 20);
        band = band_of(&bands, queues[q], DISCIPLINE_LOOP, NAN);
        near("clients", log(band.factor), 0.39, 1e-12);
        band = band_of(&bands, queues[q], DISCIPLINE_LOOP, 0.85);
        assert_false(band.beyond_load);
        band = band_of(&bands, queues[q], DISCIPLINE_LOOP, 0.9);
        assert_int_equal(band.beyond_load, queues[q] != QUANTITY_MEMORY);
        assert_int_equal(isnan(band.factor), band.beyond_load);
    }
    near("most", bands_load_most(&bands), 0, 0); /* of memory, no latency */
    for (int i = 20; i < 40; i++)
        bands.residuals[i].quantity = QUANTITY_CPU;
    struct band none = band_of(&bands, QUANTITY_MEMORY, DISCIPLINE_LOOP, NAN);
    assert_true(isnan(none.factor));
    assert_int_equal(none.services, 0);
    /* The CPU of a request is that of both. */
    near("cpu",
         log(band_of(&bands, QUANTITY_CPU, DISCIPLINE_LOOP, 0.99).factor), 0.39,
         1e-12);
}

static struct service service(double wait_ns, double cpu_ns, int connections)
{
    struct service p = {
        .wait_ns = wait_ns, .cpu_ns = cpu_ns, .connections = connections};
    service_defaults(&p, 1);
    return p;
}

static void test_outside(void **state)
{
    struct bands bands = world(40, DISCIPLINE_LOOP);
    struct service p = service(20 * MS, 1 * MS, 64);
    struct band band = {.factor = 1.1};
    char text[200];

    (void)state;
    struct outside outside = bands_outside(&bands, &p, 1);
    assert_false(outside_extrapolated(&outside) || outside_far(&outside));
    assert_string_equal(outside_text(&outside, text, sizeof text), "");
    near("inside", band_widened(band, &outside).factor, 1.1, 0);
    p.wait_ns = 300 * MS;
    outside = bands_outside(&bands, &p, 1);
    assert_int_equal(outside.input, BAND_WAIT);
    near("3 times", outside.factor, 3, 1e-9);
    assert_string_equal(outside_text(&outside, text, sizeof text),
                        "wait 300 ms is 3 times above what was measured "
                        "(1.00 ms to 100 ms)");
    band = band_widened(band, &outside);
    near("twice as wide", log(band.factor), 2 * log(1.1), 1e-12);
    assert_true(band.widened);
    p.cpu_ns = 0.01 * MS; /* ten times below */
    outside = bands_outside(&bands, &p, 1);
    assert_int_equal(outside.input, BAND_CPU);
    assert_true(outside_far(&outside));
    assert_true(isnan(band_widened(band, &outside).factor));
}

/* What has no part in a service lies nowhere, and few requests at once are a
 * light load. */
static void test_inputs_without_a_part(void **state)
{
    struct bands bands = world(40, DISCIPLINE_LOOP);
    struct service p = service(20 * MS, 1 * MS, 0);

    (void)state;
    p.rate_per_s = 1;
    struct outside outside = bands_outside(&bands, &p, 1);
    near("a light load", outside.factor, 1, 0);
    p.rate_per_s = 512 / 0.021;
    outside = bands_outside(&bands, &p, 1);
    assert_true(outside.flight);
    near("512 of 256 in flight", outside.factor, 2, 1e-9);
    p = service(20 * MS, 1 * MS, 64);
    p.burst = 5; /* clients do not come in bursts */
    assert_null(bands_outside(&bands, &p, 1).unseen);
    p.cores = 8;
    assert_string_equal(bands_outside(&bands, &p, 1).unseen, "cores");
    struct band band = {.factor = 1.1};
    outside = bands_outside(&bands, &p, 1);
    assert_true(isnan(band_widened(band, &outside).factor));
    p.burst = 1;
    p.think_ns = 1; /* no client paused */
    assert_string_equal(bands_outside(&bands, &p, 8).unseen, "think");
    p.rate_per_s = 100;
    assert_null(bands_outside(&bands, &p, 8).unseen);
    p.rate_per_s = p.think_ns = 0;
    p.cv_wait = 5;
    outside = bands_outside(&bands, &p, 8);
    assert_int_equal(outside.input, BAND_CV_WAIT);
    near("5 times", outside.factor, 5, 1e-9);
}

static void test_nearest(void **state)
{
    struct bands bands = world(3, DISCIPLINE_LOOP); /* 1, 10 and 100 ms */
    struct service p = service(9 * MS, 1.2 * MS, 40);

    (void)state;
    const struct validated_service *nearest = bands_nearest(&bands, &p);
    assert_int_equal(nearest->number, 2);
    near("ratio", bands_ratio(&bands, nearest, "it", QUANTITY_THROUGHPUT),
         exp(0.02), 1e-12);
    assert_true(
        isnan(bands_ratio(&bands, nearest, "else", QUANTITY_THROUGHPUT)));
    assert_true(isnan(bands_ratio(&bands, nearest, "it", QUANTITY_P99)));
    /* Two numbers of workers: the mean of both. */
    bands.residuals[2].service = 2;
    near("mean", bands_ratio(&bands, nearest, "it", QUANTITY_THROUGHPUT),
         exp(0.025), 1e-12);
    bands.service_count = 0;
    assert_null(bands_nearest(&bands, &p));
}

static json_t *file_of(int services)
{
    json_t *list = json_array(), *residuals = json_array();

    for (int i = 1; i <= services; i++) {
        json_array_append_new(
            list, json_pack("{s:i, s:f, s:i, s:f, s:f, s:f, s:i, s:i, s:f}",
                            "service", i, "wait_ns", 5e6, "calls", 1, "cpu_ns",
                            8e5, "cv_wait", 0., "cv_cpu", 1., "payload_bytes",
                            20, "connections", 40, "share", 0.7));
        json_array_append_new(
            residuals,
            json_pack("{s:i, s:s, s:s, s:i, s:s, s:n, s:f, s:f, s:b, s:s}",
                      "service", i, "model", "event-loop", "discipline", "loop",
                      "workers", 0, "quantity", "throughput_per_s",
                      "percentile", "forecast", 100., "measured", 98., "judged",
                      1, "cause", ""));
    }
    return json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:s}",
                     "schema_version", 1, "seed", 7, "machine", "m",
                     "fingerprint", "f", "at", "2026-11-29T00:00:00Z", "run_id",
                     "r", "services", list, "residuals", residuals, "more",
                     "is ignored");
}

static void test_file(void **state)
{
    struct bands bands;
    char why[200];
    json_t *json = file_of(20);
    json_t *row = json_array_get(json_object_get(json, "residuals"), 19);

    (void)state;
    json_object_set_new(row, "judged", json_false());
    json_object_set_new(row, "measured", json_null());
    assert_int_equal(bands_read(json, &bands, why, sizeof why), 0);
    assert_string_equal(bands.machine, "m");
    assert_int_equal(bands.residual_count, 19);
    assert_int_equal(bands.service_count, 19); /* one was not judged */
    struct band band =
        band_of(&bands, QUANTITY_THROUGHPUT, DISCIPLINE_LOOP, NAN);
    near("factor", band.factor, 100 / 98., 1e-12);
    bands_free(&bands);
    /* The p95 of a slow service is no residual of p99. */
    json_object_set_new(row, "judged", json_true());
    json_object_set_new(row, "measured", json_real(98));
    json_object_set_new(row, "quantity", json_string("latency_p99_ns"));
    json_object_set_new(row, "percentile", json_integer(95));
    assert_int_equal(bands_read(json, &bands, why, sizeof why), 0);
    assert_int_equal(bands.residual_count, 19);
    bands_free(&bands);
    json_object_set_new(row, "percentile", json_integer(99));
    assert_int_equal(bands_read(json, &bands, why, sizeof why), 0);
    assert_int_equal(bands.residual_count, 20);
    assert_false(bands.afterwards);
    bands_free(&bands);
    json_object_set_new(json, "afterwards", json_true());
    assert_int_equal(bands_read(json, &bands, why, sizeof why), 0);
    assert_true(bands.afterwards);
    bands_free(&bands);
    json_decref(json);
}

/* Takes a member away, or gives it another value. `list` NULL: of the file. */
static void damaged(const char *list, const char *member, json_t *value)
{
    json_t *json = file_of(3);
    json_t *at = list ? json_array_get(json_object_get(json, list), 1) : json;
    struct bands bands;
    char why[200] = "", name[64];

    if (value)
        json_object_set_new(at, member, value);
    else
        json_object_del(at, member);
    snprintf(name, sizeof name, list ? "\"%s\" of %s[1] is " : "\"%s\" is ",
             member, list);
    if (bands_read(json, &bands, why, sizeof why) != -EINVAL ||
        !strstr(why, name))
        fail_msg("%s was read, or refused with \"%s\"", name, why);
    bands_free(&bands);
    json_decref(json);
}

static void test_damaged_files(void **state)
{
    static const char *const whole[] = {
        "schema_version", "machine",  "fingerprint", "at",
        "run_id",         "services", "residuals"};
    static const char *const of_service[] = {
        "service", "wait_ns", "calls",         "cpu_ns",
        "cv_wait", "cv_cpu",  "payload_bytes", "connections"};
    static const char *const of_residual[] = {
        "service",  "model",    "discipline", "quantity",
        "forecast", "measured", "judged"};

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        damaged(NULL, whole[i], NULL);
    for (size_t i = 0; i < sizeof of_service / sizeof *of_service; i++)
        damaged("services", of_service[i], NULL);
    for (size_t i = 0; i < sizeof of_residual / sizeof *of_residual; i++)
        damaged("residuals", of_residual[i], NULL);
    damaged(NULL, "schema_version", json_integer(2));
    damaged(NULL, "services", json_object());
    damaged("services", "service", json_integer(1)); /* there is one */
    damaged("services", "service", json_real(1.5));
    damaged("services", "wait_ns", json_integer(-1));
    damaged("residuals", "service", json_integer(9));
    damaged("residuals", "discipline", json_string("lop"));
    damaged("residuals", "quantity", json_string("p99"));
    damaged("residuals", "forecast", json_integer(0));
    damaged("residuals", "measured", json_null());
    damaged("residuals", "judged", json_string("yes"));
    damaged(NULL, "at", json_string("yesterday"));
    damaged(NULL, "run_id", json_string(""));
    damaged("services", "connections", json_string("40"));
    damaged("residuals", "measured", json_real(1e300));
    damaged("residuals", "percentile", json_string("99"));
    damaged("residuals", "model", json_string("a\nb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage),
        cmocka_unit_test(test_which_residuals),
        cmocka_unit_test(test_unlike_loads),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_inputs_without_a_part),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
