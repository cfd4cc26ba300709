import Foundation
import PipelineTestSupport
import Testing

@testable import Measure
@testable import Detectors
@testable import EdgepipeCore
@testable import EdgepipeONNX
@testable import Pipeline
@testable import Stages

/// The table of limits in docs/config.md says what the code says.
@Suite struct LimitsDocumentTests {
  /// The number of each row by its first column.
  private func documented() throws -> [String: Int] {
    let file = TestData.packageRoot.appendingPathComponent("docs/config.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## Limits\n").dropFirst().first)
    var rows: [String: Int] = [:]
    for line in section.components(separatedBy: "\n## ")[0].split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 3, cells[0] != "limit" else { continue }
      guard let limit = Int(cells[1]) else {
        Issue.record("\(line)")
        continue
      }
      rows[cells[0]] = limit
    }
    return rows
  }

  /// The most that a schema allows for a key: of a number, or of a list's entries.
  private func most(_ key: String, _ schema: ObjectSchema) throws -> Int {
    switch try #require(schema.properties.first { $0.name == key }, "\(key)").kind {
    case .integer(let range): return range.upperBound
    case .number(let range): return Int(range.upperBound)
    case .list(_, let count): return count.upperBound
    case .object(let inner): return try most("capacity", inner)
    default:
      Issue.record("\(key) has no limit")
      return 0
    }
  }

  /// The longest stage id that a pipeline file may have.
  private func longestID() -> Int {
    (1...64).last { StreamEntry.isGood(id: String(repeating: "a", count: $0)) } ?? 0
  }

  @Test func `given the document's table of limits when compared with the code then both say the same`() throws {
    let expected: [String: Int] = [
      "bytes of a pipeline file, a cost file and other JSON files for people": ConfigFile.maximumSize,
      "nesting of values in such a file": JSONParser.maximumDepth,
      "values in such a file": JSONParser.maximumValues,
      "characters of a number in such a file": JSONParser.maximumNumberLength,
      "mistakes that are printed": ConfigErrors.limit,
      "stages of a pipeline": PipelineSchema.maximumStages,
      "characters of a stage's or a stream's id": longestID(),
      "characters of a pipeline's name": PipelineConfig.longestName,
      "`workers` of a stage": try most("workers", PipelineSchema.stage),
      "`queue.capacity`": try most("queue", PipelineSchema.stage),
      "`framesInFlight`": try most("framesInFlight", PipelineSchema.file),
      "entries of `streams` of a source": try most("streams", FFmpegSource.Configuration.schema),
      "streams of a source over a run, those that have ended included": SourceRunner.streamLimit,
      "bytes of a stream list": StreamListFile.byteLimit,
      "streams that a tracker, zones, lines or a gate remember": StreamTable<Int>.maximumStreams,
      "pixels of a picture's side": PictureLimits.side,
      "pixels of a picture": PictureLimits.area,
      "pixels of a model input's side": Letterbox.sideLimit,
      "`maxDetections`": try most("maxDetections", DetectYOLO.Configuration.schema),
      "boxes of a frame above `score`, before overlaps are taken out": Suppression.candidateLimit,
      "entries of `labels` and `classes`": try most("classes", DetectYOLO.Configuration.schema),
      "zones of a stage": ZonesStage.Configuration.mostZones,
      "lines of a stage": LinesStage.Configuration.mostLines,
      "corners of a zone": ShapeOutline.mostPoints,
      "characters of a zone's or a line's name": ShapeOutline.longestName,
      "tracks in a zone": ZoneState.maximumVisits,
      "tracks that a line remembers": LineCounter.maximumTracks,
      "`dwellS` in seconds": try most("dwellS", ZonesStage.Configuration.schema),
      "`maxFiles` of snapshots": try most("maxFiles", SnapshotSink.Configuration.schema),
      "bytes of an ONNX file": OnnxModel.maximumByteCount,
      "bytes of a manifest": ModelManifest.maximumByteCount,
      "bytes of a Darknet cfg file": DarknetConfig.maximumByteCount,
      "bytes of a COCO file": COCODataset.maximumByteCount,
      "bytes of the path of a control socket": MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1,
      "bytes of a line on the control socket": UnixSocket.lineLimit,
      "bytes of one record of a trace": TraceFormat.longestPayload,
      "bytes of a trace that wait for the disk": TraceRecorder.standardBufferLimit,
      "seconds in which frames in flight reach the sinks after a stop": Int(PipelineRunner.drainLimitMs / 1000),
    ]
    let documented = try documented()
    for (what, most) in expected { #expect(documented[what] == most, "\(what)") }
    #expect(Set(documented.keys).subtracting(expected.keys) == [], "rows that nothing stands for")
    // One row for what has the same number in several places.
    #expect(DetectionGate.maximumStreams == StreamTable<Int>.maximumStreams)
    #expect(TrackingWorker<SortTracker>.maximumStreams == StreamTable<Int>.maximumStreams)
    #expect(try most("labels", ZonesStage.Configuration.schema) == most("classes", DetectYOLO.Configuration.schema))
    #expect(try most("labels", SortStage.Configuration.schema) == most("classes", DetectYOLO.Configuration.schema))
  }
}
