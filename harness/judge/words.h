/* SPDX-License-Identifier: MIT
 *
 * What a judgement says, in sentences without a full stop.
 */
#pragma once

#include <stddef.h>

#include "laws.h"

enum { WORDS_SENTENCE = 640 };

/* What the law found: the figure, the bound, how many times beyond. Returns
 * text; "" where the finding is sound or not known. */
const char *words_of_finding(const struct row *row, enum judge_law law,
                             const struct judgement *judgement, char *text,
                             size_t size);

/* What would explain the law's finding; or "". Returns text. */
const char *words_of_explanation(const struct row *row, enum judge_law law,
                                 const struct judgement *judgement, char *text,
                                 size_t size);

/* The flags that would give missing figures: "--wait, --connections". Returns
 * text. */
const char *words_of_missing(unsigned missing, char *text, size_t size);
