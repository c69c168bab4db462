/* SPDX-License-Identifier: MIT
 *
 * Several searches side by side: one step of each in turn, so that a machine
 * that drifts drifts under all of them.
 */
#pragma once

#include "search.h"

struct search_group {
    struct search *searches; /* one a contender */
    int count;
    /* Carries out the next step of searches[who] and says what it showed;
     * `turn` is the same for all contenders of a round. Returns 0, or a
     * negative errno that ends the group. */
    int (*step)(void *context, int who, int turn, struct search_step *step);
    void *context;
};

/* Begins all searches and goes on until they are over. Returns 0 or what
 * step returned. */
int search_group_run(const struct search_group *group);
