/* SPDX-License-Identifier: MIT
 *
 * Access logs (troika probe --log). The first line of the input is the format,
 * as --log-format takes it; empty: by the log's own lines. A log that is
 * refused has a reason. Of one that is read, lines add up, its table of minutes
 * holds every request, and the findings have no figure that is none.
 */
#include "fuzz.h"

#include <math.h>

#include "harness/probe/log_findings.h"

static void check_printable(const char *why)
{
    FUZZ_CHECK(why[0] != '\0', "no reason");
}

static void check_facts(const struct log_facts *facts)
{
    uint64_t requests = 0;

    FUZZ_CHECK(facts->requests + facts->unreadable.count == facts->lines,
               "%llu lines", (unsigned long long)facts->lines);
    FUZZ_CHECK(facts->unreadable.count == 0 ||
                   (facts->unreadable.first > 0 &&
                    facts->unreadable.first <= facts->lines &&
                    facts->reason[0] != '\0'),
               "line %llu", (unsigned long long)facts->unreadable.first);
    for (int i = 0; i < facts->minute_count; i++)
        requests += facts->minutes[i].requests;
    FUZZ_CHECK(requests == facts->requests, "%llu in minutes",
               (unsigned long long)requests);
    FUZZ_CHECK(facts->first_ns <= facts->last_ns && facts->gap_ns >= 0, "%lld",
               (long long)facts->gap_ns);
    FUZZ_CHECK(facts->timed <= facts->requests &&
                   facts->upstreamed <= facts->requests &&
                   facts->sized <= facts->requests,
               "%llu timed", (unsigned long long)facts->timed);
}

static void check_findings(const struct log_facts *facts)
{
    static struct findings findings;
    const struct log_asked asked = {.busy = facts->lines % 2 * 0.3, .cores = 2};
    char why[2048] = "";

    findings_open(&findings, "a log");
    if (log_findings(facts, &asked, &findings, why, sizeof why) < 0) {
        check_printable(why);
    } else {
        double per_s = findings.service.rate_per_s;
        FUZZ_CHECK(isfinite(per_s) && per_s > 0, "%g/s", per_s);
        for (int l = 0; l < findings.line_count; l++)
            FUZZ_CHECK(!strstr(findings.lines[l], "nan") ||
                           !strncmp(findings.lines[l], "format", 6),
                       "%s", findings.lines[l]);
        json_decref(findings_json(&findings));
    }
    findings_close(&findings);
}

/* Returns what log_read does. */
static int read_log(const char *format, const uint8_t *data, size_t size,
                    struct log_facts *facts)
{
    char why[2048] = "";
    FILE *file =
        size > 0 ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "re");

    if (!file)
        abort();
    int result = log_read(file, format, facts, why, sizeof why);
    if (result < 0)
        check_printable(why);
    fclose(file);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct log_facts facts;
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = newline ? (size_t)(newline - data) : 0;
    char *format = fuzz_text(data, length);
    const char *asked = length > 0 ? format : NULL;

    data += newline ? length + 1 : 0;
    size -= newline ? length + 1 : 0;
    int result = read_log(asked, data, size, &facts);
    if (result == 0) {
        check_facts(&facts);
        check_findings(&facts);
    }
    log_close(&facts);
    free(format);
    return 0;
}
