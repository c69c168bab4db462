/* SPDX-License-Identifier: MIT
 *
 * A closed loop that comes and goes: between its slices the connections stay
 * open and nothing is asked, so that the load can move from one server to the
 * next at times fixed beforehand. A plan without slices is always on.
 */
#pragma once

#include "drive.h"

/* Whether requests may be sent now. Time never goes back. */
bool load_slices_on(struct load_drive *drive, int64_t now_ns);

/* The connections that are open wait for the first slice. */
void load_slices_begin(struct load_drive *drive);

/* An open connection that may not ask now waits for the next slice; where
 * there is none it is free. */
void load_slices_rest(struct load_drive *drive,
                      struct load_connection *connection, int64_t now_ns);
