"""Where the number of an architecture comes from."""

from nao.evaluators.base import (
    BudgetedEvaluator,
    DerivingEvaluator,
    Evaluation,
    Evaluator,
    LearningEvaluator,
    MeasuringEvaluator,
    Objective,
)
from nao.evaluators.function import FunctionConfig, FunctionEvaluator
from nao.evaluators.goal_settings import GoalSettings
from nao.evaluators.goals import Constraint, Goals, check_constraints, goals_of
from nao.evaluators.mixture import MixtureEvaluator
from nao.evaluators.registry import EVALUATORS, TRAINED, EvaluatorSettings, make
from nao.evaluators.shared import SharedConfig, SharedEvaluator
from nao.evaluators.table import TableEvaluator
from nao.evaluators.table_config import TableConfig
from nao.evaluators.training import TrainingEvaluator

__all__ = [
    "EVALUATORS",
    "TRAINED",
    "BudgetedEvaluator",
    "Constraint",
    "DerivingEvaluator",
    "Evaluation",
    "Evaluator",
    "EvaluatorSettings",
    "FunctionConfig",
    "FunctionEvaluator",
    "GoalSettings",
    "Goals",
    "LearningEvaluator",
    "MeasuringEvaluator",
    "MixtureEvaluator",
    "Objective",
    "SharedConfig",
    "SharedEvaluator",
    "TableConfig",
    "TableEvaluator",
    "TrainingEvaluator",
    "check_constraints",
    "goals_of",
    "make",
]


def __dir__() -> list[str]:
    return __all__
