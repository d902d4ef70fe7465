"""Trials of a search by their values alone."""

import numpy as np

from nao.evaluators import Evaluation
from nao.runs import Trial


def make_trials(values, round_size=4):
    return [
        Trial(
            index=i,
            round=i // round_size,
            round_size=round_size,
            tokens=np.array([i], np.int32),
            evaluation=Evaluation(value, reason="" if value is not None else "oops"),
            predicted=None if i < round_size else 0.5,
        )
        for i, value in enumerate(values)
    ]
