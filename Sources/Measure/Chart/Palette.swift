/// The colours of charts and pages, for a light and a dark background.
///
/// The series' colours are told apart with each kind of colour blindness about as well as those of Okabe and Ito, and
/// unlike theirs each stands out from its background by 3 : 1 (WCAG 2.2, 1.4.11); text does so by 4.5 : 1 (1.4.3).
/// Colour is never the only thing that tells two parts apart: they stand in the order of their labels.
struct Palette: Sendable, Equatable {
  /// sRGB, `#rrggbb`, like all of them.
  let background: String
  /// Behind what stands out from the background.
  let surface: String
  let text: String
  let secondaryText: String
  /// Lines of grids and tables: decoration, which needs no contrast.
  let rule: String
  /// For different things in one drawing.
  let series: [String]
  /// The rest beside the series.
  let rest: String
  /// What was not used.
  let idle: String
  /// Limits.
  let limit: String

  static let light = Palette(
    background: "#fcfcfb", surface: "#f1f3f5", text: "#1b1f24", secondaryText: "#59616b", rule: "#dfe2e5",
    series: ["#2269bf", "#c2520f", "#009566", "#ab4394", "#b8860b", "#4094e7", "#882255"],
    rest: "#8a9099", idle: "#dde1e5", limit: "#b42318")

  static let dark = Palette(
    background: "#15181c", surface: "#1e2329", text: "#e6e8ea", secondaryText: "#a0a9b3", rule: "#2f353c",
    series: ["#4eaeff", "#e97439", "#52a972", "#cb7fc9", "#e6c34a", "#8fd3f4", "#9a4b74"],
    rest: "#7d8590", idle: "#343b43", limit: "#ff8a80")

  /// The declarations of CSS variables: `--bg: #fcfcfb; ...`.
  var variables: String {
    let named = [
      ("bg", background), ("surface", surface), ("text", text), ("text2", secondaryText), ("rule", rule),
      ("rest", rest), ("idle", idle), ("limit", limit),
    ]
    let numbered = series.enumerated().map { ("s\($0.offset)", $0.element) }
    return (named + numbered).map { "--\($0.0): \($0.1);" }.joined(separator: " ")
  }
}

/// Which of the palette's colours a mark has.
enum ChartColor: Sendable, Hashable {
  /// From 0; after the last one they begin again.
  case series(Int)
  case rest
  case idle

  /// The CSS class that sets the variable `--c`.
  var name: String {
    switch self {
    case .series(let index): "s\(index % Palette.light.series.count)"
    case .rest: "rest"
    case .idle: "idle"
    }
  }
}
