"""The generated files: what a signature says reaches every face, and drift is noticed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest

from lucidseq.contract import files, galaxy, nextflow, parameters, reference_pages
from lucidseq.contract.model import CommandContract, read_command, read_schemas
from lucidseq.core.app import Tool
from lucidseq.core.declarations import Column, Table
from lucidseq.core.options import Kind, Option, Options, Seed, Shard, Threads
from lucidseq.core.roles import Format, In, OutFile


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class PaintItOptions(Options):
    """Paint it.

    More about it.
    """

    tables: Annotated[list[Path], Option("Tables."), In(Format.TSV)]
    genome: Annotated[Path | None, Option("Genome."), In(Format.FASTA)] = None
    colour: Annotated[Colour, Option("Colour.")] = Colour.BLUE
    share: Annotated[float, Option("Share.", min=0, max=1)] = 0.5
    dry: Annotated[bool, Option("Dry.")] = True
    names: Annotated[list[str] | None, Option("Names.")] = None
    trait: Annotated[str | None, Option("Trait.")] = None
    shard: Shard = None
    seed: Seed = 1
    threads: Threads = 1


@pytest.fixture
def command() -> CommandContract:
    tool = Tool("finemap", "A toy under a real tool's name.", image="core")

    tool.command(
        "paint-it",
        PaintItOptions,
        run="x:y",
        outputs={"one": OutFile(".one.tsv.gz", Format.TSV, "One."), "logos": OutFile(".logos/", Format.DIRECTORY, "Logos.", optional=True)},
        label="process_low",
        gpu=True,
    )
    return read_command(tool.commands["paint-it"])


def test_signature__is_read_whole(command: CommandContract) -> None:
    kinds = {option.name: (option.kind, option.many, option.required, option.default) for option in command.options if not option.common}
    assert kinds == {
        "tables": (Kind.PATH, True, True, None),
        "genome": (Kind.PATH, False, False, None),
        "colour": (Kind.CHOICE, False, False, "blue"),
        "share": (Kind.NUMBER, False, False, 0.5),
        "dry": (Kind.FLAG, False, False, True),
        "names": (Kind.TEXT, True, False, None),
        "trait": (Kind.TEXT, False, False, None),
        "shard": (Kind.TEXT, False, False, None),
        "seed": (Kind.INTEGER, False, False, 1),
        "threads": (Kind.INTEGER, False, False, 1),
    }
    assert (command.summary, command.description) == ("Paint it.", "More about it.")
    share, colour = command.option("share"), command.option("colour")
    assert share is not None and (share.minimum, share.maximum) == (0, 1)
    assert colour is not None and colour.choices == ("red", "blue")


def test_process__has_inputs_outputs_stub_and_versions(command: CommandContract) -> None:
    text = nextflow.render_process(command)
    for wanted in (
        "process FINEMAP_PAINT_IT {",
        "label 'process_gpu'",
        "tuple val(meta), path(tables), path(genome)",
        'tuple val(meta), path("*.one.tsv.gz"), emit: one\n',
        'path("*.logos"), emit: logos, optional: true',
        "topic: versions",
        "def trait_words = meta.trait ? word(\"--trait=${meta.trait}\") : ''",
        '${word("--out=${prefix}")}',
        "--threads ${task.cpus}",
        "echo stub | gzip -n > ./${word(prefix)}.one.tsv.gz",
        "mkdir -p ./${word(prefix)}.logos",
    ):
        assert wanted in text, wanted


def test_arguments__mirror_options_but_not_files_or_meta(command: CommandContract) -> None:
    text = nextflow.render_arguments([command])
    assert 'params.finemap_paint_it_colour == null ? [] : "--colour=${params.finemap_paint_it_colour}"' in text
    assert "params.finemap_paint_it_dry ? '--dry' : '--no-dry'" in text
    assert "params.finemap_paint_it_names" in text and "tokenize(',')" in text
    assert "params.seed" in text
    for absent in ("--tables", "--trait", "--shard", "--threads", "--out"):
        assert absent not in text


def test_schema__has_kinds_bounds_choices_and_defaults(command: CommandContract) -> None:
    properties = json.loads(parameters.render_schema([command]))["$defs"]["finemap_paint_it"]["properties"]
    assert properties["finemap_paint_it_share"] == {"type": "number", "description": "Share.", "minimum": 0, "maximum": 1, "default": 0.5}
    assert properties["finemap_paint_it_colour"]["enum"] == ["red", "blue"]
    assert properties["finemap_paint_it_names"]["type"] == ["string", "null"]
    assert "    finemap_paint_it_dry = true" in parameters.render_defaults([command])


def test_params__carry_types_bounds_and_choices(command: CommandContract) -> None:
    share, colour, trait = (command.option(name) for name in ("share", "colour", "trait"))
    assert share and colour and trait
    assert ElementTree.fromstring(galaxy.param(share)).attrib == {
        "argument": "--share",
        "type": "float",
        "value": "0.5",
        "min": "0",
        "max": "1",
        "label": "Share",
        "help": "Share.",
    }
    rows = {row.get("value"): row.get("selected") for row in ElementTree.fromstring(galaxy.param(colour))}
    assert rows == {"red": None, "blue": "true"}
    assert ElementTree.fromstring(galaxy.param(trait)).get("optional") == "true"


def test_macros__have_what_all_forms_share(command: CommandContract) -> None:
    macros = {macro.get("name"): macro for macro in ElementTree.fromstring(galaxy.render_macros([command])).iter("xml")}
    assert {"stdio", "reference_genome", "seed", "requirements_core_gpu", "provenance_finemap_paint_it"} <= set(macros)
    seed = macros["seed"].find("param")
    assert seed is not None and (seed.get("argument"), seed.get("value")) == ("--seed", "1")


def test_reference__lists_every_option_and_output(command: CommandContract) -> None:
    text = reference_pages.render_tool("finemap", [command])
    assert "| `--share` | number (0 to 1) | 0.5 | Share. |" in text
    assert "| `<out>.one.tsv.gz` | tsv | One. |" in text


def test_generated_files__are_those_of_the_signatures() -> None:
    assert files.differences() == []


def test_drift__is_noticed(tmp_path: Path) -> None:
    files.write(tmp_path)
    assert files.differences(tmp_path) == []
    process = next(tmp_path.glob("modules/finemap/*/main.nf"))
    process.write_text(process.read_text().replace("--out", "--output"))
    stray = tmp_path / "modules" / "old" / "gone" / "main.nf"
    stray.parent.mkdir(parents=True)
    stray.touch()
    lines = files.differences(tmp_path)
    assert any("--output" in line for line in lines)
    assert "modules/old/gone/main.nf belongs to no command" in lines
    files.write(tmp_path)
    assert files.differences(tmp_path) == []


def test_schemas__declared_beside_a_command_join_the_dictionary_and_names_are_unique(command: CommandContract) -> None:
    own, same = Table("toy.rows", (Column("a", "int", "A."),)), Table("toy.rows", (Column("b", "int", "B."),))

    def writing(schema: Table) -> CommandContract:
        return replace(command, outputs={"one": OutFile(".one.tsv", Format.TSV, "One.", schema=schema)})

    assert read_schemas([writing(own), writing(own)])["toy.rows"] == own
    assert "| a | int | A. |" in reference_pages.render_files(read_schemas([writing(own)]))
    with pytest.raises(ValueError, match="two schemas are named"):
        read_schemas([writing(own), writing(same)])
