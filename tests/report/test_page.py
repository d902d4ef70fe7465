"""The page about a search, in every state a search can be in."""

import dataclasses
import functools
import html.parser
import json
import re
import shutil

import filelock
import hypothesis
import numpy as np
import pytest

from nao import fields, report, spaces, strategies
from nao.config import Config
from nao.controller import fit
from nao.evaluators import Evaluation, Goals, Objective
from nao.report import answer, blocks, figures, hover, predictions, trial_table
from nao.report import page as page_lib
from nao.report.markup import to_html
from nao.runs import Trial
from tests.json_values import replaced
from tests.report.browser import visit
from tests.searching import CONFIG, SPACE, Counting, search

HOSTILE = "</script><img src=x onerror=alert(1)>&\"'<b>"


@pytest.fixture(autouse=True)
def few_drawings(monkeypatch):
    """Draws one cell: drawings take most of the time of a page."""
    monkeypatch.setattr(hover, "_NUM_DRAWN", 1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A search of 16 trials, 6 at random, some of which failed."""
    path = tmp_path_factory.mktemp("finished")
    fit.controller_fit.clear_cache()  # The page lists what the search compiled.
    # Random candidates: there is a controller, and less to compile. It is fitted for as
    # long as users' are, so that charts have predictions worth a mark.
    changes = {"min_steps": 150, "bidirectional": True}
    controller = dataclasses.replace(CONFIG.controller, **changes)
    config = dataclasses.replace(CONFIG, candidates="random", controller=controller)
    return path, search(path, strategy=strategies.NAO(SPACE, config))


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of that run to be changed."""
    return shutil.copytree(finished[0], tmp_path / "run")


def write(path):
    return report.write_page(report.read(path)).read_text("utf-8")


class _Reader(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.links = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "srcset")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        if self.tags and self.tags[-1] not in ("script", "style"):
            self.texts.append(data)


def words(text):
    return " ".join(" ".join(_Reader(text).texts).split())


def test_a_finished_search(finished):
    path, result = finished
    text = write(path)
    said = words(text)
    best = result.summary["best"]
    assert "16 of 16 trials" in said and "finished" in said
    for number in (best["objective"], result.summary["random_best"]["objective"]):
        assert f"{number:.6g}" in said
    assert (
        f"{best['test']['test_sum']:g} final choice: test sum" not in said
    )  # dt first
    assert "final choice: test sum" in said
    assert best["architecture"] in said
    for title in (
        *("Best architecture", "Progress", "Predicted against measured", "Failures"),
        *("Rank correlation per round", "Every trial", "Time and compilations"),
        *("Map of the embeddings", "To reproduce it"),
    ):
        assert title in said
    failed = result.summary["num_failed"]
    assert f"{failed} of 16 trials failed" in said and "a bad child" in said
    assert "controller_fit" in said
    assert "There is no" not in said
    assert 'class="path end"' in text and 'class="best star"' in text
    # Rounds of 4 have none.
    assert "sum, predicted" in said and "95 % interval" not in said


def test_the_title_has_data_date_and_duration(copied):
    record = json.loads((copied / "search.json").read_text())
    record["source"] = "on digits"
    (copied / "search.json").write_text(json.dumps(record))
    # A quick search takes less than what its evaluations claim to have taken.
    summary = json.loads((copied / "summary.json").read_text())
    summary["seconds"] |= {"total": 61.5, "all_processes": 61.5}
    (copied / "summary.json").write_text(json.dumps(summary))
    said = words(write(copied))
    assert "on digits, searched by nao" in said
    run = report.read(copied)
    assert f" · {run.began.day} {run.began:%B %Y} · " in said
    assert f" · {blocks.duration(run.summary['seconds']['total'])} " in said


def test_a_best_trial_of_the_random_round_is_said_once(finished):
    """It had two tiles, and two lines on top of each other in the figure."""
    run = report.read(finished[0])
    early = dataclasses.replace(run, trials=run.trials[:6])
    said = words(to_html(page_lib.to_element(early)))
    assert f"sum, trial {early.best.index} of the random round" in said
    assert "best of 6 at random" not in said
    assert "best of 6 at random" in words(to_html(page_lib.to_element(run)))


def test_the_page_says_what_was_tested(copied):
    assert "Final choice: the best trial" not in words(write(copied))
    summary = json.loads((copied / "summary.json").read_text())
    summary["how_tested"] = "summed up anew"
    (copied / "summary.json").write_text(json.dumps(summary))
    assert "Final choice: the best trial, summed up anew." in words(write(copied))


def test_accuracies_have_the_digits_that_their_images_can_tell(copied):
    record = json.loads((copied / "search.json").read_text())
    record |= {"num_examples": {"test_sum": 384}, "example": "image"}
    (copied / "search.json").write_text(json.dumps(record))
    summary = json.loads((copied / "summary.json").read_text())
    summary["best"]["test"] = {"test_sum": 0.9921875}
    (copied / "summary.json").write_text(json.dumps(summary))
    said = words(write(copied))
    assert "final choice: test sum, of 384 images" in said and "0.992 ± 0.005" in said


def test_a_space_from_slots_is_compared_with_others_and_chance(finished):
    """The drawing was a chain of operations, which it is not."""
    path, result = finished
    root = page_lib.to_element(report.read(path))
    rows = root.find(".//div[@class='choices']").findall("div/table/tbody/tr")
    assert [row[0].text for row in rows] == [slot.name for slot in SPACE.slots]
    chosen = [row.find(".//span[@class='chip chosen']").text for row in rows]
    assert chosen == list(map(str, SPACE.choices(result.best.tokens)))
    assert {row[3].text for row in rows} == {"25 %"}
    assert not root.findall(".//img")


def test_nothing_is_loaded_from_elsewhere(finished):
    text = write(finished[0])
    for link in _Reader(text).links:
        assert link.startswith("data:")
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp", text.split("<body>")[0])


def test_the_same_run_gives_the_same_page(finished):
    assert write(finished[0]) == write(finished[0])


def test_a_first_trial_may_be_done_after_more_than_the_search_took(copied):
    """9 s in the process, and the first trial 11 s after its start: with imports."""
    summary = json.loads((copied / "summary.json").read_text())
    summary["seconds"] |= {"total": 9.0, "first_child": 11.0}
    (copied / "summary.json").write_text(json.dumps(summary))
    said = words(write(copied))
    assert "The process that ended last searched for 9 s, of them" in said
    assert "Imports included, its first trial was done 11 s after its start." in said


def test_a_search_cut_off_before_its_summary(copied):
    (copied / "summary.json").unlink()
    (copied / "environment.json").unlink()
    shutil.rmtree(copied / "checkpoints")
    said = words(write(copied))
    assert "cut off" in said
    assert "has not fitted a controller yet" in said
    assert "There is no summary.json" in said
    assert "There is no environment.json" in said
    assert "final choice:" not in said
    assert "All evaluations together took" in said


def test_a_search_that_is_running(copied):
    (copied / "summary.json").unlink()
    with filelock.FileLock(copied / ".lock"):
        assert "still running" in words(write(copied))
    assert "still running" not in words(write(copied))


def test_a_summary_that_is_out_of_date(copied):
    data = json.loads((copied / "summary.json").read_text())
    (copied / "summary.json").write_text(json.dumps(data | {"num_trials": 11}))
    said = words(write(copied))
    assert "cut off" in said and "summary.json is of the first 11 trials" in said


def test_a_damaged_summary_is_a_note(copied):
    (copied / "summary.json").write_text("{")
    assert "summary.json can't be read" in words(write(copied))
    (copied / "summary.json").write_text('{"best": 3, "seconds": []}')
    assert "summary.json is damaged" in words(write(copied))


@pytest.mark.parametrize("name", ["config", "environment", "search", "summary"])
def test_a_page_of_any_json_is_written_or_one_line(copied, monkeypatch, name):
    monkeypatch.setattr(answer, "drawing_uri", lambda *_, **__: "data:,")
    monkeypatch.setattr(page_lib.latent_map, "explore", lambda run: None)
    path = copied / f"{name}.json"
    valid = json.loads(path.read_text())
    if name == "config":  # as launch.py writes it
        valid = fields.to_dict(Config())

    @hypothesis.settings(max_examples=40, deadline=None)
    @hypothesis.given(replaced(valid))
    def check(data):
        path.write_text(json.dumps(data))
        try:
            write(copied)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1

    check()


def test_a_search_without_a_trial(copied):
    (copied / "summary.json").unlink()
    (copied / "study.db").unlink()
    said = words(write(copied))
    assert "Nothing is evaluated yet" in said and "no trial yet" in said
    assert not (copied / "study.db").exists()


def test_no_search_at_all(tmp_path):
    with pytest.raises(ValueError, match="does not hold a run"):
        report.read(tmp_path)


def test_a_space_of_ones_own_must_be_given(tmp_path):
    class Own(spaces.Space):
        """Rules that JSON can't hold."""

    space = Own("own", SPACE.slots)
    config = strategies.RandomConfig(round_size=4)
    search(tmp_path, 4, Counting(space=space), strategies.RandomSearch(space, config))
    with pytest.raises(ValueError, match="must be given as space="):
        report.read(tmp_path)
    assert report.read(tmp_path, space).space is space


def test_a_page_that_can_not_be_written(finished, tmp_path):
    run = report.read(finished[0])
    object.__setattr__(run, "path", tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"report\.html can't be written"):
        report.write_page(run)


class _Hostile(Counting):
    objective = Objective("<i>sum</i>", unit="<u>")

    def evaluate(self, tokens, keys):
        for evaluation in super().evaluate(tokens, keys):
            yield (
                evaluation
                if evaluation.value is not None
                else Evaluation(None, reason=HOSTILE)
            )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A random search whose every name looks like markup."""
    path = tmp_path_factory.mktemp("<b>run & 'more'")
    space = spaces.custom(
        {f"<b>{i}": [f"{HOSTILE}{j}" for j in range(4)] for i in range(5)}, "<script>"
    )
    config = strategies.RandomConfig(round_size=8)
    search(path, 16, _Hostile(space=space), strategies.RandomSearch(space, config))
    return path


def test_what_a_user_wrote_is_text(hostile):
    path = hostile
    text = write(path)
    reader = _Reader(text)
    assert reader.tags.count("script") == 2 and "b" in reader.tags
    assert not {"i", "u"} & set(reader.tags[: reader.tags.index("figure")])
    assert HOSTILE in "".join(reader.texts)
    assert str(path) in "".join(reader.texts)


def test_a_strategy_that_does_not_predict_says_so(hostile):
    said = words(write(hostile))
    assert "Nothing was predicted for these trials" in said
    assert "Rank correlation" not in said
    assert "has no controller (strategy random)" in said


@pytest.mark.parametrize("maximize", [True, False])
@pytest.mark.parametrize("values", [[None, None], [1.0], [2.0, None, 2.0]])
def test_few_and_equal_values(finished, maximize, values):
    trials = [
        Trial(i, 0, 4, SPACE.sample(np.random.default_rng(i), 1)[0], evaluation)
        for i, evaluation in enumerate(
            Evaluation(v, reason="" if v is not None else "oops") for v in values
        )
    ]
    said = words(
        page_lib.to_html(page_lib.to_element(_with(finished[0], trials, maximize)))
    )
    assert ("No trial succeeded" in said) == (set(values) == {None})


def test_partial_evaluations_alone_are_no_failures(finished):
    """A page said that no trial had succeeded, above a table of their values."""
    tokens = SPACE.sample(np.random.default_rng(0), 1)[0]
    trial = Trial(0, 0, 4, tokens, Evaluation(0.5), budget=1, is_full=False, cost=0.25)
    run = _with(finished[0], [trial], True)
    run = dataclasses.replace(run, summary={**run.summary, "max_cost": 0.5})
    said = words(page_lib.to_html(page_lib.to_element(run)))
    assert "No trial of the full budget succeeded." in said
    assert "cost of 0.25 full evaluations, at most 0.5" in said


# The first has a trial and a round of number 0 alone.
@pytest.mark.parametrize("values", [[7.0], [0.0, 0.0], [0.0, None], [None, None]])
def test_a_column_of_zeros_is_shown(finished, values):
    trials = [
        Trial(i, 0, 4, SPACE.sample(np.random.default_rng(i), 1)[0], evaluation)
        for i, evaluation in enumerate(
            Evaluation(v, {"zeros": 0.0}, reason="" if v is not None else "oops")
            for v in values
        )
    ]
    table = trial_table.trials(_with(finished[0], trials)).find(".//table")
    heads = ["".join(th.itertext()) for th in table.findall(".//th")]
    assert heads == ["trial", "sum", "round", "zeros", "architecture"]
    cells = [row.findall("td")[1].text for row in table.findall(".//tbody/tr")]
    assert cells == ["failed" if v is None else f"{v:g}" for v in values]


@pytest.mark.parametrize("maximize", [True, False])
def test_the_legend_has_the_marks_of_the_chart(finished, tmp_path, maximize):
    """A cross and an arrowhead: without a shape of their own they were dots."""
    values = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.1, None, -1e6 if maximize else 1e6]
    trials = [
        Trial(i, 0, 4, SPACE.sample(np.random.default_rng(i), 1)[0], evaluation)
        for i, evaluation in enumerate(
            Evaluation(v, reason="" if v is not None else "oops") for v in values
        )
    ]
    run = _with(finished[0], trials, maximize)
    drawn = figures.progress(run)
    keys = [i.get("class") for i in drawn.findall(".//p/span/i")]
    assert {"failed", f"outside {'below' if maximize else 'above'}"} < set(keys)
    (tmp_path / "page.html").write_text(page_lib.to_html(page_lib.to_element(run)))
    shapes, _ = visit(
        tmp_path / "page.html",
        """return ["failed", "outside", "trial"].map(name =>
            getComputedStyle(document.querySelector(`.key i.${name}`)).clipPath);""",
    )
    assert [shape.partition("(")[0] for shape in shapes] == [
        "polygon",
        "polygon",
        "none",
    ]
    assert shapes[0] != shapes[1]


def _with(path, trials, maximize=True):
    run = report.read(path)
    record = dataclasses.replace(run.record, goals=Goals((Objective("sum", maximize),)))
    object.__setattr__(run, "record", record)
    object.__setattr__(run, "trials", trials)
    return run


@pytest.mark.slow
def test_a_long_search_stays_under_six_megabytes(finished, rng):
    """Of 5,000 trials, 2,000 are listed, the 1,000 best among them."""
    tokens = SPACE.sample(rng, 5000)
    metrics = {f"metric {i}": 1 / 3 for i in range(4)}
    values = rng.normal(size=5000)
    trials = [
        Trial(i, i // 10, 10, row, Evaluation(float(value), metrics), 0.123456)
        for i, (row, value) in enumerate(zip(tokens, values, strict=True))
    ]
    text = page_lib.to_html(page_lib.to_element(_with(finished[0], trials)))
    assert len(text.encode()) < 6e6
    listed = {int(i) for i in re.findall(r'<tr data-trial="(\d+)"', text)}
    assert len(listed) == 2000
    assert set(np.argsort(-values)[:1000]) <= listed
    assert "3000 of 5000 trials are left out here" in text


# In a browser.

_HOVER = """
const mark = document.querySelector('.chart circle[data-trial="%d"]');
mark.scrollIntoView();
const box = mark.getBoundingClientRect();
const at = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2};
const hit = document.elementFromPoint(at.clientX, at.clientY);
hit.dispatchEvent(new PointerEvent("pointermove", {...at, bubbles: true}));
const tip = document.getElementById("tip");
const inside = tip.getBoundingClientRect();
const seen = {
  hit: hit.dataset.trial, hidden: tip.hidden, text: tip.innerText,
  row: document.querySelector(`tr[data-trial="${hit.dataset.trial}"]`).className,
  fits: inside.left >= 0 && inside.right <= innerWidth,
};
document.querySelector("h1").dispatchEvent(
  new PointerEvent("pointermove", {bubbles: true}));
