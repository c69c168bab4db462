# SPDX-License-Identifier: MIT
"""Judges the claims: rules, verdicts, charts and page. No other folder uses this one."""
