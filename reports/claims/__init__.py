# SPDX-License-Identifier: MIT
"""The claims: their rules (cNN.ini), verdicts, charts and page. Nothing else needs them."""
