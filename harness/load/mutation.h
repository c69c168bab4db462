/* SPDX-License-Identifier: MIT
 *
 * The mistakes of a generator (load.h) that change its results, and not the
 * load.
 */
#pragma once

#include "load.h"

void mutation_apply(enum load_mutation mutation, struct load_result *result);
