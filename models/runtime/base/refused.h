/* SPDX-License-Identifier: MIT
 *
 * What the system refused to a server: threads, descriptors, memory.
 */
#pragma once

/* Says on stderr, once in a process, what was refused (`what`) and why
 * (`error`, an errno): who watches the server reads it there; its clients, in
 * their answer. */
void refused_say(const char *what, int error);
