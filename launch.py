"""Runs experiments: `python launch.py --help` lists the modes and all settings."""

import importlib.util
import json
import os
import pathlib
import shlex
import signal
import sys
import time
import typing

from absl import app, flags, logging

import nao
from nao import comparing, experiment, runtime
from nao import config as config_lib
from nao.spaces.published import PUBLISHED

_ROOT = pathlib.Path(__file__).resolve().parent
_CONFIGS = _ROOT / "experiments" / "configs"

_CONFIG = flags.DEFINE_string(
    "config",
    "digits",
    "Config file, or the name of one in experiments/configs: "
    f"{', '.join(sorted(path.stem for path in _CONFIGS.glob('*.py')))}; or config.json "
    "of a run.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir",
    None,
    "Folder of the run; the same one again continues it. Default: a new one in runs/.",
)
_MODE = flags.DEFINE_enum(
    "mode",
    "search",
    ["search", "train", "export", "benchmark", "report", "serve", "prepare"],
    "search: find the best architecture. train: train one architecture from scratch, "
    "by the final recipe, and test it. export: write the architecture, and the network "
    "trained from it, for other programs. benchmark: compare strategies over a table, "
    "seed by seed, or finished searches. report: write report.html about the "
    "search of --workdir, finished or not. serve: answer queries on the embedding of "
    "--workdir, a search or a saved embedding, as JSON over HTTP. prepare: download or "
    "build the data set, the only mode that downloads.",
)
_RUNS = flags.DEFINE_list(
    "runs",
    None,
    "mode=benchmark: workdirs of finished searches to compare, separated by commas; "
    "none compares config.benchmark.strategies over the table.",
)
_HOST = flags.DEFINE_string(
    "host", "127.0.0.1", "mode=serve: address to bind to; the default is this machine."
)
_PORT = flags.DEFINE_integer(
    "port",
    8421,
    "mode=serve: TCP port; 0 is any free one.",
    lower_bound=0,
    upper_bound=65535,
)
_ARCHITECTURE = flags.DEFINE_string(
    "architecture",
    None,
    "mode=train: the architecture, as text, a JSON file, or the name of a published "
    f"one: {', '.join(PUBLISHED)}. Default: best.json of the workdir.",
)
_HOSTS = flags.DEFINE_string(
    "hosts",
    None,
    "mode=train: train on the devices of several machines, by the same command on each "
    "and on a workdir that all can write: ADDRESS:PORT,NUMBER,INDEX of the first "
    "machine, how many there are and which this is, from 0; or auto on a cluster that "
    "tells.",
)


def _define_config_flags() -> dict[str, flags.FlagHolder]:
    """Makes a flag of every field of the config, so absl checks and explains them."""
    define = {
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        bool: flags.DEFINE_bool,
        str: flags.DEFINE_string,
    }
    return {
        leaf.name: define.get(leaf.type, flags.DEFINE_list)(
            f"config.{leaf.name}",
            None,
            f"{leaf.help} Unless configured: {leaf.default}.",
        )
        for leaf in config_lib.leaves()
    }


_OVERRIDES = _define_config_flags()


def _overrides() -> dict[str, object]:
    """Returns the fields given on the command line, lists as tuples of their type."""
    types = {leaf.name: leaf.type for leaf in config_lib.leaves()}
    values = {}
    for name, flag in _OVERRIDES.items():
        value = flag.value
        if isinstance(value, list):
            element = types[name].__args__[0]
            try:
                value = tuple(element(text) for text in value)
            except ValueError as error:
                raise ValueError(f"flag --config.{name}: {error}.") from None
        if value is not None:
            values[name] = value
    return values


