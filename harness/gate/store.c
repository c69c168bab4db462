/* SPDX-License-Identifier: MIT
 *
 * The rule about the data servers that workloads call.
 */
#include "rule.h"

/* Those who fail for want of it are told apart from those who fail. */
static void store_alive(const struct gate_facts *facts, struct gate *gate)
{
    const char *dead = NULL, *words = "";
    int own = 0;

    for (int store = STORE_NONE + 1; store < STORES; store++) {
        const struct trial_store *one = &facts->trial->stores[store];

        own += one->own;
        if (one->own && !one->alive) {
            dead = store_title(store);
            words = one->words;
        }
    }
    if (own == 0) {
        gate_skip(gate, "the harness started no PostgreSQL and no Redis");
        return;
    }
    gate_most(gate, dead != NULL, 0);
    if (dead == NULL)
        gate_say(gate, "what the workload calls ran at the window's end");
    else
        gate_say(gate, "%s did not survive the window: it %.120s", dead, words);
}

const struct gate_rule gate_store_rules[] = {
    {"store_alive", store_alive,
     "the PostgreSQL or Redis that the harness started died", FIGURES_ALL,
     EFFECT_WITHHELD},
    {0},
};