return {...seen, after: tip.hidden};
"""
_ASCENT = """
const ends = Array.from(document.querySelectorAll("path.end"));
const tip = document.getElementById("tip");
ends[0].dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
return {ends: ends.map((end) => end.dataset.trial), text: tip.innerText};
"""
_SORT = """
const rows = () => Array.from(
  document.querySelectorAll(".sortable tbody tr"), (row) => Number(row.dataset.trial));
const column = document.querySelectorAll(".sortable th button")[1];
const orders = [rows()];
for (let i = 0; i < 2; i++) { column.click(); orders.push(rows()); }
return [orders, column.parentNode.getAttribute("aria-sort")];
"""
_TEXTS = """
return Array.from(document.querySelectorAll(".chart text"), (text) => {
  const svg = text.closest("svg");
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return scale * parseFloat(getComputedStyle(text).fontSize);
});
"""
_TIPS = """
const tip = document.getElementById("tip");
return Array.from(document.querySelectorAll(".chart circle[data-trial]"), (mark) => {
  mark.scrollIntoView({block: "center"});
  const box = mark.getBoundingClientRect();
  mark.dispatchEvent(new PointerEvent("pointerdown", {
    clientX: box.x + 1, clientY: box.y + 1, bubbles: true, pointerType: "%s"}));
  const shown = tip.getBoundingClientRect();
  return {
    covers: shown.left < box.right && shown.right > box.left &&
      shown.top < box.bottom && shown.bottom > box.top,
    fits: !tip.hidden && shown.left >= 0 && shown.right <= innerWidth &&
      shown.top >= 0 && shown.bottom <= innerHeight,
  };
});
"""
_COLUMNS = """
const heads = () => Array.from(document.querySelectorAll(".sortable th"))
  .filter((head) => head.offsetWidth).map((head) => head.innerText);
