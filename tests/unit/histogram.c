/* SPDX-License-Identifier: MIT
 *
 * The histogram against the truth: the same values in a sorted array.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/runtime/base/histogram.h"

enum { VALUES = 20000, DISTRIBUTIONS = 6 };
#define TOP_NS (((int64_t)1 << 42) - 1)

static uint64_t random_state = 1;

static uint64_t random_bits(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1Du;
}

static double random_unit(void)
{
    return ((double)(random_bits() >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t draw(int distribution, int i)
{
    switch (distribution) {
    case 0: /* every power of two has its share */
        return (int64_t)(random_bits() >> (22 + random_bits() % 40));
    case 1: /* exponential, mean 1 ms */
        return (int64_t)(-1e6 * log(random_unit()));
    case 2: /* two peaks */
        return i % 10 ? 1000000 + i : 100000000 + i;
    case 3: /* a constant */
        return 50000000;
    case 4: /* small values, each with a slot of its own */
        return i % 2048;
    default: /* a heavy tail */
        return (int64_t)fmin(1e3 / pow(random_unit(), 1.2), 4e12);
    }
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct histogram *new_histogram(void)
{
    struct histogram *histogram = malloc(sizeof *histogram);
    assert_non_null(histogram);
    histogram_reset(histogram);
    return histogram;
}

static void against_sorted(void **state)
{
    (void)state;
    static const double levels[] = {0,  0.01, 1,    25,    50, 75,
                                    90, 99,   99.9, 99.99, 100};
    static int64_t values[VALUES];
    struct histogram *histogram = new_histogram();
    for (int d = 0; d < DISTRIBUTIONS; d++) {
        histogram_reset(histogram);
        double sum = 0;
        for (int i = 0; i < VALUES; i++) {
            values[i] = draw(d, i);
            sum += (double)values[i];
            histogram_record(histogram, values[i]);
        }
        qsort(values, VALUES, sizeof values[0], by_value);
        assert_int_equal(histogram->min_ns, values[0]);
        assert_int_equal(histogram->max_ns, values[VALUES - 1]);
        assert_int_equal(histogram->saturated, 0);
        assert_true(fabs(histogram_mean_ns(histogram) * VALUES - sum) <=
                    sum * 1e-12);
        for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++) {
            int rank = (int)ceil(levels[k] * VALUES / 100 - 1e-6);
            int64_t truth = values[rank > 0 ? rank - 1 : 0];
            int64_t got = histogram_percentile_ns(histogram, levels[k]);
            if (got < truth || (double)(got - truth) > 1e-3 * (double)truth)
                fail_msg("distribution %d, p%g: %lld, truth %lld", d, levels[k],
                         (long long)got, (long long)truth);
        }
    }
    free(histogram);
}

static void edges(void **state)
{
    (void)state;
    struct histogram *h = new_histogram();
    assert_int_equal(histogram_percentile_ns(h, 99), 0);
    assert_true(histogram_mean_ns(h) == 0);
    assert_true(h->min_ns == INT64_MAX && h->max_ns == 0);
    histogram_record(h, 12345678);
    for (double p = 0; p <= 100; p += 12.5)
        assert_int_equal(histogram_percentile_ns(h, p), 12345678);
    histogram_reset(h);
    histogram_record(h, -5);
    assert_int_equal(histogram_percentile_ns(h, 100), 0);
    assert_int_equal(h->min_ns, 0);
    histogram_record(h, INT64_MAX);
    histogram_record(h, TOP_NS + 1);
    histogram_record(h, TOP_NS);
    assert_int_equal(h->saturated, 2);
    assert_int_equal(h->max_ns, TOP_NS);
    assert_int_equal(histogram_percentile_ns(h, 100), TOP_NS);
    assert_int_equal(h->slots[HISTOGRAM_SLOTS - 1], 3);
    free(h);
}

