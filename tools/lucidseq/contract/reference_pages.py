"""Reference pages: a page for each tool, and the data dictionary of every file."""

from __future__ import annotations

from collections.abc import Iterable

from lucidseq.contract.model import CommandContract
from lucidseq.contract.nextflow import HEADER
from lucidseq.core.declarations import Archive, Schema, Store, Table
from lucidseq.core.options import Field


def render_tool(tool: str, commands: list[CommandContract]) -> str:
    """Return the page of one tool."""
    lines = [f"<!-- {HEADER} -->", f"# lucidseq-{tool}", ""]
    for command in commands:
        lines += [f"## {tool} {command.command}", "", command.summary, "", *([command.description, ""] if command.description else [])]
        lines += ["| option | takes | default | meaning |", "| --- | --- | --- | --- |"]
        lines += [_option_row(option) for option in command.options] + ["| `--out` | prefix | required | Prefix of the output files. |", ""]
        lines += ["| output | format | contents |", "| --- | --- | --- |"]
        for file in command.outputs.values():
            columns = f" Columns: [{file.schema.name}](files.md#{file.schema.name.replace('.', '')})." if file.schema else ""
            optional = " Written on request." if file.optional else ""
            lines += [f"| `<out>{file.suffix}` | {file.format.value} | {file.help}{optional}{columns} |"]
        lines += [""]
    return "\n".join(lines)


def _option_row(option: Field) -> str:
    takes = ", ".join(option.choices) if option.choices else option.kind.value
    takes += ", repeatable" if option.many else ""
    if option.minimum is not None or option.maximum is not None:
        low = "" if option.minimum is None else f"{option.minimum:g}"
        high = "" if option.maximum is None else f"{option.maximum:g}"
        takes += f" ({low} to {high})" if low and high else f" (at least {low})" if low else f" (at most {high})"
    default = "required" if option.required else "" if option.default is None else str(option.default)
    return f"| `{option.flag}` | {takes} | {default} | {option.help.replace('|', '/')} |"


def render_files(schemas: dict[str, Schema]) -> str:
    """Return the data dictionary."""
    lines = [f"<!-- {HEADER} -->", "# Every file, column by column", ""]
    lines += ["Tables are TSV with a header (gzip where the name ends in .gz; missing numbers are `#NA`); stores are HDF5.", ""]
    for schema in schemas.values():
        lines += [f"## {schema.name}", "", f"Version {schema.version}.", ""]
        lines += [*_rows(schema), ""]
    return "\n".join(lines)


def _rows(schema: Schema) -> Iterable[str]:
    if isinstance(schema, Archive):
        return [schema.doc]
    return _table_rows(schema) if isinstance(schema, Table) else _store_rows(schema)


def _table_rows(schema: Table) -> Iterable[str]:
    yield "| column | kind | meaning |"
    yield "| --- | --- | --- |"
    for column in schema.columns:
        yield f"| {column.name} | {column.kind}{'' if column.required else ', optional'} | {column.doc} |"


def _store_rows(schema: Store) -> Iterable[str]:
    yield f"Attributes: {', '.join(('schema', 'schema_version', 'tool_version', *schema.attributes))}."
    yield ""
    yield "| array | kind | shape | meaning |"
    yield "| --- | --- | --- | --- |"
    for array in schema.arrays:
        kind = array.kind.replace("|", " or ") + ("" if array.required else ", optional")
        yield f"| {array.path} | {kind} | {array.axes} | {array.doc} |"
