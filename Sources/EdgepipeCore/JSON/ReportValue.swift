import Foundation

/// A value in the run report.
public enum ReportValue: Sendable, Hashable {
  case string(String)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case null
  indirect case list([ReportValue])
  indirect case object([String: ReportValue])
}

extension ReportValue: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .string(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value) where value.isFinite: try container.encode(value)
    case .double, .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .object(let values): try container.encode(values)
    }
  }

  /// Indented JSON with sorted keys, ending in a newline.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }

  /// `value` to three decimals: finer digits are noise in a report.
  public static func rounded(_ value: Double) -> ReportValue { .double((value * 1000).rounded() / 1000) }
}
