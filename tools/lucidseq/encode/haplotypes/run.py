"""`encode haplotypes`: phased files or tree sequences -> matrices of alleles by windows."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from lucidseq.core.card import Card
from lucidseq.core.errors import DataError, UsageError
from lucidseq.core.intervals import Intervals, read_bed
from lucidseq.core.outputs import OutputSet
from lucidseq.core.schema import QC, WINDOWS
from lucidseq.core.tables import write_table
from lucidseq.encode.genotypes.sample_names import SampleNames
from lucidseq.encode.haplotypes.accessibility import Accessibility
from lucidseq.encode.haplotypes.card import build_card
from lucidseq.encode.haplotypes.choices import Polarization
from lucidseq.encode.haplotypes.cli import HaplotypesOptions
from lucidseq.encode.haplotypes.collect import STEPS, SitePass, SitePlan
from lucidseq.encode.haplotypes.haplotype_store import create_haplotypes
from lucidseq.encode.haplotypes.open_sites import open_sites
from lucidseq.encode.haplotypes.phase_sets import windows_of_several_sets
from lucidseq.encode.haplotypes.polarity import AncestralGenome
from lucidseq.encode.haplotypes.site_windows import SiteWindows, by_contig, check_ends, check_options, create_windows
from lucidseq.encode.haplotypes.sites import SiteReader
from lucidseq.encode.readers.sample_files import read_sample_list
from lucidseq.encode.regions import Regions, other_spelling, require_shared

FEW_BASES, SEVERAL_SETS, FEW_SITES = "too few accessible bases", "several phase sets of a sample", "too few sites"


def haplotypes(options: HaplotypesOptions, out: OutputSet) -> Card:
    """Encode haplotypes (options as in ``cli.haplotypes``)."""
    check_options(
        has_windows=options.windows is not None, size=options.window_size, step=options.step, has_genome=options.genome is not None
    )
    readers = [open_sites(path) for path in options.genotypes]
    columns = _columns(readers, options.samples)
    polarization = _polarization(options.polarize, readers, has_fasta=options.ancestral is not None)
    intervals = _intervals(readers, options.windows, options.window_size, options.step, options.genome)
    contigs = list(dict.fromkeys(intervals.contig))
    accessibility = Accessibility(_regions(options.accessible, contigs), _regions(options.mask, contigs))
    windows = by_contig(intervals, accessibility)
    low = {name: part.accessible < options.min_accessible * (part.end - part.start) for name, part in windows.items()}
    with ExitStack() as stack:
        writer = stack.enter_context(
            create_haplotypes(out["haplotypes"], build=options.build, calls=options.calls.value, polarization=polarization.value)
        )
        plan = SitePlan(
            columns,
            [readers[0].samples[index] for index in columns],
            {name: part for name, rows in low.items() if (part := windows[name].take(~rows))},
            accessibility,
            options.calls,
            polarization,
            stack.enter_context(AncestralGenome(options.ancestral)) if options.ancestral else None,
            options.confident_ancestral,
            options.max_missing,
            options.min_minor_count,
            options.phase_sets,
        )
        reading = SitePass(plan, writer)
        reading.run(readers)
        _refuse_nothing(reading, windows, readers[0].path)
        table = _finish(reading, windows, low, options.min_sites, str(readers[0].path))
    _write_qc(reading, table, out["qc"])
    write_table(table, out["windows"], WINDOWS)
    return build_card(
        table,
        reading.removed,
        reading.read,
        polarization,
        accessibility_known=accessibility.known,
        several_sets=int((table["reason"] == SEVERAL_SETS).sum()),
    )


def _columns(readers: list[SiteReader], sample_list: Path | None) -> np.ndarray:
    """Return the columns of the samples to use, in file order."""
    first = readers[0]
    for other in readers[1:]:
        if other.samples != first.samples:
            raise DataError(
                f"samples that differ from those of {first.path.name}",
                "the same samples, in the same order, in every file",
                "give files of the same samples",
                where=str(other.path),
            )
    if sample_list is None:
        return np.arange(len(first.samples))
    return np.flatnonzero(read_sample_list(sample_list, SampleNames(first.samples)))


def _polarization(requested: Polarization, readers: list[SiteReader], *, has_fasta: bool) -> Polarization:
    """Return the allele to count: as requested, or as the files allow.

    Raises
    ------
    UsageError
        If ancestral alleles are requested and unknown, or given and unused.
    """
    known = has_fasta or all(reader.knows_ancestral for reader in readers)
    if requested is Polarization.AUTO:
        return Polarization.ANCESTRAL if known else Polarization.REFERENCE
    if requested is Polarization.ANCESTRAL and not known:
        raise UsageError(
            "--polarize ancestral without ancestral alleles",
            "--ancestral, or INFO field AA in every VCF",
            "give the ancestral FASTA, or --polarize reference or minor",
        )
    if has_fasta and requested is not Polarization.ANCESTRAL:
        raise UsageError(f"--ancestral with --polarize {requested.value}", "--polarize ancestral or auto", "omit one of them")
    return requested


def _regions(path: Path | None, contigs: list[str]) -> Regions | None:
    if path is None:
        return None
    regions = Regions(read_bed(path))
    require_shared(contigs, regions.contigs, path)
    return regions


def _intervals(readers: list[SiteReader], windows: Path | None, size: int | None, step: int | None, genome: Path | None) -> Intervals:
    """Return the given windows, or windows created along the genome."""
    lengths = {contig: length for reader in readers for contig, length in reader.lengths.items()}
    given = windows or genome
    if given is not None:
        intervals = read_bed(given)
        check_ends(intervals, lengths, given)
        return intervals if size is None else create_windows(intervals, size, step or size)
    assert size is not None  # checked by check_options
    if not lengths:
        raise DataError(
            "a header without contig lengths", "##contig lines with lengths, or --genome", "give --genome (BED)", where=str(readers[0].path)
        )
    known = {contig: length for contig, length in lengths.items() if length > 0}
    return create_windows(Intervals.of(list(known), np.zeros(len(known)), list(known.values())), size, step or size)


def _refuse_nothing(reading: SitePass, windows: dict[str, SiteWindows], path: Path) -> None:
    if reading.writer.sites:
        return
    for contig in windows:
        if contig not in reading.contigs and other_spelling(contig) in reading.contigs:
            raise DataError(
                f"windows on {contig}, sites on {other_spelling(contig)}",
                "the same contig names in every file",
                "rename the contigs in the BED file",
                where=str(path),
            )
    removed = ", ".join(f"{name}: {reading.removed[name]}" for name in STEPS if reading.removed[name]) or "the files hold none"
    raise DataError(
        f"every site was removed ({removed})", "sites in the windows", "check build and coordinates, or relax the filters", where=str(path)
    )


def _finish(reading: SitePass, windows: dict[str, SiteWindows], low: dict[str, np.ndarray], min_sites: int, path: str) -> pd.DataFrame:
    """Write the rest of the store; return the table of windows, by contig and start."""
    order = [contig for contig in reading.contigs if contig in windows] + sorted(set(windows) - set(reading.contigs))
    frames, kept = [], []
    for contig in order:
        part, poor = windows[contig], low[contig]
        used = reading.plan.windows[contig]
        columns = {name: np.zeros(len(poor), dtype=np.int64) for name in ("first_site", "last_site", "missing", "calls")}
        for name, values in columns.items():
            values[~poor] = getattr(used, name)
        count = columns["last_site"] - columns["first_site"]
        several = ~poor
        several[~poor] = windows_of_several_sets(reading.breaks, used, reading.plan.phase_sets, path)
        reason = np.select([poor, several, count < min_sites], [FEW_BASES, SEVERAL_SETS, FEW_SITES], "")
        frame = pd.DataFrame(
            {"contig": contig, "start": part.start, "end": part.end, "name": part.name, "sites": count, "accessible": part.accessible}
        )
        frame["missing"] = np.divide(columns["missing"], columns["calls"], out=np.full(len(poor), np.nan), where=columns["calls"] > 0)
        frame["kept"] = (reason == "").astype(np.int64)
        frame["reason"] = reason
        offset = reading.offsets.get(contig, 0)
        frames.append(frame)
        kept.append(frame.assign(first_site=columns["first_site"] + offset, last_site=columns["last_site"] + offset))
    table, whole = pd.concat(frames, ignore_index=True), pd.concat(kept, ignore_index=True)
    whole = whole[whole["kept"] == 1]
    arrays = {
        f"windows/{name}": whole[name].to_numpy() for name in ("name", "contig", "start", "end", "first_site", "last_site", "accessible")
    }
    arrays["contigs/name"] = np.array(reading.contigs, dtype=object)
    arrays["samples/id"] = np.array(reading.plan.samples, dtype=object)
    reading.writer.finish(arrays, ploidy=reading.ploidy)
    return table


def _write_qc(reading: SitePass, table: pd.DataFrame, path: Path) -> None:
    remaining = reading.read
    rows = [("sites", "read", 0, remaining)]
    for name in STEPS:
        remaining -= reading.removed[name]
        rows.append(("sites", name, reading.removed[name], remaining))
    remaining = len(table)
    rows.append(("windows", "created", 0, remaining))
    for name in (FEW_BASES, SEVERAL_SETS, FEW_SITES):
        removed = int((table["reason"] == name).sum())
        remaining -= removed
        rows.append(("windows", name, removed, remaining))
    write_table(pd.DataFrame(rows, columns=["unit", "step", "removed", "kept"]), path, QC)
