/// What a library says of one of its stage types.
package struct PluginTypeFacts: Sendable, Hashable {
  /// The header's numbers.
  package enum Role: UInt32, Sendable {
    case source = 1
    case transform, sink
  }

  package struct Flags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let needsPicture = Self(rawValue: 1)
    package static let needsDetections = Self(rawValue: 2)
    package static let needsTracks = Self(rawValue: 4)
    package static let makesPictures = Self(rawValue: 8)
    package static let detects = Self(rawValue: 16)
    package static let isLive = Self(rawValue: 32)
  }

  package var type: String
  package var role: Role
  package var summary: String
  package var flags: Flags
  /// At least 1.
  package var maximumWorkers: Int
  /// Nil: five seconds.
  package var timeLimitMs: Int?
  /// FFmpeg's names, best first; nil: any.
  package var formats: [String]?
  /// Nil: nobody knows beforehand.
  package var labels: [String]?
  /// A JSON Schema; nil: no options.
  package var schema: String?

  package init(
    type: String, role: Role, summary: String, flags: Flags = [], maximumWorkers: Int = 1, timeLimitMs: Int? = nil,
    formats: [String]? = nil, labels: [String]? = nil, schema: String? = nil
  ) {
    self.type = type
    self.role = role
    self.summary = summary
    self.flags = flags
    self.maximumWorkers = maximumWorkers
    self.timeLimitMs = timeLimitMs
    self.formats = formats
    self.labels = labels
    self.schema = schema
  }
}
