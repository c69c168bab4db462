/* SPDX-License-Identifier: MIT
 *
 * A decision as text, Markdown and JSON (docs/results.md).
 */
#pragma once

#include "decision.h"
#include "harness/advice/sentences.h"

/* The answer in one sentence, and what follows it: why, what separates, what
 * would flip the choice, what to learn, what speaks against it. */
void decision_words(const struct decision *decision,
                    struct sentences *sentences);

/* The memory that is told: that at a peak under a limit, which it must keep,
 * and otherwise that on average. */
double decision_memory_bytes(const struct decision *decision, int option);

void decision_print(const struct decision *decision);
void decision_markdown(const struct decision *decision);

/* The command that asks again, and the one that asks how many workers the
 * service needs. Return text; the latter NULL if no option has workers. */
const char *decision_command(const struct decision *decision, char *text,
                             size_t size);
const char *decision_size_command(const struct decision *decision, char *text,
                                  size_t size);

/* A new object. */
json_t *decision_json(const struct decision *decision);
