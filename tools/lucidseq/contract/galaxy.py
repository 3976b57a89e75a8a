"""Galaxy face: the suite's macros.xml, shared by the forms, which are written by hand (`forms.py` checks them)."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import lucidseq
from lucidseq.contract.model import CommandContract
from lucidseq.contract.nextflow import HEADER, SHARED_OPTIONS
from lucidseq.core.options import Field, Kind
from lucidseq.core.roles import Format

PROFILE = "25.1"
DATATYPES = {
    Format.BED: "bed",
    Format.BGEN: "data",
    Format.BIGWIG: "bigwig",
    Format.CHAIN: "chain",
    Format.CSV: "csv",
    Format.DIRECTORY: "data",
    Format.FAI: "tabular",
    Format.FASTA: "fasta,fasta.gz",
    Format.GMT: "tabular,txt",
    Format.GTF: "gtf,gtf.gz",
    Format.HDF5: "h5",
    Format.HTML: "html",
    Format.JSON: "json",
    Format.KERAS: "zip",
    Format.NPZ: "npz",
    Format.JASPAR: "txt",
    Format.PARQUET: "parquet",
    Format.PGEN: "data",
    Format.PLINK: "pbed",
    Format.PNG: "png",
    Format.TREES: "data",
    Format.TSV: "tabular,tabular.gz",
    Format.VCF: "vcf,vcf_bgzip,bcf",
    Format.TABIX: "tabix",
}
# EDAM terms by tool: topics, operations
EDAM = {
    "simulate": (["topic_3056", "topic_0654"], ["operation_2426"]),
    "encode": (["topic_3517", "topic_3071"], ["operation_2409"]),
    "train": (["topic_3474", "topic_0749"], ["operation_2423"]),
    "attribute": (["topic_3474", "topic_0749"], ["operation_2238"]),
    "effects": (["topic_3474", "topic_3063"], ["operation_0331"]),
    "prior": (["topic_3517", "topic_3474"], ["operation_3196"]),
    "finemap": (["topic_3517", "topic_3056"], ["operation_3196"]),
    "enrich": (["topic_3517", "topic_0602"], ["operation_3501"]),
    "report": (["topic_3517", "topic_0092"], ["operation_0337"]),
}
LABELS = {"seed": "Random seed", "strict": "Stop when the verdict of the trust card is refuse", "build": "Genome build"}
# Galaxy shows the sentence above the tool's own message; 137 lets a server try again with more memory
EXIT_CODES = (
    ("1", "fatal", "Bug in lucidseq: please report it with the message below"),
    ("2", "fatal", "Options that do not go together: the message below names the option to change"),
    ("3", "fatal", "Data that cannot be used: the message below names the file and the place"),
    ("4", "fatal", "Something is not installed: the message below is for the server's administrators"),
    ("5", "fatal", "The verdict of the trust card is refuse, and strict mode is on"),
    ("6:136", "fatal", "The job failed"),
    ("137", "fatal_oom", "Out of memory"),
    ("138:", "fatal", "The job was stopped"),
)
# A text that a user types reaches the command as it is: Galaxy would replace characters of honest names (crohn's, Größe), so its sanitizer is off and
# the command quotes the text for the shell; `forms.py` checks that no form uses such a text without
QUOTE = "#from shlex import quote"
SANITIZER = '<sanitizer sanitize="false"/>'
# Cheetah: each input has its own name in its own folder, so that messages name the user's file
STAGE = """
#import re
#def stage($folder, $dataset)
#set $name = re.sub(r'[^A-Za-z0-9_.+-]', '_', str($dataset.element_identifier)).strip('.-')[-100:] or 'input'
mkdir -p 'inputs/$folder' && ln -s '$dataset' 'inputs/$folder/$name' &&
#end def
#def stage_genotypes($folder, $dataset)
#if $dataset.is_of_type('pbed')
mkdir -p 'inputs/$folder' &&
#for $suffix in ('bed', 'bim', 'fam')
ln -s '$dataset.extra_files_path/${dataset.metadata.base_name}.$suffix' 'inputs/$folder/genotypes.$suffix' &&
#end for
#else
$stage($folder, $dataset)
#end if
#end def
#def stage_genome($genome)
#if str($genome.source) == 'history'
$stage('fasta', $genome.fasta)
#else
#set $path = $genome.fasta.fields.path
mkdir -p inputs/fasta && ln -s '$path' inputs/fasta/genome.fa && { [ ! -e '${path}.fai' ] || ln -s '${path}.fai' inputs/fasta/genome.fa.fai; } &&
#end if
#end def
#def genome_path($genome)
#if str($genome.source) == 'history'
inputs/fasta/*
#else
inputs/fasta/genome.fa
#end if
#end def
""".strip()


def render_macros(contract: list[CommandContract]) -> str:
    """Return macros.xml: tokens, requirements by image, exit codes, EDAM terms, citations, and shared options."""
    commands = [command for command in contract if command.tool != "check"]
    lines = [f"<!-- {HEADER} -->", "<macros>"]
    lines += [_token("TOOL_VERSION", lucidseq.__version__), _token("VERSION_SUFFIX", "0"), _token("PROFILE", PROFILE)]
    lines += [_token("QUOTE", QUOTE), *_macro("text", [SANITIZER])]
    lines += [f'    <token name="@STAGE@"><![CDATA[\n{STAGE}\n    ]]></token>']
    lines += _requirements(commands) + _macro("stdio", _exit_codes())
    for tool in {command.tool: None for command in commands}:
        topics, operations = EDAM[tool]
        terms = [("edam_topics", "edam_topic", topics), ("edam_operations", "edam_operation", operations)]
        lines += _macro(f"edam_{tool}", [line for term in terms for line in _edam(*term)])
        lines += _macro(f"version_command_{tool}", [f"<version_command>lucidseq-{tool} --version</version_command>"])
    lines += _macro("reference_genome", _reference_genome())
    for option in _shared(commands):
        lines += _macro(option.name, [param(option)])
    for command in commands:
        lines += _macro(f"provenance_{command.name}", _provenance(command))
    lines += _macro("citations", _citations())
    return "\n".join([*lines, "</macros>", ""])


def param(option: Field) -> str:
    """Return an option that is not a file as a form's param."""
    words = [f"argument={quoteattr(option.flag)}"]
    words += [f"{name}={quoteattr(value)}" for name, value in attributes(option).items()]
    label = LABELS.get(option.name, option.name.replace("_", " ").capitalize())
    words += [f"label={quoteattr(label)}", f"help={quoteattr(option.help)}"]
    rows = "".join(f'\n    <option value="{choice}"{_selected(option, choice)}>{escape(choice)}</option>' for choice in option.choices)
    content = f"{rows}\n" if rows else '<expand macro="text"/>' if option.kind is Kind.TEXT else ""
    return f"<param {' '.join(words)}>{content}</param>" if content else f"<param {' '.join(words)}/>"


def _selected(option: Field, choice: str) -> str:
    return ' selected="true"' if choice == option.default else ""


def _token(name: str, value: str) -> str:
    return f'    <token name="@{name}@">{value}</token>'


def _macro(name: str, body: list[str]) -> list[str]:
    inner = [line for text in body for line in text.split("\n")]
    return [f'    <xml name="{name}">', *("        " + line for line in inner), "    </xml>"]


def _requirements(commands: list[CommandContract]) -> list[str]:
    """One macro for each image, and one for commands that can use a GPU but do not need it."""
    lines: list[str] = []
    for image, gpu in sorted({(command.image, command.gpu) for command in commands}):
        body = ["<requirements>", f'    <container type="docker">lucidseq/{image}:@TOOL_VERSION@</container>']
        if gpu:
            body += ['    <resource type="cuda_device_count_min">0</resource>']
            body += ['    <resource type="cuda_device_count_max">1</resource>']
        lines += _macro(requirements_name(image, gpu=gpu), [*body, "</requirements>"])
    return lines


def requirements_name(image: str, *, gpu: bool) -> str:
    """Return the name of the macro with a command's requirements."""
    return f"requirements_{image}_gpu" if gpu else f"requirements_{image}"


def _exit_codes() -> list[str]:
    rows = [f'    <exit_code range="{codes}" level="{level}" description="{text}"/>' for codes, level, text in EXIT_CODES]
    return ["<stdio>", *rows, "</stdio>"]


def _edam(group: str, item: str, terms: list[str]) -> list[str]:
    return [f"<{group}>", *(f"    <{item}>{term}</{item}>" for term in terms), f"</{group}>"]


def _reference_genome() -> list[str]:
    """A FASTA from the history, or a genome that the server keeps."""
    return [
        '<conditional name="genome">',
        '    <param name="source" type="select" label="Reference genome">',
        '        <option value="history" selected="true">FASTA in the history</option>',
        '        <option value="server">Genome kept by this server</option>',
        "    </param>",
        '    <when value="history">',
        '        <param argument="--fasta" type="data" format="fasta,fasta.gz" label="FASTA of the genome" help="Contig names as in the other files."/>',
        "    </when>",
        '    <when value="server">',
        '        <param argument="--fasta" type="select" label="Genome">',
        '            <options from_data_table="all_fasta">',
        '                <validator type="no_options" message="This server keeps no genomes: take a FASTA from the history."/>',
        "            </options>",
        "        </param>",
        "    </when>",
        "</conditional>",
    ]


def _shared(commands: list[CommandContract]) -> list[Field]:
    by_name = {option.name: option for command in commands for option in command.options}
    return [by_name[name] for name in SHARED_OPTIONS if name in by_name]


def _provenance(command: CommandContract) -> list[str]:
    return [
        f'<data name="{name}" format="json" from_work_dir="out{command.outputs[name].suffix}" label="${{tool.name}} on ${{on_string}}: {label}"/>'
        for name, label in (("card", "trust card"), ("manifest", "provenance"))
    ]


def _citations() -> list[str]:
    """The suite's own reference; a form adds those of its methods."""
    return [
        "<citations>",
        '    <citation type="bibtex">@misc{lucidseq,',
        "        author = {{The lucidseq developers}},",
        "        title = {lucidseq: deep learning on genomes whose answers can be read and trusted},",
        f"        note = {{version {lucidseq.__version__}}},",
        "    }</citation>",
        "    <yield/>",
        "</citations>",
    ]


def attributes(option: Field) -> dict[str, str]:
    """Return the attributes that the param of an option must have (options that are not files)."""
    if option.kind is Kind.FLAG:
        off = f"--no-{option.flag[2:]}"
        return {"type": "boolean", "truevalue": option.flag, "falsevalue": off, "checked": str(bool(option.default)).lower()}
    kinds = {Kind.INTEGER: "integer", Kind.NUMBER: "float", Kind.TEXT: "text", Kind.CHOICE: "select"}
    words = {"type": kinds[option.kind]}
    if option.default is not None and option.kind is not Kind.CHOICE:
        words["value"] = f"{option.default}"
    for name, bound in (("min", option.minimum), ("max", option.maximum)):
        if bound is not None:
            words[name] = f"{bound:.12g}"
    if option.default is None and not option.required:
        words["optional"] = "true"
    return words
