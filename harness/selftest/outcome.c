/* SPDX-License-Identifier: MIT
 *
 * Formats the words of checks.
 */
#include "outcome.h"
#include "harness/arithmetic/digits.h"

#include <stdio.h>
#include <string.h>

int outcome_failed(const struct outcome *outcome)
{
    int failed = 0;

    for (int i = 0; i < outcome->count; i++)
        failed += !outcome->checks[i].pass;
    return failed;
}

bool outcome_pass(const struct outcome *outcome)
{
    return outcome->count > 0 && outcome->finished &&
           outcome_failed(outcome) == 0;
}

static struct outcome_check *add(struct outcome *outcome, const char *what)
{
    struct outcome_check *check;

    if (outcome->count == OUTCOME_CHECKS_MAX)
        outcome->count--; /* the table is full: the last check is replaced */
    check = &outcome->checks[outcome->count++];
    memset(check, 0, sizeof *check);
    snprintf(check->what, sizeof check->what, "%s", what);
    return check;
}

static struct outcome_check *add_number(struct outcome *outcome,
                                        const char *what, double seen,
                                        double lo, double hi)
{
    struct outcome_check *check = add(outcome, what);

    check->numeric = true;
    check->value = seen;
    check->lo = lo;
    check->hi = hi;
    check->pass = seen >= lo && seen <= hi;
    return check;
}

void outcome_time(struct outcome *outcome, const char *what, double seen_ns,
                  double lo_ns, double hi_ns)
{
    struct outcome_check *check =
        add_number(outcome, what, seen_ns, lo_ns, hi_ns);

    snprintf(check->expected, sizeof check->expected, "%s to %s",
             digits_ns(lo_ns).text, digits_ns(hi_ns).text);
    snprintf(check->seen, sizeof check->seen, "%s", digits_ns(seen_ns).text);
}

void outcome_number(struct outcome *outcome, const char *what, double seen,
                    double lo, double hi)
{
    struct outcome_check *check = add_number(outcome, what, seen, lo, hi);

    snprintf(check->expected, sizeof check->expected, "%s to %s",
             digits_of(lo, 5).text, digits_of(hi, 5).text);
    snprintf(check->seen, sizeof check->seen, "%s", digits_of(seen, 5).text);
}

void outcome_count(struct outcome *outcome, const char *what, uint64_t seen,
                   uint64_t expected)
{
    struct outcome_check *check = add_number(
        outcome, what, (double)seen, (double)expected, (double)expected);

    snprintf(check->expected, sizeof check->expected, "exactly %llu",
             (unsigned long long)expected);
    snprintf(check->seen, sizeof check->seen, "%llu", (unsigned long long)seen);
}

void outcome_words(struct outcome *outcome, const char *what,
                   const char *expected, const char *seen, bool pass)
{
    struct outcome_check *check = add(outcome, what);

    snprintf(check->expected, sizeof check->expected, "%s", expected);
    snprintf(check->seen, sizeof check->seen, "%s", seen);
    check->pass = pass;
}

void outcome_broken(struct outcome *outcome, const char *what, int error)
{
    outcome_words(outcome, what, "carried out", strerror(-error), false);
}

void outcome_caught(struct outcome *outcome, const struct outcome *mutant,
                    const char *what)
{
    char expected[OUTCOME_WORDS], seen[OUTCOME_WORDS] = "no such check";
    bool caught = false;

    snprintf(expected, sizeof expected, "not judged right");
    for (int i = 0; i < mutant->count; i++) {
        const struct outcome_check *check = &mutant->checks[i];

        if (strcmp(check->what, what) != 0)
            continue;
        caught = !check->pass;
        snprintf(expected, sizeof expected, "not %.140s", check->expected);
        snprintf(seen, sizeof seen, "%s", check->seen);
    }
    outcome_words(outcome, what, expected, seen, caught);
}
