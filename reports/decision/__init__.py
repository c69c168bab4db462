# SPDX-License-Identifier: MIT
"""Leaders, options that keep a profile's limits, and the recommendation."""
