"""QR codes as inline SVG, drawn in the process so that a secret never travels to a drawing service."""

from markupsafe import Markup

QUIET_ZONE = 4
"""Blank modules on every side (ISO/IEC 18004, 9.1); they are drawn, so that a dark page keeps them white."""


def qr_svg(uri: str, *, title: str) -> Markup:
    """The QR code of `uri` as one `<svg>`, black on white in any colour scheme, named `title` for screen readers.

    It has a view box and no size: the style sheet sizes it by its class `qr`. There is no `style` attribute in it, so
    that it stands under a policy without `unsafe-inline`. Raises `segno.DataOverflowError` over 2,331 bytes.
    """
    import segno  # for whoever sets up an app, and not for every start

    matrix = segno.make_qr(uri, error="m", boost_error=False).matrix
    size = len(matrix) + 2 * QUIET_ZONE
    path = "".join(
        f"M{start + QUIET_ZONE} {line + QUIET_ZONE}h{length}v1h-{length}z"
        for line, row in enumerate(matrix)
        for start, length in _dark_runs(row)
    )
    return Markup(
        '<svg class="qr" role="img" aria-label="{title}" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    ).format(title=title, size=size, path=path)


def _dark_runs(row: bytearray) -> list[tuple[int, int]]:
    """Each unbroken stretch of dark modules as (first, length): a fifth of the size of one square per module."""
    runs: list[tuple[int, int]] = []
    for position, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == position:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return runs
