"""Choose the reader of a file of sites by its content."""

from __future__ import annotations

from pathlib import Path

from lucidseq.encode.haplotypes.sites import SiteReader
from lucidseq.encode.haplotypes.tree_sites import TreeSiteReader, is_tree_sequence
from lucidseq.encode.haplotypes.vcf_sites import BcfSiteReader, VcfSiteReader
from lucidseq.encode.readers.bcf import is_bcf


def open_sites(path: Path) -> SiteReader:
    """Open a tree sequence, BCF or VCF (plain, gzip or bgzip).

    Raises
    ------
    DataError
        If it is none of these, or is damaged.
    """
    if is_tree_sequence(path):
        return TreeSiteReader(path)
    return BcfSiteReader(path) if is_bcf(path) else VcfSiteReader(path)
