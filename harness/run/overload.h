/* SPDX-License-Identifier: MIT
 *
 * Rates that are multiples of a capacity (`rate = 1.2x`): what the quickest of
 * the cell's models reaches in a closed loop over all its connections, measured
 * once, before the first block. The same rate for all models, so that they get
 * the same arrivals, and above 1x more than any of them can do.
 */
#pragma once

#include "attempt.h"

/* Sets rate_per_s of all load points concerned, and says so in run.json, from
 * which a resumed run takes it again. Returns 0, or -EINTR when stopped. */
int overload_measure(struct run *run);
