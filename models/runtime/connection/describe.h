/* SPDX-License-Identifier: MIT
 *
 * What `MODEL --describe` prints: the model told to programs.
 */
#pragma once

struct reply;

/* Appends one line of JSON about `model`. Returns 0 or -ENOMEM. */
int describe_model(struct reply *reply);
