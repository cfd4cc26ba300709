import EdgepipeCore

/// What a pipeline file may hold. Other programs read such files: keys stay, and `version` rises when they must change.
public enum PipelineSchema {
  /// The version that this program reads.
  public static let version = 1
  /// What the names of stages look like: they appear in file names, metrics and thread names.
  static let idPattern = "^[A-Za-z0-9_-]{1,32}$"
  static let maximumStages = 256
  static let maximumPlugins = 64

  /// The whole file; what is in a stage's `config` depends on its type.
  static let file = ObjectSchema([
    .init("$schema", .string, "The JSON Schema for editors; ignored otherwise."),
    .init("version", .integer(version...version), required: true, "The version of the file format."),
    .init("name", .string, "The pipeline's name in reports; the file's name when absent."),
    .init("budget", .object(budget), "The limits of the pipeline."),
    .init("framesInFlight", .integer(1...1024), "Frames that may be in the pipeline at once; limits the memory."),
    .init(
      "plugins", .list(.string, count: 1...maximumPlugins),
      "Folders with plugins whose stage types the file uses, relative to the working directory."),
    .init("stages", .list(.object(stage), count: 1...maximumStages), required: true, "The stages, in any order."),
  ])

  static let budget = ObjectSchema([
    .init("deadlineMs", .number(1...3_600_000), "Milliseconds from capture to delivery for frames of live sources."),
    .init("memoryMB", .number(1...1_000_000), "Megabytes of memory that a supervised run should not exceed."),
    .init("powerW", .number(0.1...10_000), "Watts that the machine should not exceed."),
    .init(
      "enforce", .bool, default: "false",
      "Keeps the power below powerW: detectors process fewer frames of live streams while it would be exceeded."),
  ])

  static let stage = ObjectSchema([
    .init("id", .string, required: true, "The stage's name: 1 to 32 letters, digits, '-' and '_', unique in the file."),
    .init("type", .string, required: true, "What the stage does."),
    .init("after", .list(.string, count: 0...maximumStages), "The stages whose frames this one takes."),
    .init("workers", .integer(1...64), default: "1", "Threads that work on frames at the same time."),
    .init("queue", .object(queue), "The queue in front of the stage."),
    .init(
      "requires", .word(StageRequirement.allCases.map(\.rawValue)),
      "What must hold for all frames that come to it: anonymized, that every way to it leads through a privacy.anonymize."
    ),
    .init("config", .anyObject, "The options of the stage type."),
  ])

  static let queue = ObjectSchema([
    .init(
      "capacity", .integer(1...4096),
      "Frames that may wait; \(QueueSettings.defaultCapacity), or two for each stream if that is more, when absent."),
    .init(
      "overflow", .word(OverflowPolicy.allCases.map(\.rawValue)),
      "What a full queue does; block behind files and dropLate behind live sources when absent."),
  ])
}
