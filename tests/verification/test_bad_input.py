"""Every input of every command, damaged in every way: an error in three parts that names the place, and nothing left behind.

The cases come from the contract, so that a new command or option is held to them without a line here.
"""

from __future__ import annotations

import gzip
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lucidseq.contract.model import read_contract
from support import assert_bad_input, run_cli
from verification.small_chain import Call, Chain, checksums, describe

CALLS = describe()
# Plain text ends anywhere without being damaged: half a table may be a smaller table
TEXT = (".bed", ".tsv", ".csv", ".gtf", ".gmt", ".fa", ".jaspar")


def _cases() -> list[tuple[Call, str]]:
    """Return one call for each input option of each command."""
    first: dict[tuple[str, str, str], Call] = {}
    for call in CALLS:
        for flag in call.inputs():
            first.setdefault((call.tool, call.command, flag), call)
    return [(call, flag) for (_, _, flag), call in first.items()]


CASES = _cases()
every_input = pytest.mark.parametrize(("call", "flag"), CASES, ids=[f"{call.name}{flag}" for call, flag in CASES])


def test_cases__hold_every_input_option_of_the_contract() -> None:
    declared = {(item.tool, item.command, option.flag) for item in read_contract() for option in item.inputs}
    assert {(call.tool, call.command, flag) for call, flag in CASES} == declared


def run_with(chain: Chain, call: Call, changed: dict[str, object], out: Path) -> subprocess.CompletedProcess[str]:
    return run_cli(*call.words(chain.folder, out, changed))


def refuse(chain: Chain, call: Call, flag: str, bad: Path, tmp_path: Path) -> None:
    """Give a bad file to one option; the error must name the file."""
    out = tmp_path / "out"
    result = run_with(chain, call, {flag: bad}, out / "run")
    assert_bad_input(result, bad.name, folder=out, exit_code=2 if result.returncode == 2 else 3)


def damaged(chain: Chain, call: Call, flag: str, tmp_path: Path, content: bytes) -> Path:
    """Write a file with other content, under the name of the valid one."""
    bad = tmp_path / f"bad_{call.inputs()[flag].name}"
    bad.write_bytes(content)
    return bad


