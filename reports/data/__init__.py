# SPDX-License-Identifier: MIT
"""A run's stored results: read, checked, and put into numbers and units."""