/* 999 of 1,000 values are enough for p99.9, for every such count. */
static void exact_ranks(void **state)
{
    (void)state;
    struct histogram *h = new_histogram();
    for (int i = 1; i <= 2000; i++) {
        histogram_record(h, i);
        for (int k = 1; k < i && i <= 1000; k++) {
            double p = 100.0 * k / i;
            if (histogram_percentile_ns(h, p) != k)
                fail_msg("%d of %d", k, i);
        }
    }
    assert_int_equal(histogram_percentile_ns(h, 99.9), 1998);
    assert_int_equal(histogram_percentile_ns(h, 99.95), 1999);
    assert_int_equal(histogram_percentile_ns(h, 99.951), 2000);
    free(h);
}

static void merges(void **state)
{
    (void)state;
    struct histogram *all = new_histogram(), *part[3], *left, *right;
    for (int k = 0; k < 3; k++)
        part[k] = new_histogram();
    for (int i = 0; i < 30000; i++) {
        int64_t value = i % 1000 ? draw(i % DISTRIBUTIONS, i) : INT64_MAX;
        histogram_record(all, value);
        histogram_record(part[random_bits() % 3], value);
    }
    left = new_histogram();
    histogram_merge(left, part[0]);
    histogram_merge(left, part[1]);
    histogram_merge(left, part[2]);
    right = new_histogram();
    histogram_merge(right, part[2]);
    histogram_merge(part[1], part[0]);
    histogram_merge(right, part[1]);
    assert_memory_equal(left, all, sizeof *all);
    assert_memory_equal(right, all, sizeof *all);
    struct histogram *empty = new_histogram();
    histogram_merge(right, empty);
    assert_memory_equal(right, all, sizeof *all);
    for (int k = 0; k < 3; k++)
        free(part[k]);
    free(all);
    free(left);
    free(right);
    free(empty);
}

static void hgrm(void **state)
{
    (void)state;
    struct histogram *h = new_histogram();
    for (int i = 1; i <= 1000; i++)
        histogram_record(h, i * 1000000);
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    assert_int_equal(histogram_write_hgrm(h, file), 0);
    fclose(file);
    assert_true(strncmp(text, "       Value     Percentile TotalCount", 38) ==
                0);
    double last_value = 0, last_level = -1, value, level;
    unsigned long long count = 0;
    int rows = 0;
    char *line = strstr(text, "\n\n") + 2;
    for (; *line != '#'; line = strchr(line, '\n') + 1, rows++) {
        assert_int_equal(sscanf(line, "%lf %lf %llu", &value, &level, &count),
                         3);
        assert_true(value >= last_value && level > last_level);
        assert_true((double)count >= level * 1000 - 1e-6);
        assert_true(fabs(value - ceil((double)count)) <= 1e-3 * value);
        last_value = value;
        last_level = level;
    }
    assert_true(rows > 30 && rows < 200);
    assert_true(last_level == 1 && count == 1000 && last_value == 1000);
    assert_non_null(strstr(line, "#[Mean    =   500.500000"));
    assert_non_null(strstr(line, "Total count    =         1000]"));
    assert_non_null(strstr(line, "SubBuckets     =         2048]"));
    free(text);
    free(h);
}

static void hgrm_of_nothing(void **state)
{
    (void)state;
    struct histogram *h = new_histogram();
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_int_equal(histogram_write_hgrm(h, file), 0);
    fclose(file);
    assert_non_null(strstr(text, "#[Max     =     0.000000"));
    free(text);
    file = fopen("/dev/full", "w");
    if (file) {
        assert_true(histogram_write_hgrm(h, file) < 0);
        fclose(file);
    }
    free(h);
}

static void within_counts_to_the_limit(void **state)
{
    struct histogram *h = new_histogram();

    (void)state;
    assert_int_equal(histogram_within(h, 1000), 0);
    for (int ms = 1; ms <= 100; ms++)
        histogram_record(h, ms * INT64_C(1000000));
    assert_int_equal(histogram_within(h, 60000000), 60);
    assert_int_equal(histogram_within(h, 60500000), 60);
    assert_int_equal(histogram_within(h, 0), 0);
    assert_int_equal(histogram_within(h, INT64_C(1000000000)), 100);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_sorted),
        cmocka_unit_test(edges),
        cmocka_unit_test(exact_ranks),
        cmocka_unit_test(merges),
        cmocka_unit_test(hgrm),
        cmocka_unit_test(hgrm_of_nothing),
        cmocka_unit_test(within_counts_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
