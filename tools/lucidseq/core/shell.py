"""The command line of a tool, built from its declared commands. The only module that imports Typer."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

import lucidseq
from lucidseq.core.app import Command, Tool
from lucidseq.core.execute import execute
from lucidseq.core.options import Field, Kind, fields_of


def command_line(tool: Tool) -> typer.Typer:
    """Return the Typer application of a tool."""
    app = typer.Typer(
        name=f"lucidseq-{tool.name}",
        help=tool.help,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    def print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it
        if value:
            typer.echo(f"lucidseq-{tool.name} {lucidseq.__version__}")
            raise typer.Exit

    version_option = typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and exit.")

    def options(*, version: bool = False) -> None:  # with a callback, a tool with a single command keeps its name
        pass

    options.__annotations__["version"] = Annotated[bool, version_option]  # not a text: the option is a local variable
    app.callback()(options)
    for command in tool.commands.values():
        app.command(command.name)(_function(command))
    return app


def _function(command: Command) -> Any:
    """Return the function whose signature Typer reads."""

    def call(**arguments: Any) -> None:
        raise typer.Exit(execute(command, arguments))

    parameters = [_parameter(field) for field in fields_of(command.options).values()]
    prefix = Annotated[Path, typer.Option("--out", help="Prefix of the output files.")]
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, annotation=prefix)
    required = [item for item in parameters if item.default is inspect.Parameter.empty]
    optional = [item for item in parameters if item.default is not inspect.Parameter.empty]
    call.__doc__ = command.help
    call.__signature__ = inspect.Signature([*required, out, *optional])  # type: ignore[attr-defined]
    call.__annotations__ = {item.name: item.annotation for item in (*required, out, *optional)}
    return call


def _parameter(field: Field) -> inspect.Parameter:
    flag = f"{field.flag}/--no-{field.flag[2:]}" if field.kind is Kind.FLAG else field.flag
    option = typer.Option(flag, help=field.help, min=field.minimum, max=field.maximum, envvar=field.environment)
    base: Any = list[field.type] if field.many else field.type  # type: ignore[name-defined]
    if field.required:
        return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[base, option])
    default = field.type(field.default) if field.kind is Kind.CHOICE and field.default is not None else field.default
    value_type: Any = base if default is not None else base | None
    annotation = Annotated[value_type, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
