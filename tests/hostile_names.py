"""Names that people and attackers give to traits, titles and builds: none may run, every honest one must work."""

from __future__ import annotations

HOSTILE = (
    "x$(touch${IFS}PWNED)",
    "`touch PWNED`",
    "$(touch PWNED)",
    "a; touch PWNED",
    "a && touch PWNED",
    "a | touch PWNED",
    "a\ttouch PWNED",
    "'; touch PWNED; '",
    '"; touch PWNED; "',
    "\\'; touch PWNED; \\'",
    "${params.outdir}",
    "$HOME",
    "--out=PWNED",
    "-rf",
    "../PWNED",
    "*",
    "> PWNED",
    "!!",
    "<script>alert(1)</script>",
    "%s%n",
)
HONEST = ("crohn's", "LDL/HDL", 'the "best" trait', "a b", "Größe", "身長", "BMI (kg/m²)", "p<0.05", "x=1", "alpha,beta")
