import EdgepipeCore
import Foundation

/// The settings of a stage that make it faster or slower, and what it says of its model: read for advice alone.
struct StageSettingsView: Sendable, Hashable {
  enum Shape: Sendable, Hashable {
    case auto
    case square
    case fixed(height: Int, width: Int)
  }

  var shape = Shape.auto
  var interval = 1
  var maxRate: Double?
  var looksOnMotion = false
  var threads = 1
  var preset: String?
  var height: Int?
  /// The decoder leaves out frames.
  var skipsFrames = false
  /// The decoder leaves out smoothing.
  var skipsLoopFilter = false
  var realtime = false
  /// What the stage ran: `float32`, `int8`, ...
  var precision: String?
  /// The largest input that the model really had.
  var inputSize: Size?
  /// Whether the model is meant for pictures of one shape and takes no other.
  var hasOwnShape = false

  struct Size: Sendable, Hashable {
    var width: Int
    var height: Int

    init(width: Int, height: Int) {
      self.width = width
      self.height = height
    }
  }

  init() {}

  /// - Parameters:
  ///   - configuration: the stage's `config` object as JSON.
  ///   - facts: what the stage said of itself at the end.
  init(configuration: [UInt8], facts: [String: ReportValue]) {
    if let read = try? JSONDecoder().decode(Configuration.self, from: Data(configuration)) { take(read) }
    if case .string(let value)? = facts["precision"] { precision = value }
    hasOwnShape = facts["own_shape"] != nil
    if case .list(let sizes)? = facts["input_sizes"] {
      inputSize = sizes.compactMap(Self.size).max { $0.width * $0.height < $1.width * $1.height }
    }
  }

  private mutating func take(_ read: Configuration) {
    switch read.shape {
    case .word("square")?: shape = .square
    case .sides(let sides)? where sides.count == 2: shape = .fixed(height: sides[0], width: sides[1])
    default: break
    }
    interval = read.interval ?? 1
    maxRate = read.maxRate
    looksOnMotion = read.onMotion?.isOn ?? false
    threads = read.threads ?? 1
    preset = read.preset
    height = read.height
    skipsFrames = read.skip?.frames.map { $0 != "none" } ?? false
    skipsLoopFilter = read.skip?.loopFilter.map { $0 != "none" } ?? false
    realtime = read.realtime ?? false
  }

  /// `416x256`, width x height.
  private static func size(_ value: ReportValue) -> Size? {
    guard case .string(let text) = value else { return nil }
    let sides = text.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2, sides.allSatisfy({ (1...65_536).contains($0) }) else { return nil }
    return Size(width: sides[0], height: sides[1])
  }

  /// Keys of several stage types; each has some of them.
  private struct Configuration: Decodable {
    var shape: ShapeOption?
    var interval: Int?
    var maxRate: Double?
    var onMotion: Motion?
    var threads: Int?
    var preset: String?
    var height: Int?
    var skip: Skip?
    var realtime: Bool?
  }

  private struct Skip: Decodable {
    var frames: String?
    var loopFilter: String?
  }

  private enum ShapeOption: Decodable {
    case word(String)
    case sides([Int])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let word = try? value.decode(String.self) {
        self = .word(word)
      } else {
        self = .sides(try value.decode([Int].self))
      }
    }
  }

  /// `true`, `false`, or an object of settings.
  private struct Motion: Decodable {
    var isOn: Bool

    init(from decoder: any Decoder) throws { isOn = (try? decoder.singleValueContainer().decode(Bool.self)) ?? true }
  }
}
