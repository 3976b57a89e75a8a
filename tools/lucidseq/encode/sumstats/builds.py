"""Human genome builds by the lengths of their chromosomes."""

from __future__ import annotations

from collections.abc import Mapping

_CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y"]
# In the order of _CHROMOSOMES
_LENGTHS = {
    "NCBI36 (hg18)": "247249719 242951149 199501827 191273063 180857866 170899992 158821424 146274826 140273252 135374737 134452384 132349534 "
    "114142980 106368585 100338915 88827254 78774742 76117153 63811651 62435964 46944323 49691432 154913754 57772954",
    "GRCh37 (hg19)": "249250621 243199373 198022430 191154276 180915260 171115067 159138663 146364022 141213431 135534747 135006516 133851895 "
    "115169878 107349540 102531392 90354753 81195210 78077248 59128983 63025520 48129895 51304566 155270560 59373566",
    "GRCh38 (hg38)": "248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717 133797422 135086622 133275309 "
    "114364328 107043718 101991189 90338345 83257441 80373285 58617616 64444167 46709983 50818468 156040895 57227415",
    "T2T-CHM13v2.0 (hs1)": "248387328 242696752 201105948 193574945 182045439 172126628 160567428 146259331 150617247 134758134 135127769 133324548 "
    "113566686 101161492 99753195 96330374 84276897 80542538 61707364 66210255 45090682 51324926 154259566 62460029",
}
BUILDS: dict[str, dict[str, int]] = {
    name: dict(zip(_CHROMOSOMES, map(int, lengths.split()), strict=True)) for name, lengths in _LENGTHS.items()
}


def _plain(contig: str) -> str:
    return {"23": "X", "24": "Y"}.get(contig.removeprefix("chr"), contig.removeprefix("chr"))


def name_of(lengths: Mapping[str, int]) -> str | None:
    """Return the build whose chromosomes have these lengths, None without a match; unknown contigs are ignored.

    Examples
    --------
    >>> name_of({"chr1": 248956422, "chrUn": 5})
    'GRCh38 (hg38)'
    """
    known = {_plain(contig): length for contig, length in lengths.items() if _plain(contig) in _CHROMOSOMES}
    fits = [name for name, build in BUILDS.items() if all(build[contig] == length for contig, length in known.items())]
    return fits[0] if known and len(fits) == 1 else None


def possible(last: Mapping[str, int]) -> list[str]:
    """Return the builds that are long enough for the last position of each contig.

    Examples
    --------
    >>> possible({"1": 249_000_000})
    ['GRCh37 (hg19)']
    """
    return [
        name for name, build in BUILDS.items() if all(position <= build.get(_plain(contig), position) for contig, position in last.items())
    ]
