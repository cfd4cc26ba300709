/// The style sheet of charts. It sets no font family, so that charts look like the page around them.
enum ChartStyle {
  static let css = """
    \(colors)
    .plot { display: block; width: 100%; overflow: visible; font-size: 11px; font-variant-numeric: tabular-nums; }
    .plot-box { overflow: hidden; overflow: clip; overflow-clip-margin: 1px; }
    .plot text { fill: var(--text2); }
    .plot .label { fill: var(--text); font-size: 12.5px; unicode-bidi: isolate; }
    .plot .value { fill: var(--text); font-size: 12px; }
    .plot .halo { paint-order: stroke; stroke: var(--bg); stroke-width: 4px; stroke-linejoin: round; }
    .plot .grid { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges; }
    .plot .base { stroke: var(--text2); stroke-width: 1; shape-rendering: crispEdges; }
    .plot .limit { stroke: var(--limit); stroke-width: 1.25; stroke-dasharray: 5 3; }
    .plot .limit-label { fill: var(--limit); }
    .plot .line { fill: none; stroke: var(--c); stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round;
      vector-effect: non-scaling-stroke; }
    .plot .area { fill: var(--c); fill-opacity: 0.13; }
    .plot .series-label { fill: var(--c); font-size: 12px; unicode-bidi: isolate; }
    .bar { fill: var(--c); }
    .bar.tint1 { fill-opacity: 0.5; }
    .bar.tint2 { fill-opacity: 0.24; }
    .stack rect { fill: var(--c); stroke: var(--bg); stroke-width: 1.5; }
    .swatch { display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.45em; background: var(--c); }
    """

  private static var colors: String {
    let series = Palette.light.series.indices.map { ".s\($0) { --c: var(--s\($0)); }" }
    return (series + [".rest { --c: var(--rest); }", ".idle { --c: var(--idle); }"]).joined(separator: " ")
  }
}
