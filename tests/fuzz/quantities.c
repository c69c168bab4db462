/* SPDX-License-Identifier: MIT
 *
 * Quantities as people type them (units.h), and the words of experiments and of
 * the command line that are made of them (value.h, threshold.h): what is
 * accepted lies within its limits and is written back to a text that means it
 * again; what is refused has a reason.
 */
#include "fuzz.h"

#include <errno.h>
#include <math.h>

#include "harness/experiment/value.h"
#include "harness/statistics/threshold.h"
#include "models/runtime/base/units.h"

static void check_unit(enum unit unit, const char *text)
{
    char again[64], once_more[64];
    int64_t value = -1, back = -1;
    int result = units_parse(unit, text, &value);

    if (result < 0) {
        FUZZ_CHECK(result == -EINVAL || result == -ERANGE, "%d", result);
        return;
    }
    FUZZ_CHECK(value >= 0, "%lld", (long long)value);
    units_format(unit, value, again, sizeof again);
    FUZZ_CHECK(strlen(again) < 32, "%s", again);
    FUZZ_CHECK(units_parse(unit, again, &back) == 0 && back == value,
               "%lld is written %s and read %lld", (long long)value, again,
               (long long)back);
    FUZZ_CHECK(
        !strcmp(units_format(unit, back, once_more, sizeof once_more), again),
        "%s, then %s", again, once_more);
}

/* Digits alone are read as strtoull does, up to the type's end. */
static void check_count(const char *text)
{
    int64_t value;

    if (!*text || text[strspn(text, "0123456789")])
        return;
    errno = 0;
    unsigned long long plain = strtoull(text, NULL, 10);
    bool fits = errno == 0 && plain <= INT64_MAX;
    int result = units_parse(UNIT_COUNT, text, &value);
    FUZZ_CHECK((result == 0) == fits, "%s: %d", text, result);
    FUZZ_CHECK(!fits || (uint64_t)value == plain, "%s", text);
}

/* Whether it was accepted; who refuses says why. Clears the reason. */
static bool accepted(int result, char *why)
{
    FUZZ_CHECK(result == 0 || why[0], "refused without a reason");
    why[0] = '\0';
    return result == 0;
}

static void check_values(const char *text)
{
    char why[512] = "";
    double real = NAN, percentile;
    int64_t ns;
    uint64_t seed;
    int count;

    if (accepted(value_rate(text, &real, why, sizeof why), why))
        FUZZ_CHECK(real > 0 && real <= 1e7, "%g", real);
    if (value_multiple(text, &real))
        FUZZ_CHECK(real > 0 && real <= 100, "%g", real);
    if (accepted(value_share(text, &real, why, sizeof why), why))
        FUZZ_CHECK(real > 0 && real < 1, "%g", real);
    if (accepted(value_limit(text, &percentile, &ns, why, sizeof why), why))
        FUZZ_CHECK(percentile > 0 && percentile < 100 && ns > 0, "%s", text);
    if (accepted(value_count(text, 3, 1000, &count, why, sizeof why), why))
        FUZZ_CHECK(count >= 3 && count <= 1000, "%d", count);
    accepted(value_seed(text, &seed, why, sizeof why), why);
}

static void check_threshold(const char *text)
{
    struct threshold threshold;
    char why[1024] = "";

    if (threshold_parse(text, &threshold, why, sizeof why) < 0) {
        FUZZ_CHECK(why[0], "no reason");
        return;
    }
    FUZZ_CHECK(isfinite(threshold.limit) && threshold.limit > 0, "%s: %g", text,
               threshold.limit);
    FUZZ_CHECK(strchr(text, threshold.below ? '<' : '>'), "%s", text);
}

static void check_list(const char *text)
{
    char item[64], why[512] = "";
    const char *rest = text;
    int more, count = 0;

    while ((more = value_next(&rest, item, sizeof item, why, sizeof why)) > 0) {
        FUZZ_CHECK(*item && strlen(item) < sizeof item, "\"%s\"", item);
        count++;
    }
    FUZZ_CHECK(more == 0 || why[0], "no reason");
    FUZZ_CHECK(count <= (int)strlen(text) / 2 + 1, "%d items", count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double per_s;
    char *text = fuzz_text(data, size);

    for (int unit = 0; unit < UNITS; unit++)
        if (units[unit].suffixes)
            check_unit((enum unit)unit, text);
    check_count(text);
    if (units_parse_rate(text, &per_s) == 0)
        FUZZ_CHECK(per_s > 0 && isfinite(per_s), "%g", per_s);
    check_values(text);
    check_threshold(text);
    check_list(text);
    free(text);
    return 0;
}
