public import Detectors
public import Pipeline

/// What a detecting stage does with less, while its model hangs or is slow.
public struct FallbackSettings: ConfigurationObject, Hashable {
  /// A lighter one.
  public var model: String?
  /// A smaller one.
  public var shape: InputShape?
  /// A longer one.
  public var interval: Int?
  /// Until the stage's own options are tried again, the first time; twice as long after each trial that fails.
  public var retryS = 30.0

  public init() {}

  public static let options: [ConfigurationOption<Self>] = [
    .init("model", \.model, .string, "A lighter model, which is kept open for it."),
    .init(
      "shape", \.shape, .any([.word(["auto", "square"]), .list(.integer(32...8192), count: 2...2)]),
      "A smaller input, as in the stage's `shape`."),
    .init("interval", \.interval, .integer(1...10_000), "A longer interval, as in the stage's `interval`."),
    .init(
      "retryS", \.retryS, .number(1...86_400),
      "Seconds until the stage's own options are tried again; twice as many after each time that this fails, at most 30 minutes or this."
    ),
  ]

  /// The options that it stands for.
  var changes: Changes { Changes(model: model, shape: shape, interval: interval) }

  struct Changes: Encodable {
    let model: String?
    let shape: InputShape?
    let interval: Int?

    var isEmpty: Bool { model == nil && shape == nil && interval == nil }
  }
}

extension DetectorSettings {
  /// With the fallback in force.
  func with(_ fallback: FallbackSettings) -> Self {
    var settings = self
    settings.model = fallback.model ?? model
    settings.shape = fallback.shape ?? shape
    settings.gate.interval = fallback.interval ?? gate.interval
    // It is there for when the rest fails.
    if settings.model != model { settings.place = .edge }
    return settings
  }
}
