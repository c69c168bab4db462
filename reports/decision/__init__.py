# SPDX-License-Identifier: MIT
"""Who leads, who keeps a profile's limits, and what follows from it."""
