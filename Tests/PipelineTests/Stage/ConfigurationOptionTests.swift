import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite("Options that are declared once") struct ConfigurationOptionTests {
  struct Inner: ConfigurationObject, Equatable {
    var gain = 1.5
    static let options: [ConfigurationOption<Self>] = [.init("gain", \.gain, .number(0...9), "How much.")]
  }

  struct Settings: StageConfiguration, Equatable {
    var name = ""
    var count = 3
    var tags: [String] = []
    var limit: Double?
    var inner = Inner()
    var beside = Inner()
    var motion: Inner?

    static let options: [ConfigurationOption<Self>] =
      [
        .init("name", \.name, .string, required: true, "A name."),
        .init("count", \.count, .integer(1...9), "A number."),
        .init("tags", \.tags, .list(.string, count: 1...5), "Words."),
        .init("limit", \.limit, .number(0...1), "None when absent."),
        .init("inner", \.inner, .object(Inner.schema), "An object."),
        .init("onMotion", \.onMotion, Switchable<Inner>.kind, "Off, on, or settings."),
      ] + Inner.options.map { $0.of(\.beside) }

    private var onMotion: Switchable<Inner> {
      get { Switchable(motion) }
      set { motion = newValue.settings }
    }
  }

  private final class Stage: FrameStage {
    typealias Configuration = Settings
    static let type = "transform.options", summary = "Has options.", role = StageRole.sink
    static let maximumWorkers = 2
    let configuration: Settings
    init(_ configuration: Settings, context: StageContext) { self.configuration = configuration }
    func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }
    private final class Worker: FrameWorker {
      func process(_ frame: Frame) -> FrameOutcome { .emit(frame) }
    }
  }

  private func decoded(_ json: String) throws -> Settings {
    try JSONDecoder().decode(Settings.self, from: Data(json.utf8))
  }

  @Test("given options, when asked for the schema, then defaults are those of the settings")
  func defaults() {
    let schema = Settings.schema.properties
    #expect(schema.map(\.name) == ["name", "count", "tags", "limit", "inner", "onMotion", "gain"])
    #expect(schema.map(\.defaultJSON) == [nil, "3", nil, nil, "{}", "false", "1.5"])
    #expect(schema.map(\.isRequired) == [true] + Array(repeating: false, count: 6))
  }

  @Test("given JSON, when decoded, then what is absent has its default")
  func decoding() throws {
    var expected = Settings()
    expected.name = "a"
    #expect(try decoded(#"{"name": "a"}"#) == expected)
    expected.count = 7
    expected.limit = 0.5
    expected.inner.gain = 2
    expected.beside.gain = 3
    expected.motion = Inner()
    let text = #"{"name": "a", "count": 7, "limit": 0.5, "inner": {"gain": 2}, "gain": 3, "onMotion": true}"#
    #expect(try decoded(text) == expected)
    expected.motion?.gain = 4
    #expect(try decoded(text.replacing("true", with: #"{"gain": 4}"#)) == expected)
    expected.motion = nil
    #expect(try decoded(text.replacing("true", with: "false")) == expected)
  }

  @Test("given any settings, when encoded and decoded, then they are the same", arguments: 0..<64)
  func roundTrip(bits: Int) throws {
    var settings = Settings()
    settings.name = "n\(bits)"
    if bits & 1 != 0 { settings.count = 9 }
    if bits & 2 != 0 { settings.tags = ["x", "y"] }
    if bits & 4 != 0 { settings.limit = 0.25 }
    if bits & 8 != 0 { settings.inner.gain = 0 }
    if bits & 16 != 0 { settings.beside.gain = 7.25 }
    if bits & 32 != 0 { settings.motion = bits & 1 == 0 ? Inner() : Inner(gain: 8) }
    let encoded = try JSONEncoder().encode(settings)
    #expect(try JSONDecoder().decode(Settings.self, from: encoded) == settings)
    let keys = try #require(JSONSerialization.jsonObject(with: encoded) as? [String: Any]).keys
    #expect(keys.count == 1 + (0..<6).count { bits & (1 << $0) != 0 }, "only what differs: \(keys.sorted())")
  }

  @Test("given a stage in code, when its options are out of range, then every one is refused by name")
  func planInCode() throws {
    var settings = Settings()
    settings.name = "a"
    let good = try PipelinePlan.StagePlan("s", Stage.self, settings, after: ["camera"], workers: 2)
    #expect(good.descriptor.type == Stage.type && good.workers == 2 && good.after == ["camera"])
    #expect(try decoded(String(decoding: good.configuration, as: UTF8.self)) == settings)
    settings.count = 10
    settings.limit = 2
    let errors = #expect(throws: ConfigErrors.self) {
      try PipelinePlan.StagePlan("s", Stage.self, settings, workers: 3)
    }
    #expect(errors?.code == .invalidConfiguration)
    #expect(errors?.issues.map(\.path) == ["config.count", "config.limit", "workers"])
    #expect(errors?.description.contains("s: config.count: ") == true)
  }

  @Test("given numbers that JSON does not have, when a stage is made in code, then their option is named")
  func numbersThatAreNone() throws {
    for change in [{ $0.limit = .nan }, { $0.inner.gain = .infinity }] as [(inout Settings) -> Void] {
      var settings = Settings()
      settings.name = "a"
      change(&settings)
      let errors = #expect(throws: ConfigErrors.self) { try PipelinePlan.StagePlan("s", Stage.self, settings) }
      #expect(errors?.code == .invalidConfiguration && errors?.issues.count == 1)
      let path = errors?.issues.first?.path
      #expect(path == (settings.limit == nil ? "config.inner.gain" : "config.limit"), "\(errors?.description ?? "")")
    }
  }

  @Test("given a plan in code, when written as a file, then it is read as the same plan")
  func planAsFile() throws {
    var settings = Settings()
    settings.name = "a"
    settings.tags = ["x"]
    var registry = StageRegistry()
    registry.register(Stage.self)
    registry.register(FakeSource.self)
    let plan = PipelinePlan(
      name: "code", deadlineMs: 40, framesInFlight: 5,
      stages: [
        try .init("camera", FakeSource.self),
        try .init("s", Stage.self, settings, after: ["camera"], workers: 2, queueCapacity: 7, overflow: .dropOldest),
      ])
    let read = PipelinePlan(
      try PipelineConfig.load(text: plan.json, file: "p.json", registry: registry), registry: registry)
    #expect(read.name == "code" && read.deadlineMs == 40 && read.framesInFlight == 5)
    #expect(read.stages.map(\.id) == ["camera", "s"])
    #expect(read.stages[1].workers == 2 && read.stages[1].queueCapacity == 7 && read.stages[1].overflow == .dropOldest)
    #expect(try decoded(String(decoding: read.stages[1].configuration, as: UTF8.self)) == settings)
  }

  @Test("given a run whose only stream fails, when run, then its error is thrown once")
  func failingRun() throws {
    let collector = Collector()
    let missing = PipelineError("cannot open 'x.mp4'", consequence: .endStream, code: .notFound)
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "fails",
        stages: [.source("camera", count: 2, error: missing), .sink("end", after: ["camera"], into: collector)]))
    let error = #expect(throws: PipelineError.self) { try runner.run() }
    #expect(error?.code == .notFound && collector.sequences == [0, 1])
    let good = try PipelineRunner(
      PipelinePlan(
        name: "works", stages: [.source("camera", count: 2), .sink("end", after: ["camera"], into: collector)]))
    #expect(try good.run().isSuccess)
  }
}