@every_input
def test_empty_file(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    refuse(chain, call, flag, damaged(chain, call, flag, tmp_path, b""), tmp_path)


@every_input
def test_random_bytes(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    content = random.Random(call.name + flag).randbytes(1024)
    refuse(chain, call, flag, damaged(chain, call, flag, tmp_path, content), tmp_path)


@every_input
def test_half_of_the_file(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    whole = (chain.folder / call.inputs()[flag]).read_bytes()
    bad = damaged(chain, call, flag, tmp_path, whole[: len(whole) // 2])
    if bad.suffix in TEXT:
        out = tmp_path / "out"
        result = run_with(chain, call, {flag: bad}, out / "run")
        if result.returncode != 0:
            assert_bad_input(result, folder=out)
    else:
        refuse(chain, call, flag, bad, tmp_path)


@every_input
def test_path_that_does_not_exist(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    refuse(chain, call, flag, tmp_path / f"absent_{call.inputs()[flag].name}", tmp_path)


@every_input
def test_folder(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    folder = tmp_path / f"folder_{call.inputs()[flag].name}"
    folder.mkdir()
    refuse(chain, call, flag, folder, tmp_path)


def _text_cases() -> list[tuple[Call, str]]:
    return [(call, flag) for call, flag in CASES if not call.inputs()[flag].name.endswith((".h5", ".keras", ".bw"))]


def _schema_cases() -> list[tuple[Call, str]]:
    return [(call, flag) for call, flag in CASES if call.inputs()[flag].suffix == ".h5"]


def _named(cases: list[tuple[Call, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("call", "flag"), cases, ids=[f"{call.name}{flag}" for call, flag in cases])


@_named(_text_cases())
def test_random_words(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    draw = random.Random(flag + call.name)
    rows = ("\t".join(f"{draw.choice('abcxyz')}{draw.randrange(1000)}" for _ in range(6)) for _ in range(40))
    refuse(chain, call, flag, damaged(chain, call, flag, tmp_path, "\n".join(rows).encode()), tmp_path)


@_named(_schema_cases())
def test_store_of_another_schema(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    right = call.inputs()[flag]
    other = Path("codes/codes.truth.h5") if right.suffixes != [".truth", ".h5"] else Path("ld/ld.ld.h5")
    out = tmp_path / "out"
    result = run_with(chain, call, {flag: chain.folder / other}, out / "run")
    assert_bad_input(result, other.name, "lucidseq.", folder=out)


def header(path: Path) -> bytes:
    """Return the leading lines of a text file without its rows."""
    text = path.read_bytes()
    lines = (gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text).splitlines(keepends=True)
    marked = [line for line in lines if line.startswith(b"#")]
    return b"".join(marked or lines[:1])


HEADED = [case for case in _text_cases() if case[0].inputs()[case[1]].name.endswith((".tsv", ".tsv.gz", ".csv", ".vcf.gz"))]
MAY_BE_EMPTY = {("genes", "--pips"), ("pathways", "--correlations"), ("page", "--results")}  # nothing found is a result too


@_named(HEADED)
def test_header_only(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    bad = tmp_path / "header_only.txt"
    bad.write_bytes(header(chain.folder / call.inputs()[flag]))
    out = tmp_path / "out"
    result = run_with(chain, call, {flag: bad}, out / "run")
    if (call.name, flag) in MAY_BE_EMPTY and result.returncode == 0:
        return
    assert_bad_input(result, bad.name, folder=out)


FOUND_OTHERWISE = {  # by position where there is no variant_id; and prior weights need no locus
    ("annotations", "--table"),
    ("finemap_people", "--prior-weights"),
}


@_named(
    [case for case in HEADED if not case[0].inputs()[case[1]].name.endswith(".vcf.gz") and (case[0].name, case[1]) not in FOUND_OTHERWISE]
)
def test_missing_column(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    """The first column of every table is one that it cannot do without (GWAS-SSF: the second)."""
    valid = chain.folder / call.inputs()[flag]
    text = gzip.decompress(valid.read_bytes()) if valid.suffix == ".gz" else valid.read_bytes()
    separator = "," if valid.suffix == ".csv" else "\t"
    rows = [line.split(separator) for line in text.decode().splitlines()]
    bad = tmp_path / f"missing_{valid.name.removesuffix('.gz')}"
    lost = 1 if valid.name == "gwas.tsv" else 0
    bad.write_text("".join(separator.join(row[:lost] + row[lost + 1 :]) + "\n" for row in rows))
    out = tmp_path / "out"
    assert_bad_input(run_with(chain, call, {flag: bad}, out / "run"), bad.name, folder=out)


every_call = pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])


@every_call
def test_output_folder_that_is_a_file(call: Call, chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way\n")
    result = run_with(chain, call, {}, tmp_path / "file" / "run")
    assert_bad_input(result, str(tmp_path / "file"), folder=tmp_path / "none")
    assert (tmp_path / "file").read_text() == "in the way\n"


@pytest.fixture(scope="module")
def full_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 4 kB: a folder fits, results do not."""
    folder = tmp_path_factory.mktemp("full")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no small file system could be mounted: {done.stderr}")
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@every_call
def test_full_disk(call: Call, chain: Chain, full_disk: Path) -> None:
    (full_disk / "filler").write_bytes(b"")
    with suppress(OSError), (full_disk / "filler").open("wb", buffering=0) as filler:
        filler.write(bytes(4096))
    result = run_with(chain, call, {}, full_disk / "run")
    (full_disk / "filler").unlink()
    assert_bad_input(result, "writing failed: No space left", folder=full_disk)


@every_call
def test_spaces_and_letters_beyond_ascii_in_paths(call: Call, chain: Chain, tmp_path: Path) -> None:
    folder = tmp_path / "Ergebnisse für Zoë 結果"
    folder.symlink_to(chain.folder, target_is_directory=True)
    out = tmp_path / "mit Leerzeichen é" / call.name
    result = run_cli(*call.words(folder, out))
    assert result.returncode == 0, result.stderr
    assert checksums(out.parent) == chain.outputs(call.name)


@every_input
def test_damaged_in_the_middle(call: Call, flag: str, chain: Chain, tmp_path: Path) -> None:
    """Bytes overwritten where a header and an end look right: a clean refusal, or the same result where nothing reads them."""
    content = bytearray((chain.folder / call.inputs()[flag]).read_bytes())
    middle, width = len(content) // 2, min(256, max(4, len(content) // 8))
    content[middle : middle + width] = random.Random(flag + call.name).randbytes(width)
    bad, out = tmp_path / "damaged" / call.inputs()[flag].name, tmp_path / "out"  # its name names features
    bad.parent.mkdir()
    bad.write_bytes(bytes(content))
    result = run_with(chain, call, {flag: bad}, out / call.name)
    if result.returncode != 0:
        assert_bad_input(result, bad.name, folder=out)
    else:
        found, expected = checksums(out), chain.outputs(call.name)
        differ = [name for name in expected if found[name] != expected[name] and not name.endswith("manifest.json")]
        assert differ == []
