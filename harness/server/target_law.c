/* SPDX-License-Identifier: MIT */
#include "target_law.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACTOR_MAX = 1000000 };

/* Takes one factor from the text. Returns its length, or 0. */
static size_t take_factor(const char *text, struct target_law *law)
{
    static const char workers[] = "{workers}", threads[] = "{threads}";
    char *end;

    if (!strncmp(text, workers, strlen(workers)) && !law->per_worker) {
        law->per_worker = true;
        return strlen(workers);
    }
    if (!strncmp(text, threads, strlen(threads)) && !law->per_thread) {
        law->per_thread = true;
        return strlen(threads);
    }
    if (*text < '1' || *text > '9')
        return 0;
    long number = strtol(text, &end, 10);
    if (number > FACTOR_MAX / law->factor)
        return 0;
    law->factor *= (int)number;
    return (size_t)(end - text);
}

int target_law_parse(const char *text, struct target_law *law, char *why,
                     size_t why_size)
{
    const char *at = text;

    *law = (struct target_law){.factor = 1};
    for (;;) {
        at += strspn(at, " \t");
        size_t used = take_factor(at, law);
        if (used == 0)
            break;
        at += used;
        at += strspn(at, " \t");
        if (*at == '\0' && strlen(text) < sizeof law->text) {
            strcpy(law->text, text);
            return 0;
        }
        if (*at != '*')
            break;
        at++;
    }
    *law = (struct target_law){0};
    snprintf(
        why, why_size,
        "is \"%s\"; slots are a product of numbers (%d at most), {workers} "
        "and {threads}: {workers} * 40",
        text, FACTOR_MAX);
    return -EINVAL;
}

int target_law_slots(const struct target_law *law, int workers, int threads)
{
    long long slots = law->factor;

    if (law->per_worker)
        slots *= workers > 0 ? workers : 1;
    if (law->per_thread)
        slots *= threads > 0 ? threads : 1;
    return slots > INT_MAX ? INT_MAX : (int)slots;
}
