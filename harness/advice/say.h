/* SPDX-License-Identifier: MIT
 *
 * A list of sentences, and the parts that they are made of.
 */
#pragma once

#include <stddef.h>

enum { SENTENCES_MAX = 40, SENTENCE_SIZE = 1024 };

struct sentences {
    char of[SENTENCES_MAX][SENTENCE_SIZE];
    int count;
};

/* Adds a sentence; nothing, if there are SENTENCES_MAX already. */
void sentences_say(struct sentences *sentences, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends to a text that has a list in it: "a, b". */
void say_append(char *list, size_t size, const char *separator,
                const char *item);
