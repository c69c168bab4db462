/* SPDX-License-Identifier: MIT
 *
 * Stands in for a model in programs that have none. The harness links the
 * workloads for their expected answers, and with them the rt_* calls that it
 * never makes; those forward to `model`. A model or a test that defines its
 * own wins: the linker takes this member of the archive only when nobody else
 * has the symbol. It must hold nothing else.
 */
#include "model.h"

const struct model model = {
    .name = "none",
    .summary = "no model at all",
    .task_kind = TASK_NONE,
};
