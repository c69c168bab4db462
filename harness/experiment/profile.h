/* SPDX-License-Identifier: MIT
 *
 * [profile]: the user's service, for the decision record. It changes nothing
 * about what is measured.
 */
#pragma once

#include "reader.h"

extern const struct key profile_keys[];

/* Reads the section with that index into experiment->profile. Returns 0 or
 * -EINVAL. */
int profile_read(const struct reader *reader, int section);
