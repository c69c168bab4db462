/* SPDX-License-Identifier: MIT
 *
 * Edit distance (Damerau's, restricted to swaps of neighbours) over three
 * rows; words longer than the rows are never near to anything.
 */
#include "names.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63 };

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

const char *names_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    int best_distance = WORD_MAX;
    int near = smaller((int)strlen(word) / 3 + 1, 4);

    for (; *names != NULL; names++) {
        int d = distance(word, *names);
        /* "threads" for "thread-pool" is many edits, yet meant. */
        bool prefix =
            strlen(word) >= 3 && strncmp(word, *names, strlen(word)) == 0;
        if (prefix && d > near)
            d = near;
        if (d <= near && d < best_distance) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}

char *names_suggest(const char *word, const char *const *names, char *text,
                    size_t size)
{
    const char *nearest = names_nearest(word, names);
    size_t used;

    if (nearest != NULL) {
        snprintf(text, size, "; did you mean %s?", nearest);
        return text;
    }
    text[0] = '\0';
    for (int i = 0; names[i] != NULL; i++) {
        used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i ? ", " : "; there is ",
                 names[i]);
    }
    return text;
}
