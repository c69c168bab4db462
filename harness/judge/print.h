/* SPDX-License-Identifier: MIT
 *
 * The answer of troika judge: row by row, as text or JSON.
 */
#pragma once

#include <jansson.h>

#include "laws.h"

/* All rows, in order. `of` has the judgement of each. */
struct judged {
    const struct rows *rows;
    const struct judgement *of;
    int counts[VERDICT_BREAKS + 1]; /* of rows, by verdict */
};

void judge_print(const struct judged *judged);

/* A new object, or NULL: out of memory. */
json_t *judge_json(const struct judged *judged);
