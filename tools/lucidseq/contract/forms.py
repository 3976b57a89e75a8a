"""Checks of Galaxy's hand-written forms against the contract: every option shown or deliberately hidden, with its type, default and bounds."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from lucidseq.contract.galaxy import DATATYPES, attributes, requirements_name
from lucidseq.contract.model import CommandContract
from lucidseq.core.options import Field, Kind
from lucidseq.core.roles import Format, OutFile

FOLDER = Path("tools/galaxy")
PICTURES = FOLDER / "static" / "images"
# Options that no form shows, and why
HIDDEN = {
    "force": "a job starts in an empty folder",
    "quiet": "Galaxy keeps the log, and shows it on request",
    "threads": "comes from GALAXY_SLOTS",
    "shard": "Galaxy runs one job a dataset; the results do not depend on shards",
    "resume": "Galaxy starts a job from the beginning",
    "checkpoint_dir": "Galaxy starts a job from the beginning",
}
# Outputs that no form shows, and why
HIDDEN_OUTPUTS = {Format.TABIX: "Galaxy makes the index itself", Format.FAI: "Galaxy makes the index itself"}
HIDDEN_NAMES = {"multiqc": "custom content for a program that is run on a folder"}
Element = ElementTree.Element


def problems(root: Path, contract: list[CommandContract]) -> list[str]:
    """Return the mistakes in the forms under a checkout's root, one sentence each; empty when there is none."""
    commands = [command for command in contract if command.tool != "check"]
    macros = ElementTree.parse(root / FOLDER / "macros.xml").getroot()
    mistakes: list[str] = []
    for command in commands:
        path = root / FOLDER / f"{command.name}.xml"
        if not path.exists():
            mistakes.append(f"{path.relative_to(root)} is missing (`python -m lucidseq.contract --form {command.name}`)")
            continue
        form = expand(ElementTree.parse(path).getroot(), macros)
        mistakes += [f"{path.relative_to(root)}: {problem}" for problem in form_problems(form, path, command)]
    known = {f"{command.name}.xml" for command in commands} | {"macros.xml"}
    mistakes += picture_problems(root)
    unowned = [path for path in sorted((root / FOLDER).glob("*.xml")) if path.name not in known]
    return mistakes + [f"{path.relative_to(root)} belongs to no command" for path in unowned]


def picture_problems(root: Path) -> Iterator[str]:
    """Yield pictures that a form's help shows but that do not exist, and pictures that no help shows.

    `${static_path}` works in both kinds of installation: the Tool Shed resolves it to static/images of the suite, a server with a
    folder of tools to its own static folder, where the administrator links the pictures.
    """
    shown = set()
    for path in sorted((root / FOLDER).glob("*.xml")):
        for target in re.findall(r"\.\. image:: (\S+)", path.read_text(encoding="utf-8")):
            picture = root / PICTURES / target.removeprefix("${static_path}/")
            shown.add(picture)
            if not target.startswith("${static_path}/lucidseq/") or not picture.exists():
                yield f"{path.relative_to(root)}: no picture {target} below {PICTURES} (as ${{static_path}}/lucidseq/...)"
    unused = sorted(set((root / PICTURES).rglob("*.png")) - shown)
    yield from (f"{path.relative_to(root)} is in no help" for path in unused)


def expand(form: Element, macros: Element) -> Element:
    """Return a form with its macros expanded (as Galaxy does, as far as these forms need it)."""
    own = form.find("macros")
    definitions = [*macros.iter("xml"), *(own.iter("xml") if own is not None else ())]
    return _expanded(form, {macro.attrib["name"]: macro for macro in definitions})


def _expanded(element: Element, named: dict[str, Element]) -> Element:
    result = Element(element.tag, element.attrib)
    result.text = element.text
    for child in element:
        if child.tag != "expand":
            result.append(_expanded(child, named))
            continue
        for part in copy.deepcopy(named[child.attrib["macro"]]):
            _fill_yield(part, list(child))
            result.append(_expanded(part, named))
    return result


def _fill_yield(element: Element, content: list[Element]) -> None:
    for index, child in reversed(list(enumerate(element))):
        if child.tag == "yield":
            element[index : index + 1] = content
        else:
            _fill_yield(child, content)


