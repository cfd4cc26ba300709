import Foundation
import Testing

@testable import Measure

@Suite("Colours")
struct PaletteTests {
  @Test(
    "given either background, when text is put on it, then the contrast is 4.5 : 1 at least (WCAG 2.2, 1.4.3)",
    arguments: [Palette.light, .dark])
  func text(palette: Palette) throws {
    for behind in [palette.background, palette.surface] {
      for color in [palette.text, palette.secondaryText, palette.limit] {
        #expect(try Self.contrast(color, behind) >= 4.5, "\(color) on \(behind)")
      }
    }
  }

  @Test(
    "given either background, when marks are put on it, then the contrast is 3 : 1 at least (WCAG 2.2, 1.4.11)",
    arguments: [Palette.light, .dark])
  func marks(palette: Palette) throws {
    for color in palette.series + [palette.rest] {
      #expect(try Self.contrast(color, palette.background) >= 3, "\(color)")
    }
  }

  @Test(
    "given any kind of colour vision, when two series are compared, then they differ about as much as Okabe and Ito's",
    arguments: [Palette.light, .dark])
  func differ(palette: Palette) throws {
    let okabeIto = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442"]
    #expect(try Self.nearest(palette.series) > 0.93 * Self.nearest(okabeIto))
    // The measure itself: red and green of the same lightness are one colour to some.
    #expect(try Self.nearest(["#a0522d", "#5d7122"]) < 0.5 * Self.nearest(okabeIto))
  }

  @Test("given both palettes, when compared, then they have the same number of series")
  func counts() { #expect(Palette.light.series.count == Palette.dark.series.count) }

  // MARK: Colour arithmetic

  /// Linear red, green and blue of `#rrggbb` (IEC 61966-2-1).
  private static func linear(_ hex: String) throws -> [Double] {
    let value = try #require(Int(hex.dropFirst(), radix: 16))
    return [16, 8, 0].map { shift in
      let part = Double(value >> shift & 0xFF) / 255
      return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
    }
  }

  private static func contrast(_ one: String, _ other: String) throws -> Double {
    let luminances = try [one, other].map { hex in
      zip(try linear(hex), [0.2126, 0.7152, 0.0722]).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return ((luminances.max() ?? 0) + 0.05) / ((luminances.min() ?? 0) + 0.05)
  }

  /// The smallest distance of two of the colours in Oklab (Ottosson 2020) to normal, protanope, deuteranope and tritanope
  /// eyes (Machado, Oliveira and Fernandes 2009, severity 1).
  private static func nearest(_ colors: [String]) throws -> Double {
    let visions: [[[Double]]] = [
      [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
      [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
      [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
      [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
    var nearest = Double.infinity
    for vision in visions {
      let seen = try colors.map { oklab(multiply(vision, try linear($0)).map { min(max($0, 0), 1) }) }
      for one in seen.indices {
        for other in seen.indices.dropFirst(one + 1) {
          nearest = min(nearest, zip(seen[one], seen[other]).reduce(0) { $0 + pow($1.0 - $1.1, 2) }.squareRoot())
        }
      }
    }
    return nearest
  }

  private static func oklab(_ linear: [Double]) -> [Double] {
    let cones = multiply(
      [
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ], linear)
    return multiply(
      [
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
      ], cones.map(cbrt))
  }

  private static func multiply(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }
}
