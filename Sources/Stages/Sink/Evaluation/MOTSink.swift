import EdgepipeCore
import Pipeline
import Synchronization

/// Writes tracks as MOTChallenge text files, for trackeval and other tools that evaluate trackers.
///
/// Input: frames with tracks; pixels are not needed. Output: a file for each stream, and in it a row for each box of a
/// track: `frame,id,x,y,width,height,score,-1,-1,-1`, frames counted from 1, boxes in pixels of the source.
/// Drops: nothing; detections without a track are counted. Ids must be unique in a frame: of two trackers that number
/// independently, a second box with the same id is left out and counted; choose with `classes`.
/// Trade-off: the format has no classes, so a file should hold one of them. A frame's rows are one write call, so that a
/// kill leaves whole rows.
///
/// ```json
/// { "id": "mot", "type": "sink.mot", "after": ["tracks"], "config": { "path": "out/mot/{stream}.txt", "classes": ["person"] } }
/// ```
final class MOTSink: FrameStage {
  struct Configuration: StageConfiguration {
    var path = ""
    var selection = ResultSelection(what: [.frames])

    static let options: [ConfigurationOption<Self>] =
      [
        .init("path", \.path, .string, required: true, "The text file; `{stream}` stands for the stream's id.")
      ] + ResultSelection.declared([.frames], names: ["classes", "minScore"]).map { $0.of(\.selection) }
  }

  static let type = "sink.mot"
  static let summary = "Writes tracks as MOTChallenge files."
  static let role = StageRole.sink

  private struct Counts {
    var rows = 0
    var untracked = 0
    var repeatedIDs = 0
    var detectionsLeftOut = 0
    var files: [String] = []
  }

  private let configuration: Configuration
  private let context: StageContext
  private let counts = Mutex(Counts())

  init(_ configuration: Configuration, context: StageContext) throws {
    try OutputPath.checkFile(configuration.path.replacing("{stream}", with: "_"))
    self.configuration = configuration
    self.context = context
  }

  var interface: StageInterface {
    var interface = StageInterface()
    interface.needsTracks = true
    interface.wishes = configuration.selection.wishes
    return interface
  }

  func files(for streams: [String]) -> [FileUse] {
    streams.map {
      .writes(StreamPlaces.place(configuration.path, of: $0), as: "the tracks of stream '\($0)' in '\(context.id)'")
    }
  }

  func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  var facts: [String: ReportValue] {
    counts.withLock {
      [
        "files": .list($0.files.map { .string($0) }), "rows": .int($0.rows), "untracked": .int($0.untracked),
        "repeated_ids": .int($0.repeatedIDs), "detections_left_out": .int($0.detectionsLeftOut),
      ]
    }
  }

  private final class Worker: FrameWorker {
    let stage: MOTSink
    let filter: DetectionFilter
    var places: StreamPlaces
    var files: [String: LineFile] = [:]
    var rows = JSONLineBuffer()
    var ids: Set<Int> = []

    init(stage: MOTSink) {
      self.stage = stage
      filter = DetectionFilter(stage.configuration.selection)
      places = StreamPlaces(
        stage.configuration.path, remedy: "put {stream} into the path: one file is written for each")
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      // A stream without tracks has a file as well: evaluation looks for one.
      let file = try files[frame.header.stream.id] ?? open(frame.header.stream.id)
      rows.removeAll()
      ids.removeAll(keepingCapacity: true)
      var counts = Counts()
      for result in frame.results {
        for detection in result.detections where filter.includes(detection) {
          guard detection.score.isFinite, detection.box.isFinite else {
            counts.detectionsLeftOut += 1
            continue
          }
          guard let track = detection.track else {
            counts.untracked += 1
            continue
          }
          guard ids.insert(track).inserted else {
            counts.repeatedIDs += 1
            continue
          }
          row(frame.header.sequence + 1, track, detection)
        }
      }
      if !ids.isEmpty { try file.write(rows.bytes) }
      stage.counts.withLock {
        $0.rows += ids.count
        $0.untracked += counts.untracked
        $0.repeatedIDs += counts.repeatedIDs
        $0.detectionsLeftOut += counts.detectionsLeftOut
      }
      return .emit(frame)
    }

    private func row(_ frame: Int, _ track: Int, _ detection: Detection) {
      let box = detection.box
      rows.integer(frame)
      rows.raw(",")
      rows.integer(track)
      for value in [box.x, box.y, box.width, box.height] {
        rows.raw(",")
        rows.decimal(Double(value), places: 2)
      }
      rows.raw(",")
      rows.decimal(Double(detection.score), places: 4)
      rows.raw(",-1,-1,-1\n")
    }

    private func open(_ stream: String) throws(PipelineError) -> LineFile {
      let path = try places.place(for: stream)
      try OutputPath.makeParent(of: path)
      let file = try LineFile(path: path, mode: .replace)
      files[stream] = file
      stage.counts.withLock { $0.files.append(path) }
      return file
    }
  }
}
