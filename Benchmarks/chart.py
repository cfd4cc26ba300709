"""A small chart in SVG: bars of several figures side by side, one row for each program, in light and in dark."""
from xml.sax.saxutils import escape

LABELS, PANEL, GAP, ROW, HEAD, FOOT = 200, 200, 70, 30, 62, 12

STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .paper { fill: #ffffff; } .note { font-size: 11px; fill: #59636e; } .heading { font-weight: 600; }
  .bar { fill: #9aa4af; } .own { fill: #0969da; } .range { stroke: #1f2328; fill: none; } .axis { stroke: #d1d9e0; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .paper { fill: #0d1117; } .note { fill: #9198a1; }
    .bar { fill: #656c76; } .own { fill: #4493f8; } .range { stroke: #f0f6fc; } .axis { stroke: #3d444d; }
  }
"""


def bars(title, names, own, panels):
    """The SVG text.

    `own[i]` picks the colour of row i. A panel is (heading, note, [values], [(lowest, highest) or None], format); a
    value that is None has no bar.
    """
    width = LABELS + len(panels) * (PANEL + GAP) + 10
    height = HEAD + len(names) * ROW + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
    ]
    for row, name in enumerate(names):
        y = HEAD + row * ROW + 19
        parts.append(f'<text x="{LABELS - 10}" y="{y}" text-anchor="end">{escape(name)}</text>')
    for index, panel in enumerate(panels):
        parts += _panel(panel, LABELS + index * (PANEL + GAP), height, own)
    return "\n".join(parts + ["</svg>"]) + "\n"


def _panel(panel, left, height, own):
    heading, note, values, ranges, form = panel
    tops = [value for value in values if value is not None] + [high for _, high in filter(None, ranges)]
    unit = PANEL / max(tops)
    yield f'<text class="heading" x="{left}" y="24">{escape(heading)}</text>'
    yield f'<text class="note" x="{left}" y="42">{escape(note)}</text>'
    yield f'<line class="axis" x1="{left}" y1="{HEAD - 6}" x2="{left}" y2="{height - FOOT}"/>'
    for row, (value, spread) in enumerate(zip(values, ranges)):
        y = HEAD + row * ROW
        if value is None:
            yield f'<text class="note" x="{left + 8}" y="{y + 19}">did not run</text>'
            continue
        end = left + value * unit
        yield (f'<rect class="{"own" if own[row] else "bar"}" x="{left}" y="{y + 5}" width="{end - left:.1f}" '
               f'height="{ROW - 10}" rx="2"/>')
        if spread:
            low, high = (left + edge * unit for edge in spread)
            middle = y + ROW / 2
            ends = "".join(f"M{x:.1f} {middle - 4}v8" for x in (low, high))
            yield f'<path class="range" d="M{low:.1f} {middle}H{high:.1f}{ends}"/>'
            end = max(end, high)
        yield f'<text x="{end + 6:.1f}" y="{y + 19}">{form.format(value)}</text>'


# Of curves: the drawing, its left, top, right and bottom margin, and its inside.
CURVES, MARGIN = (640, 400), (64, 56, 130, 56)


def curves(title, across, up, lines, marks=()):
    """The SVG text of values over shares from 0 to 1.

    A line is (name, [(x, y)], "own" or "other"), named at its end; marks are (name, [(x, y)]), named in a legend, each kind
    with a shape of its own.
    """
    (width, height), (left, top, right, bottom) = CURVES, MARGIN
    values = [y for _, points, _ in lines for _, y in points] + [y for _, points in marks for _, y in points]
    step = 0.02
    low, high = min(values) // step * step, -(-max(values) // step) * step
    span, rise = width - left - right, height - top - bottom

    def place(x, y):
        return f"{left + x * span:.1f}", f"{top + rise * (high - y) / (high - low):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}  .line {{ fill: none; stroke: #9aa4af; stroke-width: 2; }} .line.own {{ stroke: #0969da; fill: none; }}"
        "\n  .mark { fill: none; stroke: #0969da; stroke-width: 1.5; }\n</style>",
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>',
        f'<text class="heading" x="{left}" y="24">{escape(title)}</text>',
    ]
    for number in range(round((high - low) / step) + 1):
        x, y = place(0, low + number * step)
        parts.append(f'<path class="axis" d="M{x} {y}h{span}"/>'
                     f'<text class="note" x="{left - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{low + number * step:.2f}</text>')
    for number in range(6):
        x, y = place(number / 5, low)
        parts.append(f'<path class="axis" d="M{x} {y}v-{rise}"/>'
                     f'<text class="note" x="{x}" y="{float(y) + 18:.1f}" text-anchor="middle">{number * 20} %</text>')
    parts.append(f'<text class="note" x="{left + span / 2}" y="{height - 14}" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text class="note" x="18" y="{top + rise / 2}" text-anchor="middle" '
                 f'transform="rotate(-90 18 {top + rise / 2})">{escape(up)}</text>')
    for name, points, kind in lines:
        path = "L".join(" ".join(place(x, y)) for x, y in points)
        # Named where the lines are furthest apart, and not at their ends, which meet.
        x, y = place(*points[len(points) * 7 // 10])
        parts.append(f'<path class="line {kind}" d="M{path}"/>')
        below = -10 if kind == "own" else 16
        parts.append(f'<text class="note" x="{x}" y="{float(y) + below:.1f}">{escape(name)}</text>')
    for index, (name, points) in enumerate(marks):
        at = 40 + index * 190 + left - 40
        parts.append(_mark(index, at + 5, 42) + f'<text class="note" x="{at + 14}" y="46">{escape(name)}</text>')
        parts += [_mark(index, *map(float, place(x, y))) for x, y in points]
    return "\n".join(parts + ["</svg>"]) + "\n"


def _mark(index, x, y):
    if index == 0:
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<path class="mark" d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"/>'