def _load_config(name: str) -> config_lib.Config:
    """Runs `get_config` of a config file, given by path or by name."""
    candidates = [
        pathlib.Path(name).expanduser(),
        _ROOT / name,
        _CONFIGS / f"{name}.py",
    ]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        known = ", ".join(sorted(path.stem for path in _CONFIGS.glob("*.py")))
        raise ValueError(f"No config file {name!r}; a path, or one of: {known}.")
    if path.suffix == ".json":
        return experiment.load_config(path)
    spec = importlib.util.spec_from_file_location(f"config_{path.stem}", path)
    if spec is None:
        raise ValueError(f"Config file {path} must be named *.py or *.json.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # A config's own modules lie beside it or where the user stands.
    sys.path[:0] = [str(path.resolve().parent), os.getcwd()]
    try:
        spec.loader.exec_module(module)
        config = module.get_config()
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"Config file {path}: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(config, config_lib.Config):
        raise ValueError(f"get_config of {path} must return a nao.Config.")
    if config.function.name.startswith(":"):
        here = {"function.name": spec.name + config.function.name}
        config = config_lib.override(config, here)
    return config


def _find(path: str) -> str:
    """Finds a relative path from the working directory, else from this file's."""
    if (
        path
        and not pathlib.Path(path).expanduser().exists()
        and (_ROOT / path).exists()
    ):
        return str(_ROOT / path)
    return path


def _workdir(name: str) -> pathlib.Path:
    """Returns the run's folder: the one that was asked for, or a new one in `runs`."""
    workdir = _WORKDIR.value
    if workdir is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        workdir = pathlib.Path("runs", f"{name}-{stamp}-{os.getpid()}")
    return pathlib.Path(workdir).expanduser().absolute()


def _announce(workdir: pathlib.Path) -> str:
    """Prints where a run is kept; returns the command that continues it."""
    again = [*sys.argv[1:], *([f"--workdir={workdir}"] if not _WORKDIR.value else [])]
    command = shlex.join(["python", sys.argv[0], *again])
    print(f"Run: {workdir}\nTo continue it: {command}", flush=True)
    return command


def _interrupted(command: str, where: str = "here") -> typing.NoReturn:
    print(f"\nInterrupted. To continue from {where}: {command}", file=sys.stderr)
    sys.exit(130)


def _search(config: config_lib.Config) -> None:
    workdir = _workdir(pathlib.Path(_CONFIG.value).stem)
    command = _announce(workdir)
    try:
        result = experiment.search(config, workdir)
    except KeyboardInterrupt:
        _interrupted(command)
    if result.was_finished:
        print("This run is finished; a larger --config.num_trials continues it.")
    _print_outcome(result.summary, workdir)


def _print_outcome(summary: dict, workdir: pathlib.Path) -> None:
    """Prints the outcome of a search."""
    best, at_random = summary["best"], summary["random_best"]
    if summary["exhausted"]:
        print(f"The space has no more architectures than {summary['num_trials']}.")
    print(
        f"{summary['num_trials']} trials, {summary['num_failed']} failed, "
        f"{summary['seconds']['total']:.0f} s."
    )
    if best is None:
        print("No evaluation succeeded; see metrics.jsonl for the reasons.")
        return
    name = summary["objective"]["name"]
    if at_random["num_trials"]:
        print(
            f"Best of the random round ({at_random['num_trials']}): "
            f"{name} {at_random['objective']}"
        )
    print(f"Best: {name} {best['objective']:.6g} in trial {best['trial']}")
    for test, value in (best["test"] or {}).items():
        print(f"  {test} {value:.6g}")
    print(f"  {best['architecture']}\nWritten to {workdir}")


def _train(config: config_lib.Config) -> None:
    import tqdm

    source = _ARCHITECTURE.value
    if source is None and _WORKDIR.value is None:
        raise ValueError("mode=train needs --workdir of a search, or --architecture.")
    workdir = _workdir("train")
    path = workdir / "best.json" if source is None else pathlib.Path(source)
    if source is None and not path.is_file():
        raise ValueError(f"No best.json in {workdir}; search first, or --architecture.")
    text = _read_text(path) if _is_file(path) else source
    command = _announce(workdir)

    def describe(costs: dict) -> None:
        print(
            f"{costs['num_parameters'] / 1e6:.3f} M parameters, "
            f"{costs['num_multiply_adds'] / 1e6:.1f} M multiply-adds an image, "
            f"{costs['memory_mib']:.0f} MiB a training step.",
            flush=True,
        )

    with tqdm.tqdm(total=config.train.epochs, unit="epoch", disable=None) as bar:

        def show(done: int, metrics: dict) -> None:
            bar.update(done - bar.n)
            bar.set_postfix(
                {
                    n: f"{metrics[n]:.4g}"
                    for n in ("train_loss", "val_accuracy")
                    if metrics
                }
            )

        try:
            result = experiment.train(config, text, workdir, show, describe)
        except KeyboardInterrupt:
            _interrupted(command, "the last checkpoint")
    print(json.dumps(result, indent=2))


def _export(config: config_lib.Config) -> None:
    if _WORKDIR.value is None:
        raise ValueError("mode=export needs --workdir of a search or a training.")
    workdir = _workdir("export")
    for name, what in experiment.export_run(config, workdir).items():
        print(f"{name}: {what}")
    print(f"Written to {workdir / 'export'}")


def _benchmark(config: config_lib.Config) -> None:
    import tqdm

    if _WORKDIR.value is None:
        raise ValueError("mode=benchmark needs --workdir, for its tables and figures.")
    workdir = pathlib.Path(_WORKDIR.value).expanduser().absolute()
    if _RUNS.value is not None:
        if not _RUNS.value or not all(_RUNS.value):
            raise ValueError(f"--runs must name workdirs, got {_RUNS.value}.")
        comparing.compare_searches(_RUNS.value, workdir)
    else:
        with tqdm.tqdm(unit="run", disable=None, dynamic_ncols=True) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            comparing.run_benchmark(config, workdir, show)
    print((workdir / "summary.md").read_text(), end="")
    print(f"Written to {workdir}")


def _report() -> None:
    if _WORKDIR.value is None:
        raise ValueError("mode=report needs --workdir of a search.")
    print(f"Written to {experiment.write_report(_WORKDIR.value)}")


def _prepare(config: config_lib.Config) -> None:
    dataset = experiment.prepare(config.data)
    sizes = [f"{len(split.labels)} {part}" for part, split in dataset.splits.items()]
    height, width, channels = dataset.image_shape
    print(
        f"{dataset.name} is ready: {', '.join(sizes)} images of {height}x{width}x"
        f"{channels}, {dataset.num_classes} classes."
    )


def _serve() -> None:
    if _WORKDIR.value is None:
        raise ValueError("mode=serve needs --workdir of a search, or a saved file.")
    from nao.integrations import serve  # FastAPI takes a second to import.

    path = pathlib.Path(_WORKDIR.value).expanduser()
    load = nao.Embedding.load if path.is_file() else nao.Embedding.from_workdir
    serve.run(load(path), _HOST.value, _PORT.value)


def _read_text(path: pathlib.Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} can't be read: {error}.") from None


def _is_file(path: pathlib.Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # A long architecture is no file name.
        return False


def _run() -> None:
    if _MODE.value == "report":
        return _report()
    if _MODE.value == "serve":
        return _serve()
    config = None
    goes_on = _MODE.value in ("train", "export") and _WORKDIR.value
    if goes_on and not flags.FLAGS["config"].present:
        config = experiment.read_config(pathlib.Path(_WORKDIR.value).expanduser())
    config = config_lib.override(config or _load_config(_CONFIG.value), _overrides())
    found = {
        "table.path": _find(config.table.path),
        "data.path": _find(config.data.path),
        "data.archive": _find(config.data.archive),
    }
    config = config_lib.override(config, found)
    if _HOSTS.value is not None:
        if _MODE.value != "train" or _WORKDIR.value is None:
            raise ValueError("hosts needs --mode=train and a --workdir that all share.")
        runtime.join_hosts(_HOSTS.value)
    elif config.evaluator == "training":
        runtime.use_cpu_devices(config.num_devices)
    modes = {
        "search": _search,
        "train": _train,
        "export": _export,
        "benchmark": _benchmark,
        "prepare": _prepare,
    }
    modes[_MODE.value](config)


def _terminate(*_) -> None:
    raise KeyboardInterrupt


def main(argv: list[str]) -> None:
    """Runs the mode; a user's mistake is one line on standard error."""
    if len(argv) > 1:
        _fail(f"Unexpected arguments: {' '.join(argv[1:])}.")
    signal.signal(signal.SIGTERM, _terminate)
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.WARNING)  # Orbax reports every step it takes.
    runtime.use_compile_cache()
    try:
        _run()
    except (ValueError, OSError) as error:
        if flags.FLAGS.verbosity > 0:
            raise
        _fail(str(error))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)


def _fail(message: str) -> None:
    print(f"launch.py: {message.splitlines()[0]}", file=sys.stderr)
    sys.exit(2)


def _parse(argv: list[str]) -> list[str]:
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _fail(str(error))


if __name__ == "__main__":
    app.run(main, flags_parser=_parse)
