# SPDX-License-Identifier: MIT
"""Reads and checks the stored results of a run, and formats numbers with units."""
