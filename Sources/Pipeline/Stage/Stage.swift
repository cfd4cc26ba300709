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
  /// False for stages that never look at the full picture, so that it can be freed early.
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

/// A stage that brings frames in: it owns streams, and each has a thread of its own.
public protocol SourceStage: Stage {
  /// The streams that the configuration names.
  var streams: [StreamInfo] { get }

  /// A stream that joins while the run goes on; it is then run like the others.
  ///
  /// - Throws: a ``PipelineError`` when the stage takes no more streams, or not this one.
  func makeStream(id: String, url: String) throws -> StreamInfo

  /// Emits the frames of one stream until its input ends, the output says stop, or an error is thrown.
  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws
}

extension SourceStage {
  public static var role: StageRole { .source }

  public func makeStream(id: String, url: String) throws -> StreamInfo {
    throw PipelineError(
      "stages of type '\(Self.type)' take no streams at run time", remedy: "add it to a source.ffmpeg stage",
      code: .invalidArgument)
  }
}

/// A stage that takes frames: a transform passes them on, a sink does not.
public protocol FrameStage: Stage {
  /// True for a frame that this stage passes on without work, such as one that a gate kept from a detector: its time
  /// says nothing about the next real one.
  func isIdle(for frame: Frame) -> Bool

  /// Called on each worker's own thread before the first frame; what is costly to open is opened here.
  func makeWorker(_ context: WorkerContext) throws -> any FrameWorker
}

extension FrameStage {
  public func isIdle(for frame: Frame) -> Bool { false }
}

/// A sink that is told when the streams that lead to it change their state, in order with their frames.
public protocol HealthObserver: FrameStage {}

/// The part of a ``HealthObserver`` that lives on one thread.
public protocol HealthObservingWorker: FrameWorker {
  func note(_ change: HealthChange) throws
}

/// The part of a stage that lives on one thread and is used by that thread alone.
public protocol FrameWorker: AnyObject {
  /// Does the stage's work on one frame. A thrown error's consequence says what is lost.
  func process(_ frame: Frame) throws -> FrameOutcome
  /// Called once after the last frame, also when the run ends early: flush and close.
  func finish() throws
}

extension FrameWorker {
  public func finish() throws {}
}

public enum FrameOutcome: Sendable {
  /// Passed on, or for a sink: delivered.
  case emit(Frame)
  case drop(DropReason)
}
