/* SPDX-License-Identifier: MIT
 *
 * Options that users of wrk, hey, oha, ab and curl have at their fingertips
 * and that `troika load` has under another name, or not at all: each is
 * refused with the option that does it here.
 */
#pragma once

#include <argp.h>

/* Hidden options, refused as soon as one is met. */
extern const struct argp load_habits;