def form_problems(form: Element, path: Path, command: CommandContract) -> Iterator[str]:
    """Yield the mistakes in an expanded form."""
    yield from _head_problems(form, path, command)
    params = list(_params(form.find("inputs"), inside=False))
    words = form.findtext("command") or ""
    for option in command.options:
        shown = [(param, inside) for param, inside in params if param.get("argument") == option.flag]
        if option.name in HIDDEN:
            if shown:
                yield f"{option.flag} is shown, but must be hidden: {HIDDEN[option.name]}"
            continue
        if not shown:
            yield f"{option.flag} is not shown"
        for param, inside in shown:
            yield from _param_problems(param, option, conditional=inside)
        if (option.name not in words and shown) if option.kind is Kind.FLAG else option.flag not in words.split():
            yield f"{option.flag} is not passed on by the command"
    flags = {option.flag for option in command.options}
    yield from (f"{param.get('argument')} is no option" for param, _ in params if param.get("argument", option.flag) not in flags)
    if command.option("threads") and '--threads "\\${GALAXY_SLOTS:-1}"' not in words:
        yield "the command does not pass GALAXY_SLOTS on"
    yield from _text_problems([param for param, _ in params if param.get("type") == "text"], words)
    for name, file in command.outputs.items():
        yield from _output_problems(form, words, name, file)
    yield from _test_problems(form)


def _text_problems(params: list[Element], words: str) -> Iterator[str]:
    """Yield texts that Galaxy's sanitizer would alter, and uses of a text in the command that the shell would read."""
    if params and "@QUOTE@" not in words:
        yield "a text is not quoted (@QUOTE@)"
    lines = [line for line in words.splitlines() if not line.strip().startswith("#")]
    for name in sorted({param.get("argument", "").removeprefix("--").replace("-", "_") for param in params}):
        uses = [line.strip() for line in lines if re.search(rf"\$\{{?(\w+\.)*{name}\b", line)]
        yield from (
            f"a text must be written as $quote(str(...)): {line}"
            for line in uses
            if not re.search(rf"\$quote\(str\(\$(\w+\.)*{name}\)\)", line)
        )
    yield from (f"{param.get('argument')} lacks the macro text" for param in params if param.find("sanitizer[@sanitize='false']") is None)


def _head_problems(form: Element, path: Path, command: CommandContract) -> Iterator[str]:
    expected = {"id": f"lucidseq_{command.name}", "version": "@TOOL_VERSION@+galaxy@VERSION_SUFFIX@", "profile": "@PROFILE@"}
    for name, value in expected.items():
        if form.get(name) != value:
            yield f"{name} is {form.get(name)!r}, not {value!r}"
    used = {element.get("macro") for element in ElementTree.parse(path).getroot().iter("expand")}
    needed = [f"edam_{command.tool}", requirements_name(command.image, gpu=command.gpu), "stdio", f"version_command_{command.tool}"]
    needed += [f"provenance_{command.name}", "citations"]
    yield from (f"macro {name} is not used" for name in needed if name not in used)
    if "@STAGE@" not in (form.findtext("command") or "") and command.inputs:
        yield "inputs do not keep the users' names (@STAGE@)"
    if len((form.findtext("help") or "").split()) < 60 or "Example" not in (form.findtext("help") or ""):
        yield "the help has no worked example (a section named Example) or is short"


def _params(parent: Element | None, *, inside: bool) -> Iterator[tuple[Element, bool]]:
    """Yield each param of the inputs, and whether it is in a branch of a conditional."""
    for child in parent if parent is not None else ():
        if child.tag == "param":
            yield child, inside
        else:
            yield from _params(child, inside=inside or child.tag == "when")


