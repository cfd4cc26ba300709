public import EdgepipeCore

/// What a stage is in the graph: no input, input and output, or no output.
public enum StageRole: String, Sendable, CaseIterable {
  case source
  case transform
  case sink
}

/// One named step of a pipeline, made from its `config` object.
///
/// A stage is one file: its documentation (purpose, input, output, what it drops and why, the trade-off, JSON to
/// paste), a nested ``Configuration`` with defaults, `type`, and its work. It is registered in one visible list.
public protocol Stage: AnyObject, Sendable {
  associatedtype Configuration: StageConfiguration

  /// `role.name`, such as `detect.yolo`.
  static var type: String { get }
  /// One line for `edgepipe stages` and the JSON Schema.
  static var summary: String { get }
  static var role: StageRole { get }
  /// How many workers the stage allows: 1 for stages that must see frames in order.
  static var maximumWorkers: Int { get }
  /// False for stages that never look at the full picture, so that it can be freed early. Where it depends on the
  /// configuration, this is true and ``StageInterface/needsImage`` says what holds.
  static var needsImage: Bool { get }

  /// Checks the configuration and whatever it names (files, models); opens nothing that costs time or memory.
  init(_ configuration: Configuration, context: StageContext) throws

  /// Called once every stage of the pipeline exists: finds the stages that this one works for.
  func connect(to peers: StagePeers) throws

  /// What it gives and asks for by name; read once every stage is connected.
  var interface: StageInterface { get }

  /// The files that the stage reads and writes for these streams: of a source its own ones, else those whose frames
  /// come to it. Asked before anything is opened for writing, and again for a stream that joins.
  func files(for streams: [String]) -> [FileUse]

  /// What would make the stage faster or cheaper; read after the run.
  var tips: [StageTip] { get }

  /// Facts for the run report, such as the engine and the model; read after the run, and by any thread during it.
  var facts: [String: ReportValue] { get }
}

extension Stage {
  public static var maximumWorkers: Int { 1 }
  public static var needsImage: Bool { false }
  public func connect(to peers: StagePeers) throws {}
  public var interface: StageInterface { StageInterface() }
  public func files(for streams: [String]) -> [FileUse] { [] }
  public var tips: [StageTip] { [] }
  public var facts: [String: ReportValue] { [:] }
}
