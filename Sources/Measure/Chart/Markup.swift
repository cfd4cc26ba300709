import EdgepipeCore
import Foundation

/// A piece of HTML or SVG that is also well-formed XML.
///
/// Only literals of the source code are markup. A `String` that is interpolated is text from outside and is escaped, so
/// that a name such as `<script>` cannot become an element, and a quote cannot end an attribute:
///
///     let heading: Markup = "<h1 title=\"\(name)\">\(name)</h1>"
struct Markup: Sendable, Equatable {
  let text: String

  static let empty: Markup = ""

  fileprivate init(raw text: String) { self.text = text }

  /// A style sheet of ours: no `<` and no `&`, which HTML and XML read differently there.
  init(stylesheet css: String) { text = css }

  static func + (left: Markup, right: Markup) -> Markup { Markup(raw: left.text + right.text) }

  /// The text for element content and quoted attributes, without characters that XML 1.0 does not allow.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result += " "
      default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
      }
    }
    return result
  }

  /// XML 1.0, production 2, without the C1 controls, which HTML does not allow.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFDCF, 0xFDF0...0xFFFD: true
    case 0x10000...: scalar.value & 0xFFFE != 0xFFFE
    default: false
    }
  }
}

extension Markup: ExpressibleByStringInterpolation {
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ outside: String) { text += Markup.escaped(outside) }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ pieces: [Markup]) { for piece in pieces { text += piece.text } }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }
    /// A coordinate, to a hundredth.
    mutating func appendInterpolation(_ coordinate: Double) { text += Figure.coordinate(coordinate) }
  }

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
}
