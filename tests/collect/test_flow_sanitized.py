"""The compiled half under the address and undefined-behaviour sanitizers: no stray read, no leak."""

import os
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from test_flow_fuzz import FOLDER, SEEDS

NATIVE = Path(__file__).parents[2] / "src" / "kitei" / "collect" / "native"
DATAGRAMS = os.environ.get("KITEI_FUZZ", "150000")


@pytest.mark.skipif(which("gcc") is None, reason="gcc is not installed")
def test_no_datagram_makes_the_meter_stray(tmp_path: Path) -> None:
    program = tmp_path / "fuzz"
    made = subprocess.run(
        ["gcc", "-std=gnu11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-I", str(NATIVE), "-o", str(program), str(Path(__file__).with_name("fuzz_meter.c")), "-lm"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "cannot find" in made.stderr and "san" in made.stderr:
        pytest.skip("the sanitizers' libraries are not installed")
    assert made.returncode == 0, made.stderr
    files = sorted(FOLDER.glob("*.dat")) if FOLDER.exists() else []
    for n, seed in enumerate(SEEDS):
        files.append(tmp_path / f"{n}.dat")
        files[-1].write_bytes(seed)
    ran = subprocess.run([program, DATAGRAMS, *files], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = re.fullmatch(r"(\d+) datagrams, (\d+) records, \d+ sessions\n", ran.stdout)
    assert said and said[1] == DATAGRAMS
    assert int(said[2]) > int(DATAGRAMS) // 10  # most seeds were still read
