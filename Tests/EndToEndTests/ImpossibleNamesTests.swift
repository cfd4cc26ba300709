import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: names that nobody has")
struct ImpossibleNamesTests {
  /// A zone that asks for a stream, behind a source.
  private func pipeline(_ source: String, stream: String, in space: Workspace) throws -> String {
    try space.pipeline(
      """
      { "id": "camera", "type": \(source) },
      { "id": "find", "type": "detect.null", "after": ["camera"] },
      { "id": "tracks", "type": "track.sort", "after": ["find"] },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"],
        "config": { "zones": [{ "name": "door", "points": [[0, 0], [9, 0], [9, 9]], "streams": ["\(stream)"] }] } },
      { "id": "out", "type": "sink.null", "after": ["zones"] }
      """)
  }

  private let synthetic = #""source.synthetic", "config": { "live": false, "frames": 5 }"#

  @Test(
    "given a zone in a stream that nobody has, when validated and run, then both say so with its place and end with 78")
  func refused() throws {
    let space = try Workspace()
    let file = try pipeline(synthetic, stream: "camrea", in: space)
    for verb in ["validate", "run"] {
      let result = try Command.run([verb, file], in: space.folder)
      #expect(result.status == 78)
      #expect(result.errorLines.count == 1)
      #expect(
        result.errors.contains(
          "stages[3].config.zones[0].streams[0]: no stream 'camrea' reaches 'zones', as its zone 'door' requires; did you mean 'camera'?"
        ),
        "\(result.errors)")
    }
    for verb in ["validate", "run"] {
      #expect(try Command.run([verb, pipeline(synthetic, stream: "camera", in: space)], in: space.folder).status == 0)
    }
  }

  @Test("given a list of streams without the zone's, when validated, then it is a warning and good")
  func listed() throws {
    let space = try Workspace()
    try "yard a.mp4\n".write(toFile: space.path("list.txt"), atomically: true, encoding: .utf8)
    let file = try pipeline(#""source.ffmpeg", "config": { "list": "list.txt" }"#, stream: "gate", in: space)
    let result = try Command.run(["validate", file], in: space.folder)
    #expect(result.status == 0)
    #expect(result.errors.hasPrefix("warning: ") && result.errors.contains("no stream 'gate' reaches 'zones'"))
    #expect(result.output.contains("ok, 5 stages, one warning"))
  }

  @Test("given other inputs on the command line, when run, then what the file says of its streams is no error")
  func replaced() throws {
    let space = try Workspace()
    let file = try pipeline(
      #""source.ffmpeg", "config": { "url": "a.mp4", "stream": "gate" }"#, stream: "gate", in: space)
    #expect(try Command.run(["validate", file], in: space.folder).errors.isEmpty)
    let other = try Command.run(
      ["validate", file, "--source", "one=http://a/b", "--source", "two=http://a/c"], in: space.folder)
    #expect(other.status == 0)
    #expect(other.errors.contains("warning: ") && other.errors.contains("streams: one, two"), "\(other.errors)")
  }

  @Test("given zones outside of the picture, when run, then it is told once and in the report")
  func outside() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.synthetic", "config": { "live": false, "frames": 20, "width": 320, "height": 240 } },
      { "id": "find", "type": "detect.null", "after": ["camera"] },
      { "id": "tracks", "type": "track.sort", "after": ["find"] },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"],
        "config": { "zones": [{ "name": "far", "points": [[400, 0], [500, 0], [500, 100]] }] } },
      { "id": "out", "type": "sink.null", "after": ["zones"] }
      """)
    let result = try Command.run(["run", file, "--report", "report.json"], in: space.folder)
    #expect(result.status == 0)
    #expect(
      result.errors.components(separatedBy: "the zone 'far' is outside the picture of 'camera'").count == 2,
      "\(result.errors)")
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["zones"]?["facts"] as? [String: Any])
    #expect(facts["outside"] as? [[String: String]] == [["zone": "far", "stream": "camera", "size": "320x240"]])
  }
}
