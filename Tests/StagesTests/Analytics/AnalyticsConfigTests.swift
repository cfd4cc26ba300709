import Foundation
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// What pipeline files may say about zones and lines, through the checks of `edgepipe validate`.
@Suite struct AnalyticsConfigTests {
  /// What is wrong with a stage's `config`, as a user would read it; nil when nothing is.
  private func refusal(_ type: String, _ config: String) -> String? {
    let text = """
      { "version": 1, "name": "test", "stages": [
        { "id": "camera", "type": "source.ffmpeg", "config": { "url": "a.mp4" } },
        { "id": "rules", "type": "\(type)", "after": ["camera"], "config": \(config) },
        { "id": "end", "type": "sink.null", "after": ["rules"] } ] }
      """
    do {
      _ = try PipelineConfig.load(text: text, file: "test.json", registry: .builtin)
      let descriptor = try #require(StageRegistry.builtin[type])
      _ = try descriptor.make(Data(config.utf8), SinkFixture.context("rules"))
      return nil
    } catch let error as PipelineError {
      #expect(error.exit == .config, "\(error)")
      return error.description
    } catch {
      return "\(error)"
    }
  }

  private func zone(_ points: String, _ more: String = "") -> String {
    #"{ "zones": [{ "name": "yard", "points": \#(points)\#(more) }] }"#
  }

  private func line(_ points: String, _ more: String = "") -> String {
    #"{ "lines": [{ "name": "gate", "points": \#(points)\#(more) }] }"#
  }

