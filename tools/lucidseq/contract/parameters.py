"""Pipeline parameters: those of the workflows (declared here) and those that mirror a command's options (read from it).

They become nextflow_schema.json, which `lucidseq check` validates against, and conf/params.config, which holds the defaults.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lucidseq.contract.model import CommandContract
from lucidseq.contract.nextflow import HEADER, SHARED_OPTIONS, parameter_name, parameter_options
from lucidseq.core.options import Field, Kind

WORKFLOWS = ("association", "regulatory", "discovery")
PUBLISH_MODES = ("copy", "link", "symlink", "rellink", "move", "copyNoFollow")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the workflows."""

    name: str
    group: str
    kind: str
    help: str
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    path: bool = False


_INPUT, _RUN, _SCATTER = "Input and output", "How to run", "Scatter"
PARAMETERS = (
    Parameter("workflow", _INPUT, "string", "Workflow to run.", "discovery", choices=WORKFLOWS),
    Parameter("input", _INPUT, "string", "Sample sheet (CSV) of cohorts: cohort,chromosome,genotypes,phenotypes,covariates.", path=True),
    Parameter("outdir", _INPUT, "string", "Folder for the results.", "results"),
    Parameter("fasta", _INPUT, "string", "Reference genome (FASTA, plain or bgzip).", path=True),
    Parameter("gtf", _INPUT, "string", "Genes (GTF).", path=True),
    Parameter("gene_sets", _INPUT, "string", "Gene sets (GMT).", path=True),
    Parameter("loci", _INPUT, "string", "Loci to fine-map (BED with names).", path=True),
    Parameter("regions", _INPUT, "string", "Peaks or other regions to train on (BED).", path=True),
    Parameter("signal", _INPUT, "string", "Signal over the regions (bigWig, comma separated).", path=True),
    Parameter("positive", _INPUT, "string", "Sequences of the positive class (FASTA), instead of regions.", path=True),
    Parameter("negative", _INPUT, "string", "Sequences of the negative class (FASTA).", path=True),
    Parameter("variants", _INPUT, "string", "Variants to score (VCF); the cohorts' genotypes when not given.", path=True),
    Parameter("simulate", _INPUT, "boolean", "Simulate a genome with planted truth and use it as the input.", False),
    Parameter("traits", _INPUT, "string", "Traits to analyse, comma separated; all when not given."),
    Parameter("build", _RUN, "string", "Name of the genome build, carried in every file.", "unknown"),
    Parameter("seed", _RUN, "integer", "Seed of every random choice.", 1, minimum=0),
    Parameter("strict", _RUN, "boolean", "Stop when the verdict of a trust card is refuse.", False),
    Parameter("finemap_data", _RUN, "string", "Data that fine mapping works on.", "summary", choices=("summary", "individual")),
    Parameter("help", _RUN, "boolean", "Print every parameter and exit.", False),
    Parameter("publish_dir_mode", _RUN, "string", "How results are put into outdir.", "copy", choices=PUBLISH_MODES),
    Parameter("container_registry", _RUN, "string", "Registry put before the images' names."),
    Parameter("gpu", _RUN, "boolean", "Run networks on a GPU (set by -profile gpu).", False),
    Parameter("queue", _RUN, "string", "Queue of the cluster or batch service."),
    Parameter("cluster_options", _RUN, "string", "Extra options for the cluster's submit command."),
    Parameter("attribution_shards", _SCATTER, "integer", "Pieces that attribution is cut into.", 2, minimum=1),
    Parameter("effects_shards", _SCATTER, "integer", "Pieces that variant scoring is cut into.", 2, minimum=1),
    Parameter("finemap_shards", _SCATTER, "integer", "Pieces that the loci of a trait are cut into.", 1, minimum=1),
)


def render_schema(contract: list[CommandContract]) -> str:
    """Return nextflow_schema.json (JSON Schema draft 2020-12 in nf-core's layout)."""
    groups: dict[str, dict[str, Any]] = {}
    for parameter in PARAMETERS:
        key = parameter.group.lower().replace(" ", "_")
        group = groups.setdefault(key, {"title": parameter.group, "type": "object", "properties": {}})
        group["properties"][parameter.name] = _own_property(parameter)
    for command in contract:
        options = _mirrored(command)
        if options:
            title = f"{command.tool} {command.command}"
            properties = {parameter_name(command, option): _mirror_property(option) for option in options}
            key = title.replace(" ", "_").replace("-", "_")
            groups[key] = {"title": title, "type": "object", "description": command.summary, "properties": properties}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": HEADER,
        "title": "lucidseq pipeline parameters",
        "type": "object",
        "$defs": groups,
        "allOf": [{"$ref": f"#/$defs/{key}"} for key in groups],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render_defaults(contract: list[CommandContract]) -> str:
    """Return conf/params.config with every default."""
    lines = [f"// {HEADER}", "params {"]
    lines += [f"    {parameter.name} = {_groovy(parameter.default)}" for parameter in PARAMETERS]
    for command in contract:
        options = _mirrored(command)
        lines += [f"\n    // {command.tool} {command.command}"] if options else []
        lines += [f"    {parameter_name(command, option)} = {_groovy(_flat(option.default))}" for option in options]
    return "\n".join([*lines, "}", ""])


def _mirrored(command: CommandContract) -> list[Field]:
    if command.tool == "check":
        return []
    return [option for option in parameter_options(command) if option.name not in SHARED_OPTIONS]


def _own_property(parameter: Parameter) -> dict[str, Any]:
    nullable = parameter.default is None
    rule: dict[str, Any] = {"type": [parameter.kind, "null"] if nullable else parameter.kind, "description": parameter.help}
    if parameter.path:
        rule["format"] = "file-path"
    if parameter.choices:
        rule["enum"] = list(parameter.choices)
    if parameter.minimum is not None:
        rule["minimum"] = parameter.minimum
    return rule if nullable else {**rule, "default": parameter.default}


def _mirror_property(option: Field) -> dict[str, Any]:
    kind = {Kind.CHOICE: "string"}.get(option.kind, option.kind.value)
    kind = "string" if option.many else kind
    default = _flat(option.default)
    rule: dict[str, Any] = {"type": [kind, "null"] if default is None else kind, "description": option.help}
    if option.choices and not option.many:
        rule["enum"] = [*option.choices, None] if default is None else list(option.choices)
    if not option.many:
        rule |= {} if option.minimum is None else {"minimum": option.minimum}
        rule |= {} if option.maximum is None else {"maximum": option.maximum}
    return rule if default is None else {**rule, "default": default}


def _flat(default: Any) -> Any:
    return ",".join(map(str, default)) if isinstance(default, list) else default


def _groovy(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "\\'") + "'"
