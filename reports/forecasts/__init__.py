# SPDX-License-Identifier: MIT
"""The page of a validation: how far forecasts were from what was measured."""
