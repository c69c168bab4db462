/* SPDX-License-Identifier: MIT
 *
 * What an open loop's server did for its users: requests answered rightly and
 * within the limit. Beyond its capacity a server's throughput stays up while
 * this falls.
 */
#pragma once

#include <jansson.h>

#include "harness/experiment/experiment.h"
#include "harness/load/load.h"

/* {"slo", "limit_ns", "within", "per_s"}, or null where the cell has no
 * limit. The caller owns it. */
json_t *goodput_json(const struct load_point *point,
                     const struct load_result *load);
