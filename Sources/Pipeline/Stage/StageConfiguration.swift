import EdgepipeCore

/// The `config` object of a stage.
public protocol StageConfiguration: ConfigurationObject {}

/// For stages without options.
public struct NoConfiguration: StageConfiguration {
  public static let options: [ConfigurationOption<Self>] = []
  public init() {}
}
