"""What a search and a training tell when they are over."""

from nao.commands import outcome

SUMMARY = {
    "exhausted": False,
    "evaluator": "TrainingEvaluator",
    "objective": {"name": "val_accuracy", "maximize": True},
    "num_trials": 60,
    "num_failed": 1,
    "num_examples": {"val_accuracy": 384, "test_accuracy": 360},
    "example": "image",
    "random_best": {"objective": 0.9765625, "num_trials": 20},
    "best": {
        "architecture": "1 0 | 1 1",
        "objective": 0.9921875,
        "trial": 43,
        "test": {"test_accuracy": 0.9833333, "val_accuracy": 1.0},
    },
    "controller": {"num_train": 50},
    "how_tested": "trained anew by the final recipe (40 epochs, 5 in the search), "
    "with the only look at the test images",
    "seconds": {"total": 331.7},
}


def of_search(**changes):
    return outcome.of_search(
        SUMMARY | changes, "/runs/my run", lambda mode: f"python launch.py {mode}"
    )


def test_values_have_the_digits_that_the_images_can_tell():
    assert of_search() == (
        "60 trials, 1 failed, 332 s.\n"
        "Best of the random round (20): val_accuracy 0.977 ± 0.008 of 384 images\n"
        "Best: val_accuracy 0.992 ± 0.005 of 384 images in trial 43\n"
        "  1 0 | 1 1\n"
        "The same, trained anew by the final recipe (40 epochs, 5 in the search), "
        "with\nthe only look at the test images:\n"
        "  test_accuracy 0.983 ± 0.007 of 360 images\n"
        "  val_accuracy 1.000 ± 0.001 of 384 images\n"
        "To look at it all: '/runs/my run/report.html'\n"
        "To train it again and keep the network:\n"
        "  python launch.py train\n"
        "To take it elsewhere:\n"
        "  python launch.py export\n"
        "To ask the embedding:\n"
        "  python launch.py serve"
    )


def test_a_best_trial_of_the_random_round_is_told_once():
    """Both lines said the same."""
    text = of_search(best=SUMMARY["best"] | {"objective": 0.9765625, "trial": 7})
    assert text.count("0.977") == 1
    assert "images in trial 7, of the random round (20)\n" in text


FINALISTS = [
    {"trial": 43, "values": [0.9921875, 0.984375], "reason": ""},
    {"trial": 12, "values": [0.9895833, 0.9791667], "reason": ""},
    {"trial": 50, "values": [0.9869792], "reason": "diverged"},
]


def test_finalists_are_told_and_a_mean_is_called_one():
    """0.992 and 0.990 fell to 0.984 and 0.979."""
    best = SUMMARY["best"] | {"objective": 0.98828125, "values": [0.9921875, 0.984375]}
    text = of_search(best=best, finalists=FINALISTS)
    assert text.splitlines()[1:4] == [
        "The best 3, measured again: val_accuracy 0.982 on average, after 0.991; 1 "
        "failed",
        "Best of the random round (20): val_accuracy 0.977 ± 0.008 of 384 images "
        "(measured once)",
        "Best: val_accuracy 0.988 ± 0.006 of 384 images (mean of 2) in trial 43",
    ]


def test_where_the_last_counts_it_is_no_mean():
    """By weights that go on learning, the last score is the one that counts."""
    best = SUMMARY["best"] | {"objective": 0.984375, "values": [0.9921875, 0.984375]}
    objective = SUMMARY["objective"] | {"drifts": True}
    text = of_search(best=best, objective=objective)
    assert "Best: val_accuracy 0.984 ± 0.006 of 384 images (the last of 2)" in text


def test_finalists_that_all_failed_are_told():
    text = of_search(finalists=FINALISTS[2:])
    assert "None of the best 1 could be measured again.\n" in text


