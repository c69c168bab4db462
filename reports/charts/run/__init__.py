# SPDX-License-Identifier: MIT
"""Charts of trials in time: those of a run in their order, and what goes on in each."""
