"""What was asked for on the command line, as plain values."""

import contextlib
import dataclasses
import os
import pathlib
import shlex
import sys
import time
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from nao import fields
from nao.commands import configs
from nao.config import Config
from nao.files import first_line
from nao.runs import directory, reader


@dataclasses.dataclass(frozen=True)
class Request:
    """The flags of launch.py, and how they were written.

    Attributes:
        root: Folder of launch.py: configs, tables and images are found from there too.
        command: The words after `python launch.py`.
        config_name: Config file, or the name of one in experiments/configs.
        is_config_given: Whether the user named it.
        overrides: Values of config fields, by dotted name.
        workdir: Folder of the run; None where none was named.
        architecture: An architecture as text, a file or a published name; or None.
        run_dirs: Workdirs of finished searches to compare; or None.
        hosts: How this machine joins others, see `system.hosts.join_hosts`; or None.
        host: Address to serve on.
        port: TCP port to serve on.
    """

    root: pathlib.Path
    command: tuple[str, ...]
    config_name: str
    is_config_given: bool
    overrides: Mapping[str, Any]
    workdir: str | None = None
    architecture: str | None = None
    run_dirs: tuple[str, ...] | None = None
    hosts: str | None = None
    host: str = "127.0.0.1"
    port: int = 0

    def config(self, of_run: bool = False) -> Config:
        """Returns the config, overridden fields and found paths in it.

        Args:
            of_run: Whether to take that of the run in the workdir, where there is one
                and the user names no other.

        Raises:
            ValueError: If there is no such config, or a value does not fit.
        """
        config = None
        # What was trained or exported is a run's own, whatever the default config is.
        if of_run and self.workdir and not self.is_config_given:
            config = _of_run(self.workdir)
        config = config or configs.load(self.config_name, self.root)
        config = fields.override(config, self.overrides)
        return configs.find_paths(config, self.root, fields.places(Config))

    def folder(self, name: str) -> pathlib.Path:
        """Returns the run's folder: the one asked for, or a new one in `runs`."""
        if self.workdir is not None:
            return directory.absolute(self.workdir)
        # Two runs begun in the same second are two processes.
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return pathlib.Path("runs", f"{name}-{stamp}-{os.getpid()}").absolute()

    def require_workdir(self, reason: str) -> pathlib.Path:
        """Returns the folder that was asked for.

        Raises:
            ValueError: If none was; the message says why one is needed.
        """
        if self.workdir is None:
            raise ValueError(reason)
        return directory.absolute(self.workdir)

    def continuation(self, folder: pathlib.Path) -> str:
        """Returns the command that goes on with the run in a folder."""
        named = [] if self.workdir else [f"--workdir={folder}"]
        return shlex.join(["python", sys.argv[0], *self.command, *named])

    def announcement(self, folder: pathlib.Path) -> str:
        """Says where a run that has begun is kept, and what continues it."""
        return f"Run: {folder}\nTo continue it: {self.continuation(folder)}"

    def next_command(
        self, folder: pathlib.Path, mode: str, needs_config: bool = False
    ) -> str:
        """Returns the command of another mode on a run's folder.

        Args:
            folder: The folder.
            mode: The mode.
            needs_config: Whether something is in the config file that no run holds.
        """
        words = ["python", sys.argv[0], f"--mode={mode}", f"--workdir={folder}"]
        if needs_config and self.is_config_given:
            words.insert(3, f"--config={self.config_name}")
        return shlex.join(words)

    @contextlib.contextmanager
    def continuable(self, folder: pathlib.Path, where: str = "here") -> Iterator[None]:
        """Says how a run goes on that ends early.

        Args:
            folder: Its folder.
            where: What it goes on from after an interruption.

        Raises:
            ValueError: If a file can't be read or written.
        """
        try:
            yield
        except KeyboardInterrupt:
            self.stop(folder, where)
        except OSError as error:
            name = "" if error.filename is None else f" ({error.filename})"
            raise ValueError(
                f"The run can't go on: {first_line(error)}{name}. To continue it "
                f"once that is mended: {self.continuation(folder)}"
            ) from error

    def stop(self, folder: pathlib.Path, where: str = "here") -> typing.NoReturn:
        """Ends an interrupted process; says how the run goes on, and from where."""
        command = self.continuation(folder)
        print(
            f"\nInterrupted. To continue from {where}: {command}",
            file=sys.stderr,
        )
        sys.exit(130)


def _of_run(workdir: str) -> Config | None:
    """Returns the config of the run in a folder; None where there is none.

    Raises:
        ValueError: If what is there is no config, or needs the config file.
    """
    try:
        config = reader.read_config(workdir)
    except ValueError as error:
        raise ValueError(f"{error} A config can be named with --config.") from None
    if config is not None:
        configs.check_own(config)
    return config
