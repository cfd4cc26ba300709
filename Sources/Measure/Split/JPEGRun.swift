import EdgepipeCore
import Foundation
import Logging
import Pipeline
import Stages
import Synchronization

/// Makes JPEG files of a folder's pictures, each at a height of its own, with the encoder that snapshots have.
final class JPEGRun: Sendable {
  private let runner: PipelineRunner
  private let files: JPEGFiles

  /// - Parameters:
  ///   - heights: in pixels, in the order of the pictures.
  ///   - quality: 2 (best) to 31.
  init(_ source: String, heights: [Int], quality: Int, into folder: URL, logger: Logger) throws {
    files = JPEGFiles(heights: heights, quality: quality, folder: folder)
    var services = StageServices()
    services.provide(files)
    do {
      runner = try PipelineRunner(
        PipelinePlan(
          name: "jpeg",
          stages: [
            try .init("pictures", FFmpegSource.self, .init(url: source)),
            try .init("files", JPEGSink.self, after: ["pictures"]),
          ]), logger: logger, services: services)
    } catch let errors as StageBuildErrors {
      throw errors.errors.first ?? PipelineError("'\(source)' cannot be read", code: .malformed)
    }
  }

  /// - Returns: mean bytes of a file.
  func run() throws -> Double {
    do { try runner.run() } catch let error as PipelineError { throw error.withoutStage }
    return files.meanBytes
  }
}

/// Where the files go, and how large they are.
final class JPEGFiles: Sendable {
  let heights: [Int]
  let quality: Int
  let folder: URL
  private let written = Mutex<(count: Int, bytes: Int)>((0, 0))

  init(heights: [Int], quality: Int, folder: URL) {
    (self.heights, self.quality, self.folder) = (heights, quality, folder)
  }

  var meanBytes: Double { written.withLock { Double($0.bytes) / Double(max(1, $0.count)) } }

  /// The place of the next picture; pictures come in their order.
  func next() -> Int { written.withLock { $0.count } }

  func write(_ bytes: [UInt8], place: Int) throws {
    // Folders are read in the order of numbers.
    try WholeFile.write(to: folder.appendingPathComponent("\(place).jpg").path, bytes: bytes)
    written.withLock { $0 = (place + 1, $0.bytes + bytes.count) }
  }
}

/// The end of the pipeline: writes the files of the ``JPEGFiles`` among the services.
final class JPEGSink: FrameStage {
  typealias Configuration = NoConfiguration

  static let type = "sink.jpeg"
  static let summary = "Writes pictures as JPEG files for a measurement."
  static let role = StageRole.sink
  static let needsImage = true

  private let files: JPEGFiles

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    guard let files = context.services.find(JPEGFiles.self) else {
      throw PipelineError("there is nowhere to write files", code: .internalFault)
    }
    self.files = files
  }

  func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(files) }

  private final class Worker: FrameWorker {
    private let files: JPEGFiles
    private let renderer: StillRenderer

    init(_ files: JPEGFiles) {
      self.files = files
      renderer = StillRenderer(format: .jpeg, quality: files.quality, annotation: nil)
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      let place = files.next()
      guard place < files.heights.count else { return .emit(frame) }
      try files.write(renderer.render(frame, height: files.heights[place]).bytes, place: place)
      return .emit(frame)
    }
  }
}
