import Foundation

@testable import EdgepipeCore
@testable import Pipeline

/// Stage types that exist for the tests of the pipeline file: nothing ever makes them.
enum ConfigTestStages {
  static var registry: StageRegistry {
    var registry = StageRegistry()
    registry.register(FileSource.self)
    registry.register(Scale.self)
    registry.register(Detect.self)
    registry.register(Track.self)
    registry.register(Lines.self)
    return registry
  }

  struct Never: Error {}

  final class FileSource: Stage {
    struct Configuration: StageConfiguration {
      var url: String?
      var streams: [[String: String]]?
      var realtime = false

      static let options: [ConfigurationOption<Self>] = [
        .init("url", \.url, .string, "What to open."),
        .init("streams", \.streams, .list(.anyObject, count: 1...9), "Several."),
        .init("realtime", \.realtime, .bool, "Whether files are paced."),
      ]
    }
    static let type = "source.test", summary = "Frames from a file.", role = StageRole.source
    init(_ configuration: Configuration, context: StageContext) throws { throw Never() }
  }

  final class Scale: Stage {
    struct Configuration: StageConfiguration {
      var consumers: [String]?

      static let options: [ConfigurationOption<Self>] = [
        .init("for", \.consumers, .list(.string, count: 1...8), "The detectors it works for.")
      ]
    }
    static let type = "preprocess.test", summary = "Scales frames.", role = StageRole.transform
    static let maximumWorkers = 4
    init(_ configuration: Configuration, context: StageContext) throws { throw Never() }
  }

  final class Detect: Stage {
    struct Configuration: StageConfiguration {
      struct Tuning: ConfigurationObject {
        var fast: Bool?
        static let options: [ConfigurationOption<Self>] = [.init("fast", \.fast, .bool, "Whether to hurry.")]
      }

      var model = ""
      var shape = "auto"
      var score = 0.3
      var maxDetections = 300
      var classes: [String]?
      var tuning: Tuning?

      static let options: [ConfigurationOption<Self>] = [
        .init("model", \.model, .string, required: true, "The model."),
        .init(
          "shape", \.shape, .any([.word(["auto", "square"]), .list(.integer(32...4096), count: 2...2)]),
          "The input size."),
        .init("score", \.score, .number(0...1), "The lowest score."),
        .init("maxDetections", \.maxDetections, .integer(1...1000), "The most boxes."),
        .init("classes", \.classes, .list(.string, count: 0...1000), "The classes to keep."),
        .init("tuning", \.tuning, .object(Tuning.schema), "How it runs."),
      ]
    }
    static let type = "detect.test", summary = "Finds things.", role = StageRole.transform
    static let maximumWorkers = 8
    init(_ configuration: Configuration, context: StageContext) throws { throw Never() }
  }

  final class Track: Stage {
    typealias Configuration = NoConfiguration
    static let type = "track.test", summary = "Follows things.", role = StageRole.transform
    init(_ configuration: Configuration, context: StageContext) throws { throw Never() }
  }

  final class Lines: Stage {
    struct Configuration: StageConfiguration {
      var path = ""

      static let options: [ConfigurationOption<Self>] = [
        .init("path", \.path, .string, required: true, "Where to write.")
      ]
    }
    static let type = "sink.test", summary = "Writes lines.", role = StageRole.sink
    init(_ configuration: Configuration, context: StageContext) throws { throw Never() }
  }

  /// A pipeline in which nothing is wrong.
  static let good = """
    {
      "version": 1,
      "name": "good",
      "budget": { "deadlineMs": 100, "powerW": 12.5 },
      "framesInFlight": 12,
      "stages": [
        { "id": "camera", "type": "source.test", "config": { "url": "a.mp4" } },
        { "id": "scale", "type": "preprocess.test", "after": ["camera"], "config": { "for": ["objects"] } },
        { "id": "objects", "type": "detect.test", "after": ["scale"], "workers": 2,
          "queue": { "capacity": 8, "overflow": "dropOldest" },
          "config": { "model": "tiny", "shape": [320, 640], "score": 0.5 } },
        { "id": "tracks", "type": "track.test", "after": ["objects"] },
        { "id": "events", "type": "sink.test", "after": ["tracks"], "config": { "path": "out/events.jsonl" } }
      ]
    }
    """

  static func load(
    _ text: String, set: [String] = [], source: [String] = [], environment: [String: String] = [:]
  ) throws(ConfigErrors) -> PipelineConfig {
    try PipelineConfig.load(
      text: text, file: "p.json", registry: registry, overrides: PipelineOverrides(sets: set, sources: source),
      environment: environment)
  }

  /// The issues of a text, one a line; empty when nothing is wrong.
  static func issues(
    _ text: String, set: [String] = [], source: [String] = [], environment: [String: String] = [:]
  ) -> [String] {
    do throws(ConfigErrors) {
      _ = try load(text, set: set, source: source, environment: environment)
      return []
    } catch {
      return error.description.split(separator: "\n").map(String.init)
    }
  }

  /// `good` with one piece of text replaced.
  static func good(_ old: String, _ new: String) -> String { good.replacing(old, with: new) }

  /// The issues of a pipeline with these stages, one stage a line from line 2 on.
  static func issues(stages: String...) -> [String] {
    issues("{\"version\":1,\"stages\":[\n" + stages.joined(separator: ",\n") + "]}")
  }
}
