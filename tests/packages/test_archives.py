"""What the source distribution and the wheel hold."""

import shutil
import subprocess
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packages.environments import Archives

import autograd_core

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autograd_core", "jupyter_ext")
RELEASE = f"autograd_core-{autograd_core.__version__}"


@pytest.fixture(scope="module")
def source(archives: Archives) -> set[str]:
    """The files of the source distribution."""
    with tarfile.open(archives.sdist) as archive:
        files = {member.name for member in archive if member.isfile()}
    assert all(name.startswith(f"{RELEASE}/") for name in files)
    return {name.removeprefix(f"{RELEASE}/") for name in files}


@pytest.fixture(scope="module")
def names(archives: Archives) -> set[str]:
    """The files of the wheel."""
    with zipfile.ZipFile(archives.wheel) as archive:
        return set(archive.namelist())


def test_names_and_metadata_have_the_one_version(archives: Archives) -> None:
    assert archives.sdist.name == f"{RELEASE}.tar.gz"
    assert archives.wheel.name == f"{RELEASE}-py3-none-any.whl"  # for every machine
    with tarfile.open(archives.sdist) as archive, zipfile.ZipFile(archives.wheel) as wheel:
        texts = [
            archive.extractfile(f"{RELEASE}/PKG-INFO").read(),
            wheel.read(f"{RELEASE}.dist-info/METADATA"),
        ]
    for text in texts:
        metadata = Parser().parsestr(text.decode())
        assert metadata["Version"] == autograd_core.__version__
        assert metadata["License-Expression"] == "BSD-3-Clause"


def test_the_source_holds_what_git_holds(source: set[str]) -> None:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout of git's")
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    files = {name for name in done.stdout.splitlines() if (ROOT / name).is_file()}
    made = {name for name in source if name.startswith("autograd_core.egg-info/")}
    assert source - made - {"PKG-INFO", "setup.cfg"} == files, "see MANIFEST.in"


def test_both_hold_the_license(source: set[str], names: set[str]) -> None:
    assert "LICENSE" in source
    assert f"{RELEASE}.dist-info/licenses/LICENSE" in names


def test_the_wheel_holds_every_file_of_the_packages(names: set[str]) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", "labextension"}.intersection(path.parts)
    }
    assert {"autograd_core/py.typed", "jupyter_ext/static/inline.js"} <= files
    assert {name for name in names if name.startswith(tuple(f"{p}/" for p in PACKAGES))} == files


def test_the_wheel_puts_the_panel_where_jupyterlab_looks(names: set[str]) -> None:
    built = ROOT / "jupyter_ext" / "labextension"
    files = {path.relative_to(built).as_posix() for path in built.rglob("*") if path.is_file()}
    share = f"{RELEASE}.data/data/share/jupyter/labextensions/autograd-core/"
    found = {name.removeprefix(share) for name in names if name.startswith(share)}
    assert found == files - {"source_hash.txt"}
    assert {"package.json", "install.json"} <= found


def test_the_wheel_holds_nothing_else(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*PACKAGES, f"{RELEASE}.dist-info", f"{RELEASE}.data"}
