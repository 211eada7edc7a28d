"""Fuzz the parsers: `make fuzz`, `make fuzz ARGS="--seconds 600 --target kql"`.

Each target gets the same share of the time. Where atheris is installed, coverage guides the inputs; else they
are random changes to the corpus. An input that breaks a parser is kept in fuzz-findings/; `--input` runs it
again. Ends with one line: the verdict. Exit code 1 if anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import logging
import random
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .mutate import INPUT_BYTES_MAX, mutated
from .target import Target
from .targets import TARGETS

SLOW_S = 1.0  # of a processor; an input that takes longer is a finding too: it stalls every call of a process
FINDINGS = Path("fuzz-findings")


class Result(NamedTuple):
    """Inputs run, and those that broke the parser with what happened."""

    runs: int
    findings: list[tuple[bytes, str]]


def try_input(target: Target, data: bytes) -> str:
    """What is wrong with the target's answer to an input; empty if nothing is."""
    began = time.process_time()
    try:
        target.run(data)
    except Exception:  # noqa: BLE001 - whatever a parser raises is the finding
        return traceback.format_exc(limit=-4)
    spent_s = time.process_time() - began
    return f"took {spent_s:.1f} s" if spent_s > SLOW_S else ""


def fuzz(target: Target, seconds: float, seed: int, findings_max: int = 5) -> Result:
    """Run the corpus, then changed inputs, until the time is over or there are enough findings."""
    findings: list[tuple[bytes, str]] = []
    runs = 0
    for data in _inputs(target, seconds, seed):
        runs += 1
        if problem := try_input(target, data):
            findings.append((data, problem))
        if len(findings) == findings_max:
            break
    return Result(runs, findings)


def _inputs(target: Target, seconds: float, seed: int) -> Iterator[bytes]:
    yield from target.corpus
    chance = random.Random(seed)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield mutated(target.corpus, chance)


def guided(target: Target, seconds: float) -> Result:
    """The same, guided by coverage, in a process of its own: libFuzzer ends the process it runs in."""
    corpus = FINDINGS / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for data in target.corpus:
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    prefix = FINDINGS / f"{target.name}-"
    command = [sys.executable, "-m", "tests.fuzz.guided", target.name, str(corpus)]
    options = [
        f"-max_total_time={max(1, int(seconds))}",
        f"-artifact_prefix={prefix}",
        f"-max_len={INPUT_BYTES_MAX}",
    ]
    done = subprocess.run([*command, *options, "-timeout=5"], capture_output=True, text=True, check=False)
    runs = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("Done ")]
    problem = done.stdout[-2000:] + done.stderr[-4000:] if done.returncode else ""
    return Result(int(runs[-1]) if runs else 0, [(b"", problem)] if problem else [])


def keep(target: Target, result: Result) -> None:
    """Write findings down and say where."""
    for data, problem in result.findings:
        print(problem)
        if data:
            FINDINGS.mkdir(exist_ok=True)
            path = FINDINGS / f"{target.name}-{hashlib.sha256(data).hexdigest()[:16]}"
            path.write_bytes(data)
            print(f"again: make fuzz ARGS='--target {target.name} --input {path}'")


def main() -> int:
    """Parse the command line, fuzz, print the verdict."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--target", choices=[*TARGETS], help="only this one")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--engine", choices=["auto", "random", "atheris"], default="auto")
    parser.add_argument("--input", type=Path, help="run one input, and show what happens")
    options = parser.parse_args()
    logging.disable()  # parsers say what is wrong with their input, here without end
    targets = [TARGETS[options.target]] if options.target else [*TARGETS.values()]
    if options.input:
        problems = [try_input(target, options.input.read_bytes()) for target in targets]
        print("\n".join(problem or "nothing wrong" for problem in problems))
        return int(any(problems))
    with_atheris = options.engine == "atheris" or (
        options.engine == "auto" and importlib.util.find_spec("atheris") is not None
    )
    results: dict[str, Result] = {}
    for target in targets:
        share_s = options.seconds / len(targets)
        results[target.name] = (
            guided(target, share_s) if with_atheris else fuzz(target, share_s, options.seed)
        )
        keep(target, results[target.name])
    found = sum(len(result.findings) for result in results.values())
    runs = ", ".join(f"{name} {result.runs:,}" for name, result in results.items())
    engine = "atheris" if with_atheris else f"random, seed {options.seed}"
    print(f"fuzz: {'FAILED' if found else 'passed'}: {found} findings in {runs} runs ({engine})")
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
