/* SPDX-License-Identifier: MIT
 *
 * One table row and one case per key.
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>

#include "value.h"

enum profile_key {
    PROFILE_NAME,
    PROFILE_WAIT,
    PROFILE_CPU,
    PROFILE_CONCURRENCY,
    PROFILE_LATENCY_LIMIT,
    PROFILE_MEMORY,
    PROFILE_KEYS,
};

const struct key profile_keys[PROFILE_KEYS + 1] = {
    [PROFILE_NAME] = {"name", "text", NULL, "what the service is called"},
    [PROFILE_WAIT] = {"wait", "time", "0s", "how long a request waits"},
    [PROFILE_CPU] = {"cpu", "time", "0s", "how much CPU it burns"},
    [PROFILE_CONCURRENCY] = {"concurrency", "count", "1", "requests at once"},
    [PROFILE_LATENCY_LIMIT] = {"latency_limit", "as in `p99<100ms`", NULL,
                               "the limit that it must meet"},
    [PROFILE_MEMORY] = {"memory", "size", "no limit",
                        "what it may take in all"},
};

static int take_profile(const struct reader *reader,
                        const struct ini_entry *entry, int key, void *into)
{
    static const int64_t HOUR_NS = INT64_C(3600000000000);
    struct profile *profile = into;
    const char *text = entry->value;
    char why[256];
    int result = 0;

    switch ((enum profile_key)key) {
    case PROFILE_NAME:
        return reader_copy_text(reader, entry, profile->name,
                                sizeof profile->name);
    case PROFILE_WAIT:
        result = value_quantity(UNIT_NS, text, 0, HOUR_NS, &profile->wait_ns,
                                why, sizeof why);
        break;
    case PROFILE_CPU:
        result = value_quantity(UNIT_NS, text, 0, HOUR_NS, &profile->cpu_ns,
                                why, sizeof why);
        break;
    case PROFILE_CONCURRENCY:
        result = value_count(text, 1, 10000000, &profile->connections, why,
                             sizeof why);
        break;
    case PROFILE_LATENCY_LIMIT:
        result = value_limit(text, &profile->limit_percentile,
                             &profile->limit_ns, why, sizeof why);
        if (result == 0)
            return reader_copy_text(reader, entry, profile->limit_text,
                                    sizeof profile->limit_text);
        break;
    case PROFILE_MEMORY:
        result = value_quantity(UNIT_BYTES, text, 1, INT64_MAX,
                                &profile->memory_bytes, why, sizeof why);
        break;
    case PROFILE_KEYS:
        break;
    }
    return reader_judged(reader, entry, result, why);
}

int profile_read(const struct reader *reader, int section)
{
    struct profile *profile = &reader->experiment->profile;

    profile->given = true;
    return reader_section(reader, section, profile_keys, take_profile, profile);
}
