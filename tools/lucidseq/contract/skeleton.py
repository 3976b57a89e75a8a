"""A draft of a Galaxy form, to be completed by hand: `python -m lucidseq.contract --form <tool>_<command>`."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from lucidseq.contract.forms import HIDDEN, HIDDEN_NAMES, HIDDEN_OUTPUTS
from lucidseq.contract.galaxy import DATATYPES, param, requirements_name
from lucidseq.contract.model import CommandContract
from lucidseq.contract.nextflow import SHARED_OPTIONS
from lucidseq.core.options import Field, Kind
from lucidseq.core.roles import Format, OutFile

INDENT = "    "


def render_form(command: CommandContract) -> str:
    """Return the draft: every option as a param, every output, two tests and a help text to complete."""
    shown = [option for option in command.options if option.name not in HIDDEN]
    lines = [
        f'<tool id="lucidseq_{command.name}" name={quoteattr(command.name)} version="@TOOL_VERSION@+galaxy@VERSION_SUFFIX@" profile="@PROFILE@">',
        f"    <description>{command.summary.rstrip('.')}</description>",
        "    <macros>",
        "        <import>macros.xml</import>",
        "    </macros>",
    ]
    macros = [f"edam_{command.tool}", requirements_name(command.image, gpu=command.gpu), "stdio"]
    macros.append(f"version_command_{command.tool}")
    lines += [f'    <expand macro="{macro}"/>' for macro in macros]
    lines += ["    <command><![CDATA[", *_command(command, shown), "    ]]></command>", "    <inputs>"]
    for option in shown:
        lines += [2 * INDENT + line for line in _input(option).split("\n")]
    lines += ["    </inputs>", "    <outputs>"]
    for name, file in command.outputs.items():
        if name not in (*HIDDEN_NAMES, "card", "manifest") and file.format not in HIDDEN_OUTPUTS:
            lines += [2 * INDENT + line for line in _output(name, file)]
    lines += [f'        <expand macro="provenance_{command.name}"/>', "    </outputs>", "    <tests>"]
    lines += ['        <test expect_num_outputs="">', "        </test>"]
    lines += ['        <test expect_failure="true" expect_exit_code="3">', "            <assert_stderr>"]
    lines += [f'                <has_text text="{part}: "/>' for part in ("received", "expected", "fix")]
    lines += ["            </assert_stderr>", "        </test>", "    </tests>", "    <help><![CDATA["]
    lines += [command.summary, "", command.description, "", "**Example**", ""]
    return "\n".join([*lines, "    ]]></help>", '    <expand macro="citations">', "    </expand>", "</tool>", ""])


def _command(command: CommandContract, shown: list[Field]) -> list[str]:
    lines = ["@QUOTE@"] if any(option.kind is Kind.TEXT for option in shown) else []
    lines += ["@STAGE@"] if command.inputs else []
    files = [option for option in shown if option.kind is Kind.PATH]
    for option in files:
        lines += _staged(option)
    lines += [f"lucidseq-{command.tool} {command.command}"]
    for option in shown:
        lines += _words(option)
    lines += ['    --threads "\\${GALAXY_SLOTS:-1}"'] if command.option("threads") else []
    lines += ["    --out out"]
    packed = [f"out{file.suffix}" for file in command.outputs.values() if file.suffix.endswith(".tsv.gz")]
    return lines + [f"&& gzip -d {name}" for name in packed]


def _staged(option: Field) -> list[str]:
    if option.name == "fasta":
        return ["$stage_genome($genome)"]
    if option.many:
        return [f"#for $index, $file in enumerate(${option.name})", f"$stage('{option.name}_%d' % $index, $file)", "#end for"]
    if option.required:
        return [f"$stage('{option.name}', ${option.name})"]
    return [f"#if ${option.name}", f"$stage('{option.name}', ${option.name})", "#end if"]


def _words(option: Field) -> list[str]:
    if option.kind is Kind.FLAG:
        return [f"    ${option.name}"]
    if option.kind is Kind.PATH and option.many:
        return [
            f"    #for $index, $file in enumerate(${option.name})",
            f"        {option.flag} inputs/{option.name}_$index/*",
            "    #end for",
        ]
    words = {Kind.PATH: f"inputs/{option.name}/*", Kind.TEXT: f"$quote(str(${option.name}))"}
    value = words.get(option.kind, f"'${option.name}'")
    if option.name == "fasta":
        return [f"    {option.flag} $genome_path($genome)"]
    if option.required or (option.default is not None and option.kind is not Kind.TEXT):
        return [f"    {option.flag} {value}"]
    test = f"${option.name}" if option.kind is Kind.PATH else f"str(${option.name})"
    return [f"    #if {test}", f"        {option.flag} {value}", "    #end if"]


def _input(option: Field) -> str:
    if option.name in (*SHARED_OPTIONS, "strict"):
        return f'<expand macro="{option.name}"/>'
    if option.kind is not Kind.PATH:
        return param(option)
    if option.name == "fasta":
        return '<expand macro="reference_genome"/>'
    formats = ",".join(DATATYPES[item] for item in (option.role.formats if option.role else ()))
    words = f'argument="{option.flag}" type="data" format="{formats}"'
    words += ' multiple="true"' if option.many else ""
    words += "" if option.required else ' optional="true"'
    return f"<param {words} label={quoteattr(option.name.replace('_', ' ').capitalize())} help={quoteattr(option.help)}/>"


def _output(name: str, file: OutFile) -> list[str]:
    label = f'label="${{tool.name}} on ${{on_string}}: {name.replace("_", " ")}"'
    path = f"out{file.suffix.rstrip('/')}"
    if file.format is Format.DIRECTORY:
        return [
            f'<collection name="{name}" type="list" {label}>',
            f'    <discover_datasets pattern="(?P&lt;designation&gt;.+)\\.png" format="png" directory="{path}"/>',
            "</collection>",
        ]
    datatype = DATATYPES[file.format].split(",")[1 if file.suffix.endswith(".vcf.gz") else 0]
    path = path.removesuffix(".gz") if datatype == "tabular" else path
    return [f'<data name="{name}" format="{datatype}" from_work_dir="{path}" {label}/>']
