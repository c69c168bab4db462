/* SPDX-License-Identifier: MIT
 *
 * Times as access logs write them, into ns since 1970 (UTC). Each function
 * reads the whole of `text` and returns false for anything else, dates that do
 * not exist included.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "10/Oct/2000:13:55:36 -0700": nginx's $time_local, Apache's %t. */
bool log_time_local(const char *text, int64_t *ns);

/* "2000-10-10T13:55:36+00:00" or with Z: nginx's $time_iso8601. */
bool log_time_iso(const char *text, int64_t *ns);

/* "1700000000.123", "0.004", "12": a decimal number of units of `unit_ns` each,
 * up to nine digits after the point. */
bool log_time_decimal(const char *text, int64_t unit_ns, int64_t *ns);
