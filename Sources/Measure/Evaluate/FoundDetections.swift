import EdgepipeCore
import Pipeline
import Synchronization

/// What the detector found in each picture.
final class FoundDetections: Sendable {
  private let pictures: [COCODataset.Picture]
  private let links: PictureLinks
  private let file: String
  private let progress: @Sendable (Int) -> Void
  /// Pictures come in their order.
  private let found = Mutex<[[Detection]]>([])

  init(
    _ pictures: [COCODataset.Picture], links: PictureLinks, file: String, progress: @escaping @Sendable (Int) -> Void
  ) {
    self.pictures = pictures
    self.links = links
    self.file = file
    self.progress = progress
  }

  /// The detections in every picture.
  ///
  /// - Throws: ``PipelineError`` when the run ended before the last picture.
  func all(wasStopped: Bool) throws -> [[Detection]] {
    let found = found.withLock { $0 }
    guard found.count < pictures.count else { return found }
    if wasStopped {
      throw PipelineError("stopped after \(found.count) of \(pictures.count) pictures", code: .interrupted)
    }
    throw unreadable(pictures[found.count])
  }

  /// Takes the next picture's; called by one thread.
  ///
  /// - Throws: ``PipelineError`` when a picture is missing, or is not the one that was annotated.
  func add(_ frame: Frame) throws {
    let next = found.withLock { $0.count }
    guard next < pictures.count, links.index(of: frame.header.source) == next else {
      // The source leaves out what it cannot decode, and has said why.
      throw unreadable(pictures[min(next, pictures.count - 1)])
    }
    let picture = pictures[next], header = frame.header
    if let width = picture.width, let height = picture.height, (width, height) != (header.width, header.height) {
      let (found, annotated) = ("\(header.width)x\(header.height)", "\(width)x\(height)")
      throw PipelineError(
        "the picture '\(picture.fileName)' has \(found) pixels, but \(annotated) according to '\(file)'",
        remedy: "use the pictures that were annotated, without orientation tags", code: .malformed)
    }
    found.withLock { $0.append(frame.detections) }
    progress(next + 1)
  }

  private func unreadable(_ picture: COCODataset.Picture) -> PipelineError {
    PipelineError(
      "the picture '\(picture.fileName)' could not be evaluated", remedy: "replace it, or remove it from '\(file)'",
      code: .malformed)
  }
}

/// The end of the pipeline: fills the ``FoundDetections`` among the services.
final class FoundSink: FrameStage {
  typealias Configuration = NoConfiguration

  static let type = "sink.found"
  static let summary = "Keeps detections for an evaluation."
  static let role = StageRole.sink

  private let found: FoundDetections

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    guard let found = context.services.find(FoundDetections.self) else {
      throw PipelineError("there is nothing to keep detections in", code: .internalFault)
    }
    self.found = found
  }

  func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(found) }

  private final class Worker: FrameWorker {
    private let found: FoundDetections

    init(_ found: FoundDetections) { self.found = found }

    func process(_ frame: Frame) throws -> FrameOutcome {
      try found.add(frame)
      return .emit(frame)
    }
  }
}
