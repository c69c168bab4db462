/* SPDX-License-Identifier: MIT
 *
 * The search for a capacity against servers whose capacity is known.
 */
#pragma once

#include "outcome.h"

void test_search_repeat(struct outcome *outcome);
void test_search_cannot(struct outcome *outcome);
