"""Where the number of an architecture comes from."""

from nao.evaluators.base import Evaluation, Evaluator, Objective
from nao.evaluators.function import FunctionConfig, FunctionEvaluator
from nao.evaluators.table import TableConfig, TableEvaluator
from nao.evaluators.training import TrainingEvaluator

__all__ = [
    "Evaluation",
    "Evaluator",
    "FunctionConfig",
    "FunctionEvaluator",
    "Objective",
    "TableConfig",
    "TableEvaluator",
    "TrainingEvaluator",
]