const before = heads();
document.querySelector("input.switch").click();
return [before, heads()];
"""
_ALIGNED = """
const [number, text] = [".sortable td.number", ".sortable td.text"].map(
  (name) => getComputedStyle(document.querySelector(name)));
return {number: number.textAlign, text: text.textAlign.replace("start", "left"),
  figures: number.fontVariantNumeric};
"""
_FITS = "return [document.documentElement.scrollWidth, innerWidth];"


@functools.cache
def written(path):
    """Writes the page of a run that no test changes."""
    return report.write_page(report.read(path))


def test_hover_shows_the_trial(finished):
    path, result = finished
    trial = next(t for t in result.trials if t.round and t.value is not None)
    seen, console = visit(written(path), _HOVER % trial.index)
    assert console == []
    assert seen["hit"] == str(trial.index)
    assert not seen["hidden"] and seen["fits"] and seen["after"]
    assert f"Trial {trial.index}, round {trial.round}" in seen["text"]
    assert f"{trial.value:.6g}" in seen["text"]
    foretold, decimals = predictions.of_trials(report.read(path))
    guess = f"{foretold[trial.index]:.{decimals}f}"
    assert f"predicted before: {guess}" in seen["text"]
    assert seen["row"] == "on"


def test_hover_shows_an_ascent(finished):
    path, result = finished
    seen, console = visit(written(path), _ASCENT)
    assert console == [] and 1 <= len(seen["ends"]) <= 8
    index = int(re.search(r"Ascent from trial (\d+)", seen["text"])[1])
    value = result.trials[index].value
    assert f"sum at its start: {value:.6g}" in seen["text"]
    assert re.search(r"along it: [\d.]+ ± ", seen["text"])


def test_headings_sort(finished):
    path, result = finished
    ((first, up, down), direction), console = visit(written(path), _SORT)
    assert console == [] and direction == "descending"
    values = {t.index: t.value for t in result.trials}
    failed = [i for i in range(16) if values[i] is None]
    done = [i for i in range(16) if values[i] is not None]
    # Rows come with the best first, so the first click turns them round.
    assert first == sorted(done, key=lambda i: -values[i]) + failed
    assert [values[i] for i in up] == [values[i] for i in first[: len(done)]][::-1] + [
        None
    ] * len(failed)
    assert [values[i] for i in down] == [values[i] for i in first]


@pytest.mark.parametrize("width", [360, 500, 1280])
@pytest.mark.parametrize("name", ["hostile", "finished"])
def test_nothing_is_wider_than_the_window(request, name, width):
    found = request.getfixturevalue(name)
    path = found if name == "hostile" else found[0]
    (needed, given), console = visit(written(path), _FITS, (width, 800))
    assert needed <= given == width and console == []


@pytest.mark.parametrize("width", [360, 1280])
def test_texts_of_charts_can_be_read(finished, width):
    path, _ = finished
    sizes, _ = visit(written(path), _TEXTS, (width, 800))
    assert 10.5 <= min(sizes) <= max(sizes) <= 18


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("pointer", ["touch", "mouse"])
def test_a_tooltip_covers_no_mark_that_it_tells_of(finished, width, pointer):
    path, _ = finished
    seen, console = visit(written(path), _TIPS % pointer, (width, 700))
    assert console == [] and len(seen) > 30
    assert all(tip["fits"] and not tip["covers"] for tip in seen)


def test_a_checkbox_shows_the_other_columns(finished):
    path, _ = finished
    (before, after), _ = visit(written(path), _COLUMNS)
    assert before == ["trial", "sum", "predicted", "architecture"]
    assert set(before) < set(after) and "round" in after


def test_numbers_stand_on_the_right(finished):
    path, _ = finished
    aligned, _ = visit(written(path), _ALIGNED)
    assert aligned == {"number": "right", "text": "left", "figures": "tabular-nums"}


def test_the_browser_tells_of_errors(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><body><script>oops()</script></body>")
    _, console = visit(page, "return 1;")
    assert "oops is not defined" in console[0]
