/* SPDX-License-Identifier: MIT
 *
 * Query strings (models/runtime/base/parameter.h): what is accepted lies within
 * the table's limits and is written back to a text that means it again; what is
 * refused has a reason. The input's first byte picks the table.
 */
#include "fuzz.h"

#include "models/runtime/base/parameter.h"
#include "models/runtime/model.h"

const struct model model = {.name = "fuzz"};

static const struct parameter mixed[] = {
    {"delay", UNIT_NS, "50ms", 0, 3600000000000, 0, "how long"},
    {"steps", UNIT_COUNT, "100k", 1, INT64_MAX, 0, "of the loop"},
    {"size", UNIT_BYTES, "13B", 0, 1 << 30, 0, "of the body"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter lists[] = {
    {"delays", UNIT_NS, "2s,1s,3s", 0, 3600000000000, 64, "one for each"},
    {"sizes", UNIT_BYTES, "0B", 0, INT64_MAX, 3, "at most three"},
    {NULL, 0, NULL, 0, 0, 0, NULL},
};
static const struct parameter none[] = {{NULL, 0, NULL, 0, 0, 0, NULL}};

static void check_accepted(const struct parameter *table,
                           const struct arguments *arguments)
{
    struct arguments again;
    char text[8192], why[512] = "";
    int rows = parameters_count(table), length;

    for (int i = 0; i < rows; i++) {
        int count = argument_count(arguments, i);
        int most = table[i].list_max > 0 ? table[i].list_max : 1;
        FUZZ_CHECK(count >= 1 && count <= most, "%d values", count);
        for (int k = 0; k < count; k++) {
            int64_t value = arguments->values[arguments->first[i] + k];
            FUZZ_CHECK(value >= table[i].min && value <= table[i].max,
                       "%s=%lld", table[i].name, (long long)value);
        }
    }
    length = parameters_format_query(table, arguments, text, sizeof text);
    FUZZ_CHECK(length > 0, "%d", length);
    FUZZ_CHECK(parameters_parse_query(table, text, (size_t)length, &again, why,
                                      sizeof why) == 0,
               "%s: %s", text, why);
    FUZZ_CHECK(again.seed == arguments->seed, "%s", text);
    FUZZ_CHECK(!memcmp(again.first, arguments->first, sizeof again.first), "%s",
               text);
    FUZZ_CHECK(!memcmp(again.values, arguments->values,
                       again.first[rows] * sizeof again.values[0]),
               "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct parameter *const tables[] = {mixed, lists, none};
    struct arguments arguments, silent;
    char why[512] = "";

    if (size == 0)
        return 0;
    const struct parameter *table = tables[data[0] % 3];
    char *query = malloc(size); /* not terminated, and no byte more */
    memcpy(query, data + 1, size - 1);
    int result = parameters_parse_query(table, query, size - 1, &arguments, why,
                                        sizeof why);
    FUZZ_CHECK(result == parameters_parse_query(table, query, size - 1, &silent,
                                                NULL, 0),
               "another result without a reason");
    FUZZ_CHECK(result == 0 || why[0], "refused without a reason");
    for (const char *c = why; *c; c++)
        FUZZ_CHECK(*c >= ' ' && *c < 0x7f, "byte %d in a reason", *c);
    if (result == 0)
        check_accepted(table, &arguments);
    free(query);
    return 0;
}
