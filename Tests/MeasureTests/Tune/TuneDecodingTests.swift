@testable import Pipeline
import Testing

@testable import Measure
@testable import Stages

@Suite("Ways of decoding that tuning tries")
struct TuneDecodingTests {
  /// A pipeline of these sources, by id, and a sink.
  private func config(_ sources: [(id: String, stage: String)], sets: [String] = []) throws -> PipelineConfig {
    let stages = sources.map(\.stage).joined(separator: ",\n"), ids = sources.map { "\"\($0.id)\"" }
    return try PipelineConfig.load(
      text: """
        { "version": 1, "name": "t", "stages": [
          \(stages),
          { "id": "end", "type": "sink.null", "after": [\(ids.joined(separator: ", "))] }
        ] }
        """, file: "test.json", registry: .builtin, overrides: PipelineOverrides(sets: sets))
  }

  private func decoders(_ options: String = "") throws -> TuneDecoders {
    TuneDecoders(try config([source("a", options)]).stages)
  }

  private func source(_ id: String, _ options: String = "") -> (id: String, stage: String) {
    (id, #"{ "id": "\#(id)", "type": "source.ffmpeg", "config": { "url": "a.mp4"\#(options) } }"#)
  }

  @Test("given a source as it is by default, when asked, then more threads come first and then ever less of the filter")
  func standard() throws {
    let steps = try decoders().steps(after: TuneDecoding(), cores: 2)
    #expect(
      steps == [
        TuneDecoding(threads: 2), TuneDecoding(skippedLoopFilter: "nonReference"),
        TuneDecoding(skippedLoopFilter: "all"),
      ])
  }

  @Test("given sources that have threads or skip already, when asked, then only what goes beyond them is left")
  func beyond() throws {
    let some = try decoders(#", "threads": 2, "skip": { "loopFilter": "nonReference" }"#)
    #expect(some.steps(after: TuneDecoding(), cores: 2) == [TuneDecoding(skippedLoopFilter: "all")])
    let all = try decoders(#", "threads": 0, "skip": { "loopFilter": "all" }"#)
    #expect(all.steps(after: TuneDecoding(), cores: 2).isEmpty)
    let fresh = try decoders()
    let found = TuneDecoding(threads: 2, skippedLoopFilter: "nonReference")
    #expect(fresh.steps(after: found, cores: 2) == [TuneDecoding(skippedLoopFilter: "all")])
  }

  @Test("given a pipeline without a decoder, when asked, then nothing is tried")
  func none() throws {
    let decoders = TuneDecoders(try config([("a", #"{ "id": "a", "type": "source.synthetic" }"#)]).stages)
    #expect(decoders.sources.isEmpty && decoders.steps(after: TuneDecoding(), cores: 2).isEmpty)
  }

  @Test("given a choice, when its overrides are made, then a pipeline with them decodes so at every source")
  func overrides() throws {
    let films = [source("a"), source("b")]
    let sources = TuneDecoders(try config(films).stages).sources
    #expect(sources == ["a", "b"])
    var choice = TuneChoice(model: "m", shape: #""auto""#, workers: 1, threads: 1, interval: 1)
    #expect(!choice.sets(for: "objects", sources: sources).contains { $0.hasPrefix("a.") })
    choice.decoding = TuneDecoding(threads: 2).changed(by: TuneDecoding(skippedLoopFilter: "all"))
    #expect(choice.split == "1 x 1 thread, every frame, decoding threads=2 skip.loopFilter=all")
    let sets = choice.sets(for: "objects", sources: sources).filter { !$0.hasPrefix("objects.") }
    let config = try config(films, sets: sets)
    for id in sources {
      let stage = try #require(config[stage: id])
      #expect(stage.config["threads"]?.integer == 2)
      #expect(stage.config["skip"]?["loopFilter"]?.string == "all")
    }
  }
}
