/* SPDX-License-Identifier: MIT
 *
 * The output of `MODEL --describe`: the model described for programs.
 */
#pragma once

struct reply;

/* Appends one line of JSON about `model`. Returns 0 or -ENOMEM. */
int describe_model(struct reply *reply);