def test_other_objectives_have_six_digits_and_what_applies_comes_next():
    text = of_search(
        evaluator="FunctionEvaluator",
        objective={"name": "loss", "maximize": False},
        num_examples={},
        best=SUMMARY["best"] | {"objective": 1 / 3, "test": None},
        controller={"num_train": None},
    )
    assert "Best: loss 0.333333 in trial 43\n" in text
    assert "test" not in text and "train" not in text and "serve" not in text
    assert text.endswith("To take it elsewhere:\n  python launch.py export")


def test_a_summary_from_before_examples_were_counted_is_told():
    old = {name: value for name, value in SUMMARY.items() if name != "num_examples"}
    text = outcome.of_search(old, "/runs", str)
    assert "Best: val_accuracy 0.992188 in trial 43" in text


def test_a_search_without_a_result_names_no_next_step():
    at_random = {"objective": None, "num_trials": 20}
    text = of_search(best=None, random_best=at_random, exhausted=True, num_failed=60)
    assert text == (
        "The space has no more architectures than 60.\n"
        "60 trials, 60 failed, 332 s.\n"
        "No evaluation succeeded; see metrics.jsonl for the reasons."
    )


def test_an_architecture_with_several_budgets_is_counted_once():
    """A space of 6 was said to have no more than 8."""
    text = of_search(exhausted=True, num_trials=8, num_distinct=6)
    assert text.startswith("The space has no more architectures than 6.\n8 trials")


def test_why_a_space_has_no_more_is_told():
    """A space of 19 was said to have 17, and one of 12 to have 3."""
    bounds = [{"name": "size", "at_most": 5, "at_least": None}]
    bounded = of_search(exhausted=True, num_distinct=3, constraints=bounds)
    assert "no more architectures that may keep the bounds than 3." in bounded
    warm = of_search(exhausted=True, num_distinct=17, num_warm_start=2)
    assert "no more architectures than 17 and those of the warm start." in warm
    none = of_search(exhausted=True, num_distinct=0, num_warm_start=19)
    assert "no more architectures than those of the warm start." in none


def test_a_bound_on_cost_is_told_where_it_ended_the_search():
    """The last words were of 5 trials of 100, and nothing said why no more."""
    spent = {"is_spent": True, "max_cost": 5.5, "num_trials": 5}
    assert of_search(**spent).startswith(
        "The next trial would cost more than max_cost, 5.5 full evaluations.\n5 trials"
    )


def test_a_bound_below_one_trial_blames_no_evaluation():
    """No evaluation was said to have succeeded, and none was begun."""
    at_random = {"objective": None, "num_trials": 0}
    nothing = {"best": None, "random_best": at_random, "num_failed": 0}
    spent = {"is_spent": True, "max_cost": 0.5, "num_trials": 0, "cost": 0}
    text = of_search(**nothing, **spent)
    assert text.endswith("0.5 full evaluations.\n0 trials, 0 failed, 332 s.")


def test_without_a_full_evaluation_partial_ones_have_not_failed():
    text = of_search(best=None, num_trials=27, num_failed=1)
    assert text.endswith("full budget succeeded, so there is no best.")


def test_a_training_tells_what_was_measured():
    result = {
        "architecture": "1 0 | 1 1",
        "metrics": {
            "val_accuracy": 0.5,
            "test_accuracy": 0.25,
            "train_loss": 0.12345678,
            "seconds": 9.6,
        },
        "objective": "accuracy",
        "num_examples": {"val_accuracy": 100, "test_accuracy": 10000},
        "example": "image",
    }
    assert outcome.of_training(result, "/runs", "python launch.py export") == (
        "Trained in 10 s:\n"
        "  1 0 | 1 1\n"
        "  val_accuracy 0.50 ± 0.05 of 100 images\n"
        "  test_accuracy 0.250 ± 0.004 of 10000 images\n"
        "  train_loss 0.123457\n"
        "All of it: /runs/train.json\n"
        "To take it elsewhere:\n"
        "  python launch.py export"
    )
