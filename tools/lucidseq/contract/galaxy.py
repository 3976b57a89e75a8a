"""Galaxy face: the suite's macros.xml. Forms are written by hand; what they share comes from here."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import lucidseq
from lucidseq.contract.model import CommandContract, Kind, Option
from lucidseq.contract.nextflow import HEADER, RESOURCE_OPTIONS
from lucidseq.core.roles import Format

DATATYPES = {
    Format.BED: "bed", Format.BIGWIG: "bigwig", Format.CSV: "csv", Format.FAI: "fai", Format.FASTA: "fasta", Format.GMT: "gmt",
    Format.GTF: "gtf", Format.HDF5: "h5", Format.HTML: "html", Format.JSON: "json", Format.KERAS: "zip", Format.NPZ: "npz",
    Format.PLINK: "pbed", Format.TSV: "tabular", Format.VCF: "vcf,vcf_bgzip", Format.TABIX: "tabix",
}  # fmt: skip


def render_macros(contract: list[CommandContract]) -> str:
    """Return macros.xml: version tokens, requirements by image, citations, and every option as a param."""
    lines = [f"<!-- {HEADER} -->", "<macros>", f'    <token name="@TOOL_VERSION@">{lucidseq.__version__}</token>']
    lines += ['    <token name="@VERSION_SUFFIX@">0</token>', '    <token name="@PROFILE@">24.0</token>']
    for image in sorted({command.image for command in contract}):
        lines += [f'    <xml name="requirements_{image}">', "        <requirements>"]
        lines += [f'            <container type="docker">lucidseq/{image}:@TOOL_VERSION@</container>']
        lines += ["        </requirements>", "    </xml>"]
    lines += ['    <xml name="version_command">']
    for tool in sorted({command.tool for command in contract}):
        lines[-1:] = [lines[-1].replace('"version_command"', f'"version_command_{tool}"')]
        lines += [
            f"        <version_command>lucidseq-{tool} --version</version_command>",
            "    </xml>",
            '    <xml name="version_command">',
        ]
    lines.pop()
    for command in contract:
        if command.tool == "check":
            continue
        lines += [f'    <xml name="inputs_{command.process.lower()}">']
        lines += [
            "        " + _param(option)
            for option in command.options
            if option.name not in RESOURCE_OPTIONS and not option.house
        ]
        lines += ["    </xml>"]
    return "\n".join([*lines, "</macros>", ""])


def _param(option: Option) -> str:
    words = f"argument={quoteattr(option.flag)}"
    optional = "" if option.required else ' optional="true"'
    text = f" help={quoteattr(option.help)}"
    if option.kind is Kind.PATH:
        formats = option.role.formats if option.role else ()
        datatypes = ",".join(dict.fromkeys(DATATYPES[item] for item in formats if item in DATATYPES)) or "data"
        return f'<param {words} type="data" format="{datatypes}"{optional}{_many(option)}{text}/>'
    if option.kind is Kind.FLAG:
        checked = str(bool(option.default)).lower()
        return f'<param {words} type="boolean" truevalue="{option.flag}" falsevalue="--no-{option.flag[2:]}" checked="{checked}"{text}/>'
    if option.kind is Kind.CHOICE:
        rows = "".join(f'<option value="{c}"{_selected(option, c)}>{escape(c)}</option>' for c in option.choices)
        return f'<param {words} type="select"{optional if option.default is None else ""}{_many(option)}{text}>{rows}</param>'
    kind = {Kind.INTEGER: "integer", Kind.NUMBER: "float", Kind.TEXT: "text"}[option.kind]
    bounds = "".join(
        f' {name}="{value:g}"'
        for name, value in (("min", option.minimum), ("max", option.maximum))
        if value is not None and not option.many
    )
    value = "" if option.default is None else f' value="{option.default}"'
    return (
        f'<param {words} type="{"text" if option.many else kind}"{value}{bounds}{optional if not value else ""}{text}/>'
    )


def _many(option: Option) -> str:
    return ' multiple="true"' if option.many else ""


def _selected(option: Option, choice: str) -> str:
    chosen = option.default if isinstance(option.default, list) else [option.default]
    return ' selected="true"' if choice in chosen else ""