def _param_problems(param: Element, option: Field, *, conditional: bool) -> Iterator[str]:
    where = option.flag
    if not param.get("label"):
        yield f"{where} has no label"
    if option.kind is Kind.PATH:
        yield from _file_problems(param, option, conditional=conditional)
        return
    given, expected = param.get("type"), attributes(option)
    if option.kind is Kind.TEXT and given in ("data_column", "select"):
        return  # a choice from the data instead of a typed name
    for name in ("type", "truevalue", "falsevalue"):
        if param.get(name) != expected.get(name):
            yield f"{where}: {name} is {param.get(name)!r}, not {expected.get(name)!r}"
    if option.kind is Kind.CHOICE:
        rows = [(row.get("value"), row.get("selected") == "true") for row in param.findall("option")]
        if {value for value, _ in rows} != set(option.choices):
            yield f"{where}: choices are {[value for value, _ in rows]}, not {list(option.choices)}"
        chosen = next((value for value, selected in rows if selected), None)
        if chosen != option.default:
            yield f"{where}: {chosen!r} is selected, not {option.default!r}"
    elif option.kind is Kind.FLAG:
        if param.get("checked", "false") != expected["checked"]:
            yield f"{where}: checked is {param.get('checked')!r}, not {expected['checked']!r}"
    else:
        yield from _value_problems(param, expected, where, conditional=conditional)


def _value_problems(param: Element, expected: dict[str, str], where: str, *, conditional: bool) -> Iterator[str]:
    """Compare numbers as numbers: 1e-06 and 0.000001 are equal."""
    for name in ("value", "min", "max"):
        given, right = param.get(name) or None, expected.get(name)
        if name == "value" and right is None and conditional:
            continue  # a branch that needs a number may propose one
        if given != right and not (given and right and _number(given) is not None and _number(given) == _number(right)):
            yield f"{where}: {name} is {given!r}, not {right!r}"
    if "optional" in expected and param.get("optional") != "true" and not conditional:
        yield f"{where} is optional, but the form requires it"
    if "optional" not in expected and param.get("optional") == "true":
        yield f"{where} has a default, but is optional in the form"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _file_problems(param: Element, option: Field, *, conditional: bool) -> Iterator[str]:
    where = option.flag
    if param.get("type") == "select":
        if param.find("options[@from_data_table]") is None:
            yield f"{where} is a choice that comes from no data table"
        return
    if param.get("type") not in ("data", "data_collection"):
        yield f"{where}: type is {param.get('type')!r}, not 'data'"
    formats = option.role.formats if option.role else ()
    allowed = {name for item in formats for name in DATATYPES[item].split(",")}
    unread = [name for name in (param.get("format") or "").split(",") if name not in allowed]
    if unread:
        yield f"{where} takes {', '.join(unread)}, but the command reads {', '.join(sorted(allowed))}"
    if option.many and param.get("multiple") != "true" and param.get("type") == "data" and not conditional:
        yield f"{where} takes several files, but the form only one"
    if not option.many and param.get("multiple") == "true":
        yield f"{where} takes one file, but the form several"
    if option.required and param.get("optional") == "true":
        yield f"{where} is required, but is optional in the form"
    if not option.required and not conditional and param.get("optional") != "true":
        yield f"{where} is optional, but the form requires it"


def _output_problems(form: Element, words: str, name: str, file: OutFile) -> Iterator[str]:
    path = f"out{file.suffix.rstrip('/')}"
    hidden = HIDDEN_OUTPUTS.get(file.format) or HIDDEN_NAMES.get(name)
    plain = path.removesuffix(".gz")
    outputs = form.find("outputs")
    elements = outputs.iter() if outputs is not None else ()
    shown = [element.get("from_work_dir") or element.get("directory") for element in elements]
    if hidden:
        if path in shown:
            yield f"output {name} is shown, but must be hidden: {hidden}"
        return
    if path not in shown and not (plain in shown and f"gzip -d {path}" in words):
        yield f"output {name} ({path}) is not shown"


def _test_problems(form: Element) -> Iterator[str]:
    tests = form.findall("tests/test")
    good = [test for test in tests if test.get("expect_failure") != "true"]
    if len(tests) < 2 or not good:
        yield "fewer than two tests, or none of a result"
    if any(test.get("expect_num_outputs") is None or test.find(".//assert_contents") is None for test in good):
        yield "a test without expect_num_outputs, or without a check of an output's contents"
    failing = [test for test in tests if test.get("expect_failure") == "true"]
    texts = [[item.get("text", "") for item in test.findall("assert_stderr/has_text")] for test in failing]
    parts = ("received: ", "expected: ", "fix: ")
    if not any(all(any(text.startswith(part) for text in group) for part in parts) for group in texts):
        yield "no test of an error that shows the three parts of the message (received, expected, fix)"
