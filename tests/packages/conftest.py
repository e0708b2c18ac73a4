"""The archives are built once; the environments are made at the same time, and removed at the end.

Nothing of it runs in the unit tests' stage: it takes a package index, and a minute.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packages.environments import VERSIONS, Archives, Environment, LeftOut, build, make

ROOT = Path(__file__).resolve().parents[2]
_left_out: list[str] = []


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Archives:
    """Both archives, built from this checkout."""
    pytest.importorskip("build", reason="needs build: pip install -e .[test]")
    return build(ROOT, tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="session")
def environments(
    archives: Archives, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Environment | LeftOut]]:
    """For each version an environment, or why there is none."""
    folder = tmp_path_factory.mktemp("environments")

    def make_or_say_why(version: str) -> Environment | LeftOut:
        try:
            return make(version, archives.wheel, folder / version)
        except LeftOut as why:
            return why

    with ThreadPoolExecutor() as together:
        yield dict(zip(VERSIONS, together.map(make_or_say_why, VERSIONS), strict=True))
    shutil.rmtree(folder)  # half a gigabyte each


@pytest.fixture(scope="session", params=VERSIONS)
def installed(
    request: pytest.FixtureRequest, environments: dict[str, Environment | LeftOut]
) -> Environment:
    """An environment of each version in turn."""
    found = environments[request.param]
    if isinstance(found, LeftOut):
        _left_out.append(f"the packages on Python {request.param}; {found}")
        pytest.skip(str(found))
    return found


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """What could not run here is no failure, but nobody should overlook it: it comes last."""
    yield
    for what in dict.fromkeys(_left_out):
        terminalreporter.write_line(f"!!! NOT RUN: {what}", red=True, bold=True)
