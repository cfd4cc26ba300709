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
