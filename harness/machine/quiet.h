/* SPDX-License-Identifier: MIT
 *
 * How quiet a machine must be, in one place: the doctor, the gates and the
 * wait of a run judge by the same limits.
 */
#pragma once

/* Shares of all CPUs, 0 to 1: what others may use, and what the hypervisor may
 * take. A gate adds what its short window cannot tell. Less stolen time than
 * the limit is scatter like any other; what it does to response times the gates
 * of lateness see, request by request. */
static const double QUIET_FOREIGN_SHARE = 0.05;
static const double QUIET_STEAL_SHARE = 0.03;
