/* SPDX-License-Identifier: MIT
 *
 * The machine and the build as facts, for run.json and for the doctor. No fact
 * is a guess: one that the kernel does not tell is the text "not exposed", or
 * null if it is a number.
 */
#pragma once

#include <jansson.h>

/* All facts. Keys carry their units. Takes some milliseconds. The caller owns
 * the object; NULL: out of memory. */
json_t *environment_capture(void);

/* Compares the facts on which figures depend; the member "fingerprint" is a
 * hash of these facts. Figures from environments that differ would compare
 * machines, not models. Calls `differs` for each fact that differs, with both
 * values as text. Returns how many differ. */
int environment_compare(const json_t *a, const json_t *b,
                        void (*differs)(const char *fact, const char *a,
                                        const char *b, void *context),
                        void *context);
