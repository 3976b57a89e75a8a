"""Deep learning on genomes whose answers can be read and trusted.

Every command is a function (``lucidseq.finemap.locus``), and the methods themselves are verbs on arrays (``lucidseq.susie``).
Nothing is imported before it is used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
