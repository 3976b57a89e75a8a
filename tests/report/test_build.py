"""report build: a page of any results, self-contained, escaped, and the same bytes whatever the order and the folder."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from lucidseq.core.card import Card, Verdict
from lucidseq.core.schema import FACTS, GENES, PATHWAYS, TRUST
from lucidseq.core.tables import read_table, write_table
from report.inputs import CAUSAL_NAMES, Study, as_options, build_here, make_study, pip_rows
from support import run_ok

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """What the tests ask of a page; fails on tags that do not close in turn."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.order: list[str] = []  # ids of sections, and "img"
        self.images: list[tuple[str, str]] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        assert not [name for name in found if name.startswith("on")]
        self.tags.add(tag)
        self.addresses += [found[name] for name in ("src", "href", "action", "data", "srcset") if name in found]
        if tag == "h2":
            self.order.append(found["id"])
        if tag == "img":
            self.order.append("img")
            self.images.append((found["src"], found["alt"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, but for the manifest, which lists its inputs in the order given."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith("manifest.json")
    }


@pytest.fixture(scope="module")
def built(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the report of everything."""
    folder = tmp_path_factory.mktemp("built")
    run_ok("report", "build", *study.results, *study.beside, "--out", folder / "all")
    return folder


def test_page__is_whole_and_needs_nothing_from_outside(built: Path) -> None:
    page = Page(built / "all.report.html")
    assert {"script", "iframe", "object", "embed", "link"}.isdisjoint(page.tags)
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert "url(" not in page.source and "@import" not in page.source
    assert page.order[:3] == ["findings", "trust", "facts"] and page.order.index("trust") < page.order.index("img")
    assert [name for name in page.order if name != "img"] == ["findings", "trust", "facts", "figures", "tables", "methods"]


def test_page__embeds_every_figure_with_its_own_alternative_text(built: Path) -> None:
    page = Page(built / "all.report.html")
    files = sorted((built / "all.figures").glob("*.png"))
    assert len(page.images) == len(files) >= 9
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for path in files)
    texts = [alt for _, alt in page.images]
    assert len(set(texts)) == len(texts) and all(len(alt) > 20 for alt in texts)
    assert any("chr1:10501:A:G" in alt and "locus1_L1 of 1; locus1_L2 of 2" in alt for alt in texts)


def test_page__names_both_shards_that_say_the_same_in_one_row(built: Path) -> None:
    source = (built / "all.report.html").read_text()
    assert source.count("Train more members.") == 1
    assert "model.part1of2<br>model.part2of2" in source
    assert "0 refuse, 1 caution, 1 ok." in source
    card = json.loads((built / "all.report_build.card.json").read_text())
    assert {check["name"]: check["value"] for check in card["checks"]}["checks with caution"] == 1


def test_build__does_not_depend_on_order_or_folder(study: Study, built: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(study.gtf.parent, moved)
    again = [moved / path.name for path in study.files.values()][::-1]
    beside = ["--gtf", moved / study.gtf.name, "--truth-variants", moved / study.truth_variants.name, "--truth", moved / study.truth.name]
    run_ok("report", "build", *as_options([*again, again[0]]), *beside, "--out", tmp_path / "out" / "all", cwd=tmp_path)
    assert digests(tmp_path / "out") == digests(built)


SINGLE = [
    "sumstats",
    "loci",
    "pips",
    "credible_sets",
    "locus_fits",
    "qc",
    "ld",
    "history",
    "metrics",
    "curves",
    "effects",
    "predictions",
    "attributions",
    "genes",
    "gene_correlations",
    "pathways",
    "card",
    "shard1",
    "manifest",
]


def test_build__covers_every_kind_alone(study: Study) -> None:
    assert {*SINGLE, "shard2"} == set(study.files)


@pytest.mark.parametrize("kind", SINGLE)
def test_build__makes_a_page_of_one_file(study: Study, kind: str, tmp_path: Path) -> None:
    out = tmp_path / "one"
    build_here(out, [study.files[kind]])
    page = Page(tmp_path / "one.report.html")
    drawn = {"sumstats", "pips", "history", "curves", "effects", "attributions", "genes", "pathways"}
    assert ("img" in page.order) == (kind in drawn)
    assert ("No trust card was given" in page.source) == (kind not in ("card", "shard1"))


@pytest.mark.parametrize("kind", [kind for kind in SINGLE if kind not in ("ld", "attributions", "card", "shard1", "manifest")])
def test_build__makes_a_page_of_a_table_without_rows(study: Study, kind: str, tmp_path: Path) -> None:
    import gzip

    data = study.files[kind].read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    (tmp_path / "empty.tsv").write_text(text.splitlines()[0] + "\n")
    build_here(tmp_path / "none", [tmp_path / "empty.tsv"])
    assert Page(tmp_path / "none.report.html").images == []


def test_page__escapes_what_data_say(study: Study, tmp_path: Path) -> None:
    card = Card("<i>tool", "b")
    card.add("name</td>", "<b>", Verdict.REFUSE, threshold="<1", advice="<script>alert(1)</script>")
    (tmp_path / "evil.card.json").write_text(card.to_json())
    genes = read_table(study.files["genes"], GENES).assign(gene_name="<b>$\\frac{</b>", gene_id='"onload="x')
    write_table(genes, tmp_path / "evil.genes.tsv", GENES)
    sets = read_table(study.files["pathways"], PATHWAYS).assign(gene_set="<img src=x onerror=y>")
    write_table(sets, tmp_path / "evil.pathways.tsv", PATHWAYS)
    paths = [tmp_path / name for name in ("evil.card.json", "evil.genes.tsv", "evil.pathways.tsv")]
    build_here(tmp_path / "x", paths, title="</title><script>")
    page = Page(tmp_path / "x.report.html")
    assert "script" not in page.tags and "&lt;script&gt;alert(1)" in page.source and "&lt;b&gt;$" in page.source
    assert len(page.images) == 2


def test_build__keeps_figures_inside_its_folder_whatever_a_locus_is_called(tmp_path: Path) -> None:
    import numpy as np

    from lucidseq.core.schema import PIPS

    table = pip_rows(np.random.default_rng(1)).assign(locus="../../../escaped $x")
    write_table(table, tmp_path / "a.pips.tsv", PIPS)
    build_here(tmp_path / "deep" / "x", [tmp_path / "a.pips.tsv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pips.tsv", "deep"]
    assert len(list((tmp_path / "deep" / "x.figures").glob("*.png"))) == 1


def test_figures__have_their_numbers_beside_them(built: Path, study: Study) -> None:
    folder = built / "all.figures"
    assert sorted(path.stem for path in folder.glob("*.png")) == sorted(path.stem for path in folder.glob("*.tsv"))
    locus = pd.read_csv(folder / "locus_trait_locus1.tsv", sep="\t", keep_default_na=False, na_values="#NA")
    assert len(locus) == 40 and locus["minus_log10_p"].max() > 15
    assert locus["r2_with_lead"].max() == 1 and abs(locus["r2_with_lead"].iloc[9] - 0.64) < 1e-6
    effects = pd.read_csv(folder / "motif_breaking_variants.tsv", sep="\t")
    assert effects["variant_id"].iloc[0] == CAUSAL_NAMES[0] and effects["pip"].iloc[0] == 0.95
    assert len(effects["bases_around"].iloc[0]) == 29
    assert len(pd.read_csv(folder / "learning_model.tsv", sep="\t")) == 6


def test_trust_table__has_every_check_with_the_worst_first(tmp_path: Path) -> None:
    paths = []
    for name, verdict in (("a", Verdict.OK), ("b", Verdict.REFUSE)):
        card = Card("finemap", "locus")
        card.add("share matched", 0.91234, verdict, threshold=">= 0.9", advice="Look\tat it.", interval=(0.9, 0.95), level=0.95)
        paths.append(tmp_path / f"{name}.finemap_locus.card.json")
        paths[-1].write_text(card.to_json())
    build_here(tmp_path / "page", paths)
    table = read_table(tmp_path / "page.trust.tsv", TRUST)
    assert list(table["verdict"]) == ["refuse", "ok"]
    assert list(table["results"]) == ["b", "a"]
    assert list(table.iloc[0][["command", "check", "value", "interval", "threshold", "advice"]]) == [
        "finemap locus",
        "share matched",
        "0.9123",
        "[0.9, 0.95]",
        ">= 0.9",
        "Look at it.",
    ]


def facts_of(study: Study, folder: Path, *leave_out: str) -> dict[str, str]:
    """Return the verdict of each planted fact."""
    files = [path for kind, path in study.files.items() if kind not in leave_out]
    build_here(folder / "facts", files, truth_variants=study.truth_variants, truth=study.truth)
    table = read_table(folder / "facts.facts.tsv", FACTS)
    page = Page(folder / "facts.report.html")
    assert all(found in page.source for found in table["found"])
    return dict(zip(table["fact"].str.split().str[:2].str.join(" "), table["verdict"], strict=True))


def test_facts__are_ok_where_found(study: Study, tmp_path: Path) -> None:
    assert facts_of(study, tmp_path) == {"causal variants": "ok", "mean PIP": "ok", "causal gene": "ok"}


def test_facts__are_missed_where_not_found(tmp_path: Path) -> None:
    elsewhere = [f"chr1:{place}:A:G" for place in (2501, 3501)]
    study = make_study(tmp_path / "study", causal=elsewhere, causal_set="SET_B")
    assert facts_of(study, tmp_path / "a") == {"causal variants": "missed", "mean PIP": "missed", "causal gene": "missed"}
    absent = make_study(tmp_path / "absent", causal_set="SET_Z")
    assert facts_of(absent, tmp_path / "b")["causal gene"] == "missed"


def test_facts__two_of_three_variants_are_not_enough(tmp_path: Path) -> None:
    outside = [f"chr1:{place}:A:G" for place in (2501, 3501)]
    for outsiders, verdict in ((0, "ok"), (1, "missed")):
        folder = tmp_path / str(outsiders)
        study = make_study(folder / "study", causal=CAUSAL_NAMES + outside[:outsiders])
        assert facts_of(study, folder)["causal variants"] == verdict  # 2 of 2, and 2 of 3


def test_facts__that_cannot_be_compared_are_a_caution(study: Study, tmp_path: Path) -> None:
    kept = {"card"}
    assert facts_of(study, tmp_path, *(set(study.files) - kept)) == {}
    card = json.loads((tmp_path / "facts.report_build.card.json").read_text())
    assert {check["name"]: check["verdict"] for check in card["checks"]}["planted facts compared"] == "caution"


def test_multiqc__files_are_valid(built: Path) -> None:
    folder = built / "all.multiqc"
    document = json.loads((folder / "lucidseq_trust_mqc.json").read_text())
    assert document["plot_type"] == "table" and len(document["data"]) == 2
    assert "model.part1of2, model.part2of2: effects variants: ensemble" in document["data"]
    lines = (folder / "lucidseq_metrics_model_mqc.tsv").read_text().splitlines()
    body = [line.split("\t") for line in lines if not line.startswith("#")]
    assert body == [["Sample", "value", "lower", "upper"], ["model CTCF auroc", "0.91", "0.88", "0.94"]]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+_mqc\.(png|json|tsv)", path.name) for path in folder.iterdir())
