/* SPDX-License-Identifier: MIT
 *
 * [target NAME]: a server that is no model of ours, and how it is started and
 * asked. Its name then stands for it wherever a model may.
 */
#pragma once

#include "reader.h"

extern const struct key target_keys[]; /* ended by a NULL name */

/* Reads all [target] sections into the experiment's targets and adds them to
 * its models. `home` is where their files are; NULL: the folder of the
 * experiment. A target whose program is missing is one that is not available.
 * Returns 0 or -EINVAL. */
int target_section_read_all(const struct reader *reader, const char *home);
