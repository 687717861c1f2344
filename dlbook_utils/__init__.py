"""What the chapters of *Deep Learning, Tested* share.

A chapter writes out what it teaches; what it merely uses comes from here. Modules are named for
what they hold: `claims`, `figures`, `exercises`, `datasets`, `training`, `timing`, `tables`.
"""

from dlbook_utils import torchvision_operators  # noqa: F401  must run before torchvision's import

__version__ = "0.1.0"
