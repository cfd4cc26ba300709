import EdgepipeCore
import Pipeline

/// Keeps the last frames of each stream back, and hides in them what was found in them, before and after.
final class AnonymizeWorker: HoldingWorker {
  /// Of more streams, the one that was silent for longest is forgotten.
  private static let maximumStreams = 256

  private let stage: AnonymizeStage
  private let delay: Int
  private let detectors: [Set<String>]
  private var streams: [String: LookAhead] = [:]
  private var ready: [ReleasedFrame] = []
  private var uses = 0
  private var hider: PictureHider
  // Used again for each frame.
  private var finds: [SubjectBook.Find] = []
  private var boxes: [Box] = []
  private var rects: [PixelRect] = []

  init(_ stage: AnonymizeStage) {
    self.stage = stage
    delay = stage.configuration.delayFrames
    detectors = stage.detectors
    hider = PictureHider(HidingMethod(rawValue: stage.configuration.method) ?? .fill)
  }

  func take(_ frame: Frame) {
    let header = frame.header, id = header.stream.id
    uses += 1
    if let known = streams[id], known.isBroken(by: header) {
      finish(known)
      streams[id] = nil
    }
    let stream = streams[id] ?? start(header)
    streams[id] = stream
    stream.lastUse = uses
    collect(frame)
    stream.add(frame, finds, isLookedAt: isLookedAt(frame))
    while stream.waiting.count > delay { releaseOldest(of: stream) }
    if streams.count > 1 { releaseSilent(at: header.captured) }
  }

  func next() -> ReleasedFrame? { ready.isEmpty ? nil : ready.removeFirst() }

  func release() {
    for id in streams.keys.sorted() { if let stream = streams[id] { finish(stream) } }
    streams = [:]
  }

  private func start(_ header: FrameHeader) -> LookAhead {
    if streams.count >= Self.maximumStreams, let oldest = streams.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      finish(oldest.value)
      streams[oldest.key] = nil
    }
    var covered: [CoveredArea] = []
    for area in stage.areas where area.streams?.contains(header.stream.id) ?? true {
      let vertices = area.outline.vertices(width: header.width, height: header.height)
      let pixels = CoveredArea(Polygon(vertices), width: header.width, height: header.height)
      if pixels.bounds.isEmpty {
        stage.outside.warn(area.outline.name, header, consequence: "it hides nothing")
      } else {
        covered.append(pixels)
      }
    }
    return LookAhead(header, rules: stage.configuration.rules, areas: covered)
  }

  /// What a frame's detections say is to be hidden.
  private func collect(_ frame: Frame) {
    finds.removeAll(keepingCapacity: true)
    for result in frame.results {
      for detection in result.detections where stage.labels.contains(detection.label) {
        finds.append(
          .init(
            box: detection.box,
            track: detection.track.map { SubjectBook.TrackKey(stage: result.stage, number: $0) }))
      }
    }
    guard !stage.persons.isEmpty else { return }
    let faces = finds.count
    for result in frame.results {
      for detection in result.detections where stage.persons.contains(detection.label) {
        let person = detection.box
        if finds[..<faces].contains(where: { HeadPart.isShown(person, by: $0.box) }) { continue }
        finds.append(
          .init(
            box: HeadPart.box(of: person),
            track: detection.track.map { SubjectBook.TrackKey(stage: result.stage, number: $0, isHead: true) }))
      }
    }
  }

  /// An entry with predictions is a tracker's: the detector itself has not looked.
  private func isLookedAt(_ frame: Frame) -> Bool {
    detectors.allSatisfy { stages in
      frame.results.contains { stages.contains($0.stage) && !$0.detections.contains(where: \.isPredicted) }
    }
  }

  private func finish(_ stream: LookAhead) { while !stream.waiting.isEmpty { releaseOldest(of: stream) } }

  /// Streams of cameras that have stopped do not keep their last frames.
  private func releaseSilent(at captured: MonotonicTime) {
    let silent = streams.filter { $0.value.isSilent(at: captured) }
    guard !silent.isEmpty else { return }
    for id in silent.keys.sorted() { if let stream = silent[id] { finish(stream) } }
  }

  private func releaseOldest(of stream: LookAhead) {
    guard let (frame, number) = stream.takeOldest() else { return }
    boxes.removeAll(keepingCapacity: true)
    stream.book.boxes(at: number, into: &boxes)
    if stream.book.isBlind(at: number) {
      stage.noteBlind(frame.header)
      boxes = [Box(x: 0, y: 0, width: Float(frame.header.width), height: Float(frame.header.height))]
    }
    do throws(PipelineError) { ready.append(.emit(withoutLandmarks(try hide(in: frame, stream.areas)))) } catch {
      stage.noteFailure()
      ready.append(.failed(frame.header, error))
    }
  }

  /// - Throws: ``PipelineError`` where the picture cannot be written: it does not go on as it is.
  private func hide(in frame: Frame, _ areas: [CoveredArea]) throws(PipelineError) -> Frame {
    guard let image = frame.image else { return frame }
    rects.removeAll(keepingCapacity: true)
    for box in boxes {
      let rect = PixelRect(box, width: image.width, height: image.height)
      if !rect.isEmpty { rects.append(rect) }
    }
    guard !rects.isEmpty || !areas.isEmpty else {
      stage.note(boxes: 0)
      return frame
    }
    var frame = frame
    frame.image = try hider.hide(rects, areas, in: try frame.decodedPicture())
    stage.note(boxes: rects.count + areas.count)
    return frame
  }

  /// Landmarks are the face itself. Drawn on what is hidden, they are enough for a face model to find it again.
  private func withoutLandmarks(_ frame: Frame) -> Frame {
    func isHidden(_ detection: Detection) -> Bool {
      !detection.landmarks.isEmpty && stage.labels.contains(detection.label)
    }
    var frame = frame
    for result in frame.results where result.detections.contains(where: isHidden) {
      let detections = result.detections.map { detection in
        var detection = detection
        if isHidden(detection) { detection.landmarks = [] }
        return detection
      }
      frame.attach(
        StageResults(
          stage: result.stage, revision: result.revision, detections: detections, refinedBy: result.refinedBy,
          places: result.places))
    }
    return frame
  }
}
