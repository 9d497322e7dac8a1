"""Which network and which widths a command is about, from the options that were given."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.config import Precision
    from model.network.network import Network

DEFAULT_WIDTH = 4


def choose(
    bundle: Path | None, weight_width: int | None, membrane_width: int | None
) -> tuple["Precision", Path | None, "Network | None"]:
    """Widths, bundle and network: the named bundle's, else the shipped one's, else the widths alone.

    A named bundle must have the widths that were given.
    """
    from model.config import Precision
    from model.errors import require
    from model.network import bundle as bundles
    from model.network.shipped import shipped

    if bundle is None:
        precision = Precision(*(DEFAULT_WIDTH if width is None else width for width in (weight_width, membrane_width)))
        bundle = shipped(precision)
        if bundle is None:
            return precision, None, None
    network = bundles.read(bundle)
    precision = network.precision
    asked = replace(
        precision,
        weight_width=precision.weight_width if weight_width is None else weight_width,
        membrane_width=precision.membrane_width if membrane_width is None else membrane_width,
    )
    require(
        asked == precision,
        f"{bundle}: the network is {precision}, asked for is {asked}; leave W and U out, or name another bundle",
    )
    return precision, bundle, network
