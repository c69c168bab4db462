# SPDX-License-Identifier: MIT
"""Charts: one file for each kind; drawing.py writes and draws them all."""
