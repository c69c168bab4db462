# SPDX-License-Identifier: MIT
"""Writes report.md, index.html, the lines for the terminal and decision records."""
