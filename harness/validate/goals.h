/* SPDX-License-Identifier: MIT
 *
 * What a validation must show, and whether it did.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "baselines.h"
#include "scores.h"

enum goal_state { GOAL_MET, GOAL_MISSED, GOAL_NOT_JUDGED };

struct goal {
    char words[96];
    double seen, least, most; /* met: least <= seen <= most */
    int n;                    /* from how many */
    enum goal_state state;
    char why[96]; /* it was not judged */
};

enum { GOALS_MAX = 24 };

struct goals {
    struct goal rows[GOALS_MAX];
    int count;
};

void goals_make(const struct scores *scores, const struct baselines *baselines,
                struct goals *goals);

/* "goals" of validation.json. */
json_t *goals_json(const struct goals *goals);
