"""What contributors rely on: the architecture names every folder, references lead somewhere, commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "impsy"
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
FOLDERS = ARCHITECTURE.partition("## Every folder")[2].partition("\nOutside")[0]
SOURCES = sorted(
    path
    for folder in ("src", "tests", "docs", "frontend/src", "bench", "packaging", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".md", ".ts", ".tsx", ".toml"} and "node_modules" not in path.parts
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_architecture_names_every_folder() -> None:
    named = {name for cell in re.findall(r"^\| (`.*?) \|", FOLDERS, re.M) for name in re.findall(r"`(.+?)`", cell)}
    there = {path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("__init__.py")} - {"."}
    files = {path.name for path in PACKAGE.glob("*.py")} - {"__main__.py"}
    assert there | files <= named
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_what_the_architecture_says_to_read_is_there() -> None:
    for folder, files in re.findall(r"^\| `([\w/]+)` \|.*\| (.*?) \|$", FOLDERS, re.M):
        for name in re.findall(r"`(\w+\.py)`", files):
            assert (PACKAGE / folder / name).is_file(), (folder, name)


def test_formats_are_cited_by_headings_that_exist() -> None:
    headings = {each.strip("` ") for each in re.findall(r"^#+ (.*)$", text_of("docs/reference/formats.md"), re.M)}
    cited = [
        (path, heading)
        for path in SOURCES
        if path.suffix == ".py" and path != Path(__file__)
        for heading in re.findall(r"formats\.md, (``[^`]+``|[A-Z][\w' ]*)", path.read_text(encoding="utf-8"))
    ]
    assert cited
    for path, heading in cited:
        assert heading.strip("` ") in headings, (path, heading)


def test_nothing_is_cited_that_readers_do_not_have() -> None:
    for path in SOURCES:
        assert "INTER" + "OP" not in path.read_text(encoding="utf-8"), path


def test_commands_of_the_task_runner_are_there() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "-f", "noxfile.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sessions = set(re.findall(r"^[*-] (\w+) ->", listed, re.M))
    used = set(re.findall(r"nox -s (\w+)", text_of("CONTRIBUTING.md")))
    assert used <= sessions
    assert {"quick", "check", "tests", "fix", "docs", "build"} <= sessions


def test_workflows_and_forms_are_well_formed_and_name_what_is_there() -> None:
    files = sorted((ROOT / ".github").rglob("*.yml"))
    assert len(files) >= 5
    for path in files:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.parent.name == "workflows":
            runs = [step["run"] for job in found["jobs"].values() for step in job["steps"] if "run" in step]
            for folder in re.findall(r"\btests/\w+", " ".join(runs)):
                assert (ROOT / folder).is_dir(), folder
        elif path.name != "config.yml":
            assert {"name", "description", "body"} <= set(found), path


def test_a_release_is_published_only_after_all_checks_and_a_person() -> None:
    jobs = yaml.safe_load(text_of(".github/workflows/release.yml"))["jobs"]
    before, known = {"publish"}, set()
    while before - known:
        known |= before
        wanted = [jobs[name].get("needs", []) for name in known]
        before = {name for needs in wanted for name in ([needs] if isinstance(needs, str) else needs)}
    assert known == set(jobs), "a check that is not waited for"
    assert jobs["publish"]["environment"] == "release"
    assert "tag" in jobs["publish"]["if"]
    may_write = {name for name, job in jobs.items() if "write" in (job.get("permissions") or {}).values()}
    assert may_write == {"attest", "publish"}
    for job in jobs.values():
        for script in re.findall(
            r"(?:packaging|\.ci)/[\w./-]+", " ".join(step.get("run", "") for step in job["steps"])
        ):
            assert (ROOT / script).exists() or script.startswith("packaging/image/"), script


def test_how_to_cite_it_is_valid() -> None:
    found = yaml.safe_load(text_of("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    assert found["license"] == "MIT"
    assert "version" not in found, "it stands in version.py"


def test_ci_runs_the_command_of_the_readme() -> None:
    command = re.search(r"<!-- command: test -->\n```sh\n(.+?)\n```", text_of("README.md"), re.S)
    assert command is not None
    assert "pip install -e '.[dev]'" in command[1]
    assert "-n logical" in command[1]
    assert "tests=$(.ci/readme test)" in text_of(".ci/run")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to be ignored")
@pytest.mark.slow
def test_a_program_that_tests_start_ends_by_sigint_even_where_the_tests_ignore_it(tmp_path: Path) -> None:
    """As with nohup, or from a script in the background: what is ignored is inherited."""
    test = tmp_path / "test_child.py"
    test.write_text(
        "import signal, subprocess, sys\n"
        "def test_child():\n"
        "    code = 'import time; print(1, flush=True); time.sleep(60)'\n"
        "    child = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, stderr=-3)\n"
        "    child.stdout.readline()\n"
        "    child.send_signal(signal.SIGINT)\n"
        "    assert child.wait(30) != 0\n"
        "    child.stdout.close()\n"
    )
    (tmp_path / "conftest.py").write_text(text_of("tests/conftest.py"))
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    )
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(test)]
    subprocess.run([sys.executable, "-c", ignoring, *tests], check=True, cwd=tmp_path, timeout=120)
