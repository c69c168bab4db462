/* SPDX-License-Identifier: MIT
 *
 * Edit distance (Damerau's, restricted to swaps of neighbours) over three
 * rows. A word longer than a row is near to no other.
 */
#include "names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63, NAMES_LISTED = 8, NAMES_NEAREST = 3 };

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    int size_a = (int)strlen(a), size_b = (int)strlen(b);

    if (size_a > WORD_MAX || size_b > WORD_MAX)
        return WORD_MAX;
    for (int j = 0; j <= size_b; j++)
        last[j] = j;
    for (int i = 1; i <= size_a; i++) {
        row[0] = i;
        for (int j = 1; j <= size_b; j++) {
            row[j] = smaller(smaller(last[j], row[j - 1]) + 1,
                             last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        int *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[size_b];
}

/* Whether the name begins with the word: "thread" is many edits from
 * "thread-pool", but probably means it. */
static bool begins(const char *word, const char *name)
{
    return strlen(word) >= 3 && strncmp(word, name, strlen(word)) == 0;
}

const char *names_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    int best_distance = WORD_MAX;
    int near = smaller((int)strlen(word) / 3 + 1, 4);

    for (; *names; names++) {
        int d = distance(word, *names);

        if (begins(word, *names) && d > near)
            d = near;
        if (d <= near && d < best_distance) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}

/* The nearest name that is not among `taken`. */
static const char *next_nearest(const char *word, const char *const *names,
                                const char *const *taken, int taken_count)
{
    const char *best = NULL;
    int best_distance = 0;

    for (; *names; names++) {
        int d = distance(word, *names);
        bool used = false;

        for (int i = 0; i < taken_count; i++)
            used |= taken[i] == *names;
        if (!used && (!best || d < best_distance)) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}

static char *list(const char *before, const char *const *names, int count,
                  char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        size_t used = strlen(text);

        snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : before,
                 names[i]);
    }
    return text;
}

char *names_suggest(const char *word, const char *const *names, char *text,
                    size_t size)
{
    const char *nearest = names_nearest(word, names), *few[NAMES_NEAREST];
    int count = 0;
    size_t used;

    if (nearest) {
        snprintf(text, size, "; did you mean %s?", nearest);
        return text;
    }
    while (names[count])
        count++;
    if (count <= NAMES_LISTED)
        return list("; there is ", names, count, text, size);
    for (int i = 0; i < NAMES_NEAREST; i++)
        few[i] = next_nearest(word, names, few, i);
    list("; the nearest are ", few, NAMES_NEAREST, text, size);
    used = strlen(text);
    snprintf(text + used, size - used, ", of %d", count);
    return text;
}
