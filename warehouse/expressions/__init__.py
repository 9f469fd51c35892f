"""Expressions from strangers: checked against an allow-list, then run in a child with limits.

A rule file may come from anywhere. `check` is the first wall: it parses without binding or running
anything and lets through only what the language names. `evaluate` is the second: another process
that holds the rows and nothing else.
"""

from warehouse.expressions.check import Expression, check
from warehouse.expressions.errors import ExpressionError
from warehouse.expressions.process import Batch, Rows, evaluate

__all__ = ["Batch", "Expression", "ExpressionError", "Rows", "check", "evaluate"]
