# SPDX-License-Identifier: MIT
"""Charts over several runs: two in one, and a figure over all of them."""
