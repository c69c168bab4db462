/* SPDX-License-Identifier: MIT
 *
 * Resources that the system refused to a server: threads, descriptors, memory.
 */
#pragma once

/* Says on stderr what was refused (`what`) and why (`error`, an errno), once in
 * a process. Clients read the reason in their answers; this line is for whoever
 * watches the server. */
void refused_say(const char *what, int error);
