/* SPDX-License-Identifier: MIT
 *
 * A stand-in for programs without a model. The harness links the workloads for
 * their expected answers. With them come the rt_* calls, which forward to
 * `model`, though the harness never makes them. A model or a test that defines
 * `model` takes precedence: the linker uses this member of the archive only if
 * no other object defines the symbol. So this file must define nothing else.
 */
#include "model.h"

const struct model model = {
    .name = "none",
    .summary = "no model at all",
    .task_kind = TASK_NONE,
};
