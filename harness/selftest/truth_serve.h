/* SPDX-License-Identifier: MIT
 *
 * The loop of the scripted server.
 */
#pragma once

#include "truth.h"

/* Serves until it is killed. Returns a negative errno when it cannot. */
int truth_serve(const struct truth_script *script, int listener,
                struct truth_account *account);