  @Test func `given good zones and lines when checked then nothing is wrong`() {
    let good = [
      zone("[[0, 0], [100, 0], [100, 100]]"),
      zone("[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]", #", "units": "relative""#),
      zone("[[-50, -50], [4000, 0], [4000.5, 3000]]", #", "anchor": "center", "labels": ["car"], "streams": ["a"]"#),
    ]
    for config in good { #expect(refusal("analytics.zones", config) == nil, "\(config)") }
    #expect(refusal("analytics.lines", line("[[0, 0], [0, 1]]")) == nil)
    #expect(
      refusal("analytics.lines", line("[[0.5, 0], [0.5, 1]]", #", "units": "relative", "directions": ["a", "b"]"#))
        == nil)
    let twins =
      #"{ "name": "a", "points": [[0,0],[9,0],[9,9]], "streams": ["one"] }, { "name": "a", "points": [[0,0],[9,0],[9,9]], "streams": ["two"] }"#
    #expect(refusal("analytics.zones", #"{ "zones": [\#(twins)] }"#) == nil)
  }

  @Test(arguments: [
    (#"[[0, 0], [10, 0]]"#, "", "3"), (#"[[0, 0], [10, 0], [0, 0]]"#, "", "same"),
    (#"[[0, 0], [10, 0], [10, 0], [10, 10]]"#, "", "points 1 and 2"),
    (#"[[0, 0], [10, 0], [20, 0]]"#, "", "almost no area"), (#"[[0, 0], [0.1, 0], [0, 0.1]]"#, "", "almost no area"),
    (#"[[0, 0], [10, 10], [10, 0], [0, 20]]"#, "", "crosses itself"),
    (#"[[0, 0], [10], [10, 10]]"#, "", "2 entries"), (#"[[0, 0], [10, 0, 0], [10, 10]]"#, "", "2 entries"),
    (#"[[0, 0], ["a", 0], [10, 10]]"#, "", "expected a number"),
    (#"[[0, 0], [null, 0], [10, 10]]"#, "", "expected a number"),
    (#"[[0, 0], [2, 0], [1, 1]]"#, #", "units": "relative""#, "0...1"),
    (#"[[0, 0], [1, 0], [1, -0.001]]"#, #", "units": "relative""#, "0...1"),
    (#"[[0, 0], [1e7, 0], [10, 10]]"#, "", "1000000"), (#"[[0, 0], [1e400, 0], [10, 10]]"#, "", "1e400"),
    (#"[[0, 0], [NaN, 0], [10, 10]]"#, "", "test.json"), (#"[[0, 0], [Infinity, 0], [10, 10]]"#, "", "test.json"),
    (#"[]"#, "", "3 to 256"), (#"{}"#, "", "expected a list"),
    (#"[[0, 0], [10, 0], [10, 10]]"#, #", "dwellS": -1"#, "0.01"),
    (#"[[0, 0], [10, 0], [10, 10]]"#, #", "dwellS": 1e308"#, "604800"),
    (#"[[0, 0], [10, 0], [10, 10]]"#, #", "dwells": 5"#, "dwellS"),
    (#"[[0, 0], [10, 0], [10, 10]]"#, #", "labels": []"#, "entries"),
  ])
  func `given a bad zone when checked then the message says what is wrong with it`(
    points: String, more: String, expected: String
  ) {
    let message = refusal("analytics.zones", zone(points, more))
    #expect(message?.contains(expected) == true, "\(message ?? "nothing")")
  }

  @Test(arguments: [
    (#"[[0, 0]]"#, "", "2"), (#"[[0, 0], [1, 1], [2, 2]]"#, "", "2"), (#"[[5, 5], [5, 5]]"#, "", "same"),
    (#"[[0, 0], [10, 0]]"#, #", "directions": ["in", "in"]"#, "different"),
    (#"[[0, 0], [10, 0]]"#, #", "directions": ["in", ""]"#, "different"),
    (#"[[0, 0], [10, 0]]"#, #", "directions": ["in"]"#, "entries"),
    (#"[[0, 0], [1.5, 0]]"#, #", "units": "relative""#, "0...1"),
    (#"[[0, 0], [-1e9, 0]]"#, "", "1000000"),
  ])
  func `given a bad line when checked then the message says what is wrong with it`(
    points: String, more: String, expected: String
  ) {
    let message = refusal("analytics.lines", line(points, more))
    #expect(message?.contains(expected) == true, "\(message ?? "nothing")")
  }

  @Test func `given bad names when checked then they are refused by name`() {
    func zones(_ names: [String], _ more: String = "") -> String? {
      let zones = names.map { "{ \"name\": \"\($0)\", \"points\": [[0, 0], [9, 0], [9, 9]]\(more) }" }
      return refusal("analytics.zones", "{ \"zones\": [\(zones.joined(separator: ","))] }")
    }
    #expect(zones(["a", "b", "a"])?.contains("two zones called 'a'") == true)
    #expect(zones(["a", "a"], #", "streams": ["x"]"#)?.contains("two zones called 'a'") == true)
    #expect(zones(["  "])?.contains("zones[0]") == true)
    #expect(zones(["a", String(repeating: "é", count: 65)])?.contains("zones[1]") == true)
    #expect(zones((0..<65).map { "z\($0)" })?.contains("1 to 64") == true)
    #expect(refusal("analytics.zones", "{}")?.contains("zones") == true)
    #expect(refusal("analytics.lines", #"{ "lines": [] }"#)?.contains("1 to 64") == true)
  }

  @Test func `given thousands of points when checked then it is refused at once`() {
    func message(_ count: Int) -> String? {
      refusal("analytics.zones", zone("[" + (0..<count).map { "[\($0), \($0 % 7)]" }.joined(separator: ",") + "]"))
    }
    #expect(message(5000)?.contains("found 5000 entries") == true)
    #expect(message(40_000)?.contains("more than 100000 values") == true)
    // As many as are allowed are checked for crossings, every pair of edges.
    let circle = (0..<256).map {
      "[\(500 + 400 * cos(Double($0) * .pi / 128)), \(500 + 400 * sin(Double($0) * .pi / 128))]"
    }
    #expect(refusal("analytics.zones", zone("[\(circle.joined(separator: ","))]")) == nil)
  }

  @Test func `given settings that the schema has not seen when a stage is made of them then it is safe`() throws {
    // Of the warnings about places outside of the picture there would be hundreds.
    var logger = Logger(label: "test")
    logger.logLevel = .error
    let context = StageContext(
      id: "rules", clock: SinkFixture.StillClock(), logger: logger, framesInFlight: 4, threads: ThreadCensus())
    let numbers: [Double] = [.nan, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude, 0, 5, 1_000_000]
    for a in numbers {
      for b in numbers {
        let points = [[a, b], [b, 5], [5, a]]
        var zones = ZonesStage.Configuration(zones: [.init(name: "yard", points: points)])
        (zones.debounceS, zones.goneS, zones.dwellS) = (a, b, a)
        zones.debounceFrames = .max
        var lines = LinesStage.Configuration(lines: [.init(name: "gate", points: Array(points.prefix(2)))])
        (lines.hysteresis, lines.minGapS, lines.goneS) = (b, a, b)
        let isGood = [a, b].allSatisfy { abs($0) <= ShapeOutline.largestPixel }
        let stages: [() throws -> any FrameStage] = [
          { try ZonesStage(zones, context: context) }, { try LinesStage(lines, context: context) },
        ]
        for make in stages {
          do {
            let fixture = try AnalyticsFixture(make())
            #expect(isGood)
            for (seconds, size) in [(0.0, 1000), (1, 1000), (9e9, 1000), (-9e9, 1), (0, 0)] {
              let things = numbers.enumerated().map { AnalyticsFixture.Thing(track: $0.offset, x: $0.element, y: 5) }
              let frame = SinkFixture.frame(
                0, seconds: seconds, width: size, height: size,
                results: [
                  StageResults(
                    stage: "objects",
                    detections: things.map { SinkFixture.detection(x: Float($0.x), y: Float($0.x), track: $0.track) })
                ])
              _ = try fixture.worker.process(frame)
            }
          } catch let error as PipelineError {
            #expect(error.exit == .config)
          }
        }
      }
    }
  }
}
