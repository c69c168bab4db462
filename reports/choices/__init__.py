# SPDX-License-Identifier: MIT
"""The record of a decision that was made by forecast."""
