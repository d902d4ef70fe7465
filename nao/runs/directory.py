"""The folder of one run: its lock, config, metrics and results."""

import contextlib
import json
import os
import pathlib
from collections.abc import Collection, Mapping

import filelock
from absl import logging

from nao.files import (
    Shape,
    expanded,
    not_written,
    parse_object,
    read_bytes,
    read_json,
    write_json,
    written_whole,
)
from nao.runs import comparing, shapes
from nao.runs.scalars import Changing
from nao.runs.writing import writing
from nao.system import process
from nao.system.showing import counted

LOCK = ".lock"
# How far a search goes; what it has done is the same.
_MAY_CHANGE = ("num_trials", "max_cost", "num_finalists")


def absolute(path: str | os.PathLike) -> pathlib.Path:
    """Returns a folder's absolute path, `~` replaced.

    Raises:
        ValueError: If it is no path of a folder: empty, which would be the working
            directory, or of what no path can be.
    """
    # Not `os.PathLike` alone: bytes are paths to Python, but not to all that is here.
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"A workdir must be the path of a folder, got {path!r}.")
    return expanded(path).absolute()


class RunDirectory(contextlib.AbstractContextManager):
    """Opens a run's folder for one process at a time.

    Attributes:
        path: The folder, absolute.
        is_new: Whether there was no run in it.
        moved: Names of the places that are others than when the run was begun.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        config: Mapping,
        defaults: Mapping | None = None,
        places: Collection[str] = (),
        is_writer: bool = True,
    ):
        """Makes the folder or opens the run that is there.

        Args:
            path: The folder.
            config: Resolved config, JSON values only. All of it must equal the config
                of a run that is there, but for a larger `num_trials` and any
                `max_cost`.
            defaults: Default values of its fields: what a run has that was begun before
                the field existed.
            places: Dotted names of fields that may differ, since they only say where
                something lies whose content is compared elsewhere.
            is_writer: Whether this process is the one that writes; others of the same
                run, on other hosts, read alone.

        Raises:
            ValueError: If the folder can't be written, is in use by another process, or
                holds a run of another config.
        """
        self.path = absolute(path)
        self._metrics = self._writer = None
        self._changing = Changing()
        self._is_writer = is_writer
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = filelock.FileLock(self.path / LOCK)
            if is_writer:
                self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise ValueError(
                f"Workdir {self.path} is in use by another process."
            ) from None
        except OSError as error:
            raise not_written(self.path, error) from None
        try:
            if is_writer:
                self._tidy()
            self._config = json.loads(json.dumps(config))  # tuples as JSON's lists
            self._compare(defaults or {}, places)
        except BaseException:
            self._lock.release()
            raise

    def _tidy(self) -> None:
        """Removes what a killed process was writing."""
        with writing(self.path):
            for path in filter(pathlib.Path.is_file, self.path.glob(".*.tmp")):
                path.unlink()

    def _compare(self, defaults: Mapping, places: Collection[str]) -> None:
        there = self.read_json("config.json", shapes.Config)
        self.is_new = there is None
        defaults = json.loads(json.dumps(defaults))
        differing = (
            comparing.differences(there, self._config, defaults) if there else []
        )
        self.moved = [field for field, _, _ in differing if field in places]
        differing = [found for found in differing if found[0] not in places]
        lines = [
            f"{field} is {was!r} there and {now!r} here"
            for field, was, now in differing
            if field not in _MAY_CHANGE or None in (was, now)
        ]
        if lines:
            raise ValueError(
                f"Workdir {self.path} holds a run of another config: "
                f"{'; '.join(lines)}."
            )
        # Last: of another kind of run the number says nothing.
        for field, was, now in differing:
            if field == "num_trials" and now < was:
                raise ValueError(
                    f"Workdir {self.path} holds a run of {counted(was, 'trial')}; it "
                    f"continues with as many or more, got num_trials={now}."
                )

    def begin(self) -> None:
        """Writes `config.json` and `environment.json`, once all else is in order."""
        # Anew each time: a larger budget, and fields that are new, are written down.
        self.write_json("config.json", self._config)
        self.write_json("environment.json", process.environment())

    def __exit__(self, kind: type | None, *error) -> None:
        try:
            self._close()
        except ValueError:
            if kind is None:  # Else an error on its way says what is wrong.
                raise
        finally:
            self._lock.release()

    def _close(self) -> None:
        with writing(self.path):
            if self._writer is not None:
                self._close_writer()
            if self._metrics is not None:
                self._metrics.close()

    def _close_writer(self) -> None:
        try:
            self._writer.close()
        except OSError:
            # Or it tries again at the end of the process, and fails with a traceback.
            self._writer.file_writer.event_writer._closed = True
            raise

    def write_json(self, name: str, data: Mapping) -> None:
        """Writes a file that is there whole or not at all.

        Raises:
            ValueError: If it can't be written.
        """
        if not self._is_writer:
            return
        path = self.path / name
        with writing(path):
            write_json(path, data)

    def read_json(self, name: str, shape: type[Shape] | None = None) -> dict | None:
        """Returns what a file holds, see `files.read_json`; None where there is none.

        Raises:
            ValueError: If it is not a JSON object, or not of the shape.
        """
        return read_json(self.path / name, shape)

    def num_logged(self, field: str) -> int:
        """Returns how many lines of `metrics.jsonl` have a field.

        Drops what is no JSON object: a killed process leaves part of a line.
        """
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return 0
        try:
            lines = read_bytes(path).splitlines(keepends=True)
        except ValueError as error:
            raise ValueError(f"{path} can't be read: {error}.") from None
        found = list(map(_logged, lines))
        if None in found:
            kept = [line for line, data in zip(lines, found, strict=True) if data]
            logging.warning(
                "%s: %s dropped.",
                path,
                counted(len(lines) - len(kept), "damaged line"),
            )
            with writing(path), written_whole(path) as whole:
                whole.write_bytes(b"".join(kept))
        return sum(field in data for data in found if data)

    def log(self, step: int, line: Mapping, scalars: Mapping) -> None:
        """Appends one line to `metrics.jsonl`, and scalars to TensorBoard.

        Args:
            step: Number of trials or epochs finished.
            line: JSON values.
            scalars: Numbers by tag; see `scalars.Changing` for what is left out.

        Raises:
            ValueError: If it can't be written.
        """
        if self._is_writer:
            with writing(self.path):
                self._log(step, line, scalars)

    def recall(self, step: int, scalars: Mapping) -> None:
        """Takes note of what an earlier process logged, to tell what changes."""
        self._changing.take(step, scalars)

    def _log(self, step: int, line: Mapping, scalars: Mapping) -> None:
        if self._metrics is None:
            import tensorboardX  # Pulls in protobuf: only where there is a run.

            self._metrics = open(self.path / "metrics.jsonl", "a", buffering=1)
            self._writer = tensorboardX.SummaryWriter(
                str(self.path / "tensorboard"), purge_step=step, flush_secs=10
            )
        self._metrics.write(json.dumps({"step": step, **line}) + "\n")
        for point in self._changing.take(step, scalars):
            self._writer.add_scalar(*point)


def _logged(line: bytes) -> dict | None:
    """Returns what a whole line of `metrics.jsonl` says; None where it is damaged."""
    try:
        return parse_object(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
