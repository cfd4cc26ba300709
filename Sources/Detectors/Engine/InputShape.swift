import EdgepipeCore

/// The `shape` option of a stage that runs a model.
public enum InputShape: Sendable, Hashable {
  /// The smallest rectangle of 32-multiples that holds the picture, its longer side the model's nominal size.
  case auto
  /// The model's nominal size in both directions.
  case square
  /// Exactly this, in pixels.
  case fixed(height: Int, width: Int)
}

/// `"auto"`, `"square"` or `[height, width]`.
extension InputShape: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let word = try? value.decode(String.self) {
      switch word {
      case "auto": self = .auto
      case "square": self = .square
      default: throw DecodingError.dataCorruptedError(in: value, debugDescription: "'\(word)' is not a shape")
      }
      return
    }
    let sizes = try value.decode([Int].self)
    guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 }) else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "a shape is [height, width]")
    }
    self = .fixed(height: sizes[0], width: sizes[1])
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .auto: try value.encode("auto")
    case .square: try value.encode("square")
    case .fixed(let height, let width): try value.encode([height, width])
    }
  }
}
