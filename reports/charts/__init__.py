# SPDX-License-Identifier: MIT
"""What is drawn: a file for each kind of chart, drawing.py for all."""
