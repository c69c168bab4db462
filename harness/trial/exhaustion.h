/* SPDX-License-Identifier: MIT
 *
 * Whether generator or server ran into a limit of the system: a trial that
 * did measures the limit.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/machine/meter/meter.h"

/* How often a task was refused so far by the pids groups that hold the
 * harness, those above them, and the meter's own (NULL: none yet). Only its
 * growth has a meaning. */
int64_t exhaustion_refused(const struct meter *meter);

/* Who ran out of what into `words`, or "": judged by the growth of the above,
 * the words of the generator's first failure and the server's last lines. */
void exhaustion_judge(int64_t refused, const char *failure, const char *tail,
                      char *words, size_t size);
