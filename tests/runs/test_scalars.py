from nao.runs.scalars import Changing


def test_what_never_changes_stays_out_and_what_changes_late_is_whole():
    """The epochs of every trial were a flat line: most children train as long."""
    changing = Changing()
    assert changing.take(1, {"epochs": 5, "size": 3, "seconds": 1.5}) == []
    assert changing.take(2, {"epochs": 5, "size": 3, "seconds": 2.5}) == [
        ("seconds", 1.5, 1),
        ("seconds", 2.5, 2),
    ]
    assert changing.take(3, {"epochs": 4, "size": 3, "seconds": 2.5}) == [
        ("epochs", 5, 1),
        ("epochs", 5, 2),
        ("epochs", 4, 3),
        ("seconds", 2.5, 3),
    ]


def test_objectives_are_always_shown():
    changing = Changing()
    for step in (1, 2):
        points = changing.take(step, {"objective/best_so_far": 0.5})
        assert points == [("objective/best_so_far", 0.5, step)]


def test_only_numbers_are_taken():
    scalars = {"objective/a": None, "objective/b": "x", "objective/c": True}
    assert Changing().take(1, scalars) == []
