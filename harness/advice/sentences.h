/* SPDX-License-Identifier: MIT
 *
 * What an answer says in words, beside its table: which law binds and by which
 * figures, what an overload needs, what would keep the limit, what was taken
 * for granted, and how far to trust it. Every format prints these sentences.
 */
#pragma once

#include "advice.h"

enum { SENTENCES_MAX = 40, SENTENCE_SIZE = 1024 };

struct sentences {
    char of[SENTENCES_MAX][SENTENCE_SIZE];
    int count;
};

void sentences_make(const struct advice *advice, struct sentences *sentences);
