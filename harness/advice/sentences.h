/* SPDX-License-Identifier: MIT
 *
 * What an answer says in words, beside its table: which law binds and by which
 * figures, what an overload needs, what would keep the limit, what was taken
 * for granted, and how far to trust it. Every format prints these sentences.
 */
#pragma once

#include "advice.h"
#include "say.h"

void sentences_make(const struct advice *advice, struct sentences *sentences);

/* Parts of it, for other answers that rest on an advice. Each adds to what is
 * there. What an overload needs, and what would keep a limit that no model
 * keeps, or a memory into which none fits: */
void sentences_shortage(const struct advice *advice,
                        struct sentences *sentences);

/* Why models could not be forecast. */
void sentences_unforecast(const struct advice *advice,
                          struct sentences *sentences);

/* What was taken for granted, and how far to trust the forecasts: defaults,
 * validation, constants. */
void sentences_trust(const struct advice *advice, struct sentences *sentences);
