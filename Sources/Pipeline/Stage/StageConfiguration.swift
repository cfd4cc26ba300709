public import EdgepipeCore

/// The `config` object of a stage: what it may hold, and the decoded values.
///
/// The schema is what `edgepipe validate` checks and `edgepipe schema` prints; after a successful check, decoding
/// finds only values that it can take. Keys that are absent take the defaults of `init(from:)`.
public protocol StageConfiguration: Decodable, Sendable {
  static var schema: ObjectSchema { get }
}

/// For stages without options.
public struct NoConfiguration: StageConfiguration {
  public static let schema = ObjectSchema([])
  public init() {}
}
