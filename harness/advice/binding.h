/* SPDX-License-Identifier: MIT
 *
 * Which law binds the capacity of which models, by which figures, and what an
 * overload needs.
 */
#pragma once

#include "advice.h"
#include "say.h"

/* A sentence for each law that binds the capacity of a model, and one where
 * clients ask for less. */
void binding_say_laws(const struct advice *advice, struct sentences *sentences);

/* A sentence for each resource of which models have too little for the rate. */
void binding_say_overloads(const struct advice *advice,
                           struct sentences *sentences);
