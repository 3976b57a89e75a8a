"""Methods text for a paper: commands, options and citations. Every manifest carries the sentences of its command."""

from __future__ import annotations

from typing import Any

from lucidseq.__main__ import TOOLS


def describe(manifests: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Return one paragraph on the commands that ran, in the order of the chain, and the citations, sorted."""
    order = list(TOOLS)
    known = [item for item in manifests if item["tool"] in order]
    known.sort(key=lambda item: (order.index(item["tool"]), item["methods"]["position"]))
    sentences = list(dict.fromkeys(item["methods"]["text"] for item in known if item["methods"]["text"]))
    software = sorted({f"{item['software']['name']} {item['software']['version']}" for item in manifests})
    opening = [f"Analyses were run with {', '.join(software)}."] if software else []
    return " ".join([*opening, *sentences]), sorted({paper for item in known for paper in item["methods"]["citations"]})


def versions(manifests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return every library and its versions."""
    by_name: dict[str, set[str]] = {}
    for item in manifests:
        for name, version in {item["software"]["name"]: item["software"]["version"], **item["libraries"]}.items():
            by_name.setdefault(name, set()).add(str(version))
    return [(name, ", ".join(sorted(values))) for name, values in sorted(by_name.items())]


def settings(manifests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return each command with its options as text, once each; options that were not given and --shard are omitted."""
    rows = set()
    for item in manifests:
        given = {key: value for key, value in item["parameters"].items() if value is not None and key != "shard"}
        words = " ".join(f"{key.replace('_', '-')}={value}" for key, value in given.items())
        rows.add((f"{item['tool']} {item['command']}", words))
    return sorted(rows)
