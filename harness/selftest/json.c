/* SPDX-License-Identifier: MIT
 *
 * The results as JSON, by results/schema/selftest.schema.json.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/base/version.h"
#include "selftest.h"

enum { SHOWN = 4 };

static void append(char *text, size_t size, const char *what, const char *word)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s%s %s", used > 0 ? "; " : "", what,
             word);
}

char *selftest_words(const struct outcome *outcome, bool seen, char *text,
                     size_t size)
{
    bool failed = !outcome_pass(outcome);
    int shown = 0;

    text[0] = '\0';
    for (int i = 0; i < outcome->count && shown < SHOWN; i++) {
        const struct outcome_check *check = &outcome->checks[i];

        if (failed && check->pass)
            continue;
        append(text, size, check->what, seen ? check->seen : check->expected);
        shown++;
    }
    return text;
}

static json_t *number(const struct outcome_check *check, double value)
{
    return check->numeric && isfinite(value) ? json_real(value) : json_null();
}

/* Words may hold what a server sent. */
static json_t *text_of(const char *text)
{
    json_t *string = json_string(text);

    return string != NULL ? string : json_string("(not UTF-8)");
}

static json_t *checks_json(const struct outcome *outcome)
{
    json_t *list = json_array();

    for (int i = 0; i < outcome->count; i++) {
        const struct outcome_check *check = &outcome->checks[i];

        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "what",
                      text_of(check->what), "expected",
                      text_of(check->expected), "seen", text_of(check->seen),
                      "value", number(check, check->value), "lo",
                      number(check, check->lo), "hi", number(check, check->hi),
                      "pass", check->pass));
    }
    return list;
}

static json_t *test_json(const struct selftest_result *result)
{
    const struct selftest_test *test = result->test;
    const struct outcome *outcome = result->outcome;
    char expected[1024], seen[1024];

    selftest_words(outcome, false, expected, sizeof(expected));
    selftest_words(outcome, true, seen, sizeof(seen));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:i, s:I, s:{s:I, s:I}, "
        "s:o, s:o}",
        "name", test->name, "group", test->group, "planted", test->planted,
        "caught_by", test->caught_by, "expected", text_of(expected), "seen",
        text_of(seen), "pass", result->pass, "skipped",
        outcome->skipped[0] ? json_string(outcome->skipped) : json_null(),
        "attempts", result->attempts, "duration_ns",
        (json_int_t)result->duration_ns, "stalls", "p99_ns",
        (json_int_t)outcome->stalls_p99_ns, "max_ns",
        (json_int_t)outcome->stalls_max_ns, "checks", checks_json(outcome),
        "foreign_share",
        result->foreign_share >= 0 ? json_real(result->foreign_share)
                                   : json_null());
}

static json_t *time_json(int64_t at)
{
    char text[32];
    time_t seconds = (time_t)at;
    struct tm parts;

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

json_t *selftest_json(const struct selftest_result *results, int64_t started_at,
                      int64_t ended_at)
{
    int passed = 0, failed = 0, skipped = 0;
    bool whole = true;
    json_t *tests = json_array();

    for (int i = 0; selftest_tests[i].name != NULL; i++) {
        if (results[i].attempts == 0) {
            whole = false;
            continue;
        }
        json_array_append_new(tests, test_json(&results[i]));
        if (results[i].outcome->skipped[0])
            skipped++;
        else if (results[i].pass)
            passed++;
        else
            failed++;
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:i, s:i, s:i}",
                     "schema_version", 1, "kind", "selftest", "tool_version",
                     version(), "variant", version_variant(), "started_at",
                     time_json(started_at), "ended_at", time_json(ended_at),
                     "whole", whole, "tests", tests, "passed", passed, "failed",
                     failed, "skipped", skipped);
}
