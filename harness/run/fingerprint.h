/* SPDX-License-Identifier: MIT
 *
 * What makes two environments one: the facts that a figure depends on and a
 * change of the software under test should not. Figures from two different
 * ones compare machines.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

enum { FINGERPRINT_SIZE = 65 };

/* SHA-256 over the facts, in hexadecimal; "" when it cannot be computed. */
void fingerprint_of(const json_t *environment, char hex[FINGERPRINT_SIZE]);

/* Calls `differs` for each fact that is not the same in both, with the two
 * values as texts. Returns how many there are. */
int fingerprint_compare(const json_t *a, const json_t *b,
                        void (*differs)(const char *fact, const char *a,
                                        const char *b, void *context),
                        void *context);
