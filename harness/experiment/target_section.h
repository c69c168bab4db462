/* SPDX-License-Identifier: MIT
 *
 * [target NAME]: a server that is not one of our models, and how to start it
 * and what to request. Its name can stand wherever a model's name can.
 */
#pragma once

#include "reader.h"

extern const struct key target_keys[]; /* ended by a NULL name */

/* The name in "target NAME", which may be ""; NULL: another section. */
const char *target_section_name(const struct ini_section *section);

/* Reads one section, whose files are in the folder `home`. Returns 0 or
 * -EINVAL. */
int target_section_read(const struct reader *reader, int section,
                        const char *home);

/* Reads all [target] sections into the targets of the experiment and adds them
 * to its models. `home` is the folder of their files; NULL: that of the
 * experiment. A target whose program is missing is not available. Returns 0 or
 * -EINVAL. */
int target_section_read_all(const struct reader *reader, const char *home);
