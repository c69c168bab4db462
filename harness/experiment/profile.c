/* SPDX-License-Identifier: MIT
 *
 * One table row per key.
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>

#include "value.h"

#define HOUR_NS INT64_C(3600000000000)

static int take_limit(const struct reader *reader,
                      const struct ini_entry *entry, const struct key *key,
                      void *into)
{
    struct profile *profile = into;
    char why[256];
    if (value_limit(entry->value, &profile->limit_percentile,
                    &profile->limit_ns, why, sizeof why) < 0)
        return reader_judged(reader, entry, -EINVAL, why);
    return reader_copy_text(reader, entry, profile->limit_text, key->size);
}

const struct key profile_keys[] = {
    {"name", "text", NULL, "the name of the service", KEY_TEXT,
     KEY_IN(struct profile, name)},
    {"wait", "time", "0s", "how long a request waits", KEY_TIME,
     KEY_IN(struct profile, wait_ns), .max = HOUR_NS},
    {"cpu", "time", "0s", "how much CPU it burns", KEY_TIME,
     KEY_IN(struct profile, cpu_ns), .max = HOUR_NS},
    {"concurrency", "count", "1", "requests at once", KEY_COUNT,
     KEY_IN(struct profile, connections), .min = 1, .max = 10000000},
    {"latency_limit", "as in `p99<100ms`", NULL,
     "the limit that the service must keep", KEY_OWN,
     KEY_IN(struct profile, limit_text), .take = take_limit},
    {"memory", "size", "no limit", "the memory that the service may use in all",
     KEY_BYTES, KEY_IN(struct profile, memory_bytes), .min = 1,
     .max = INT64_MAX},
    {0}};

int profile_read(const struct reader *reader, int section)
{
    struct profile *profile = &reader->experiment->profile;

    profile->given = true;
    return reader_section(reader, section, profile_keys, profile);
}
