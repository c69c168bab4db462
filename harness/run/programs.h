/* SPDX-License-Identifier: MIT
 *
 * Which programs exactly a run was made with: a version that says "dirty"
 * does not tell.
 */
#pragma once

#include <jansson.h>

/* SHA-256 in hex of this program ("troika") and of each model that is
 * available, by name; null for what cannot be read. */
json_t *programs_json(void);
