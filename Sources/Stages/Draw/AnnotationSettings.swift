public import Pipeline

/// What sinks of pictures draw on them.
public struct AnnotationSettings: ConfigurationObject, Hashable {
  public var labels = true
  public var tracks = true
  public var zones = true

  public init() {}

  public static let options: [ConfigurationOption<Self>] = [
    .init("labels", \.labels, .bool, changeable: true, "Draws plates with label and score."),
    .init("tracks", \.tracks, .bool, changeable: true, "Draws track numbers, and colours by track."),
    .init("zones", \.zones, .bool, changeable: true, "Draws zones and lines with their counts."),
  ]
}
