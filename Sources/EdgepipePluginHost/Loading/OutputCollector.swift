import CEdgepipePlugin
import EdgepipeCore
import Glibc

/// Takes what an instance says during one call: the other side of `edgepipe_output`. Used by the instance's thread.
@safe final class OutputCollector {
  // SAFETY: owned by this object; its `host` points to this object, which outlives it.
  private let output: UnsafeMutablePointer<edgepipe_output>
  private let ownStage: String
  private var answer = PluginAnswer()
  /// The first thing that was not taken.
  private var refusal: String?
  private var isOpen = false
  private var attachedBytes = 0
  private let pictures = PictureMemory()

  /// - Parameter stage: the stage's id.
  init(stage: String) {
    ownStage = stage
    unsafe output = .allocate(capacity: 1)
    unsafe output.initialize(to: edgepipe_output())
    unsafe output.pointee.size = UInt32(EDGEPIPE_SIZE_edgepipe_output)
    unsafe output.pointee.host = Unmanaged.passUnretained(self).toOpaque()
    unsafe output.pointee.begin_results = { output, stage in
      unsafe OutputCollector.take(output) { try unsafe $0.begin(stage) }
    }
    unsafe output.pointee.add_detection = { output, detection in
      unsafe OutputCollector.take(output) { try unsafe $0.add(detection: detection) }
    }
    unsafe output.pointee.add_event = { output, event in
      unsafe OutputCollector.take(output) { try unsafe $0.add(event: event) }
    }
    unsafe output.pointee.attach = { output, attachment in
      unsafe OutputCollector.take(output) { try unsafe $0.attach(attachment) }
    }
    unsafe output.pointee.set_picture = { output, picture in
      unsafe OutputCollector.take(output) { try unsafe $0.set(picture: picture) }
    }
    unsafe output.pointee.set_frame = { output, frame in
      unsafe OutputCollector.take(output) { try unsafe $0.set(frame: frame) }
    }
    unsafe output.pointee.new_picture = { output, format, width, height in
      guard let collector = unsafe OutputCollector.of(output), let format = unsafe format else { return nil }
      return unsafe collector.pictures.make(
        format: String(cString: format), width: Int(width), height: Int(height))
    }
  }

  deinit { unsafe output.deallocate() }

  /// Begins a call.
  func open() -> UnsafeMutablePointer<edgepipe_output> {
    answer = PluginAnswer()
    refusal = nil
    attachedBytes = 0
    pictures.reset()
    isOpen = true
    return unsafe output
  }

  /// Ends the call.
  ///
  /// - Throws: what the program did not take, as the loss of this frame.
  func close(_ verdict: PluginAnswer.Verdict) throws(PluginFailure) -> PluginAnswer {
    isOpen = false
    if let refusal { throw PluginFailure(.skipFrame, refusal, code: .malformed) }
    var answer = answer
    answer.verdict = verdict
    return answer
  }

  /// Ends a call that has failed.
  func discard() { isOpen = false }

  // MARK: - What the functions do

  private struct Refusal: Error { let text: String }

  private static func of(_ output: UnsafeMutablePointer<edgepipe_output>?) -> OutputCollector? {
    guard let host = unsafe output?.pointee.host else { return nil }
    // SAFETY: `host` is the collector, which lives as long as the instance.
    let collector = unsafe Unmanaged<OutputCollector>.fromOpaque(host).takeUnretainedValue()
    return collector.isOpen ? collector : nil
  }

  private static func take(
    _ output: UnsafeMutablePointer<edgepipe_output>?, _ body: (OutputCollector) throws -> Void
  ) -> edgepipe_status {
    guard let collector = unsafe of(output) else { return UInt32(EDGEPIPE_SKIP_FRAME) }
    do {
      try body(collector)
      return UInt32(EDGEPIPE_OK)
    } catch {
      let text = (error as? Refusal)?.text ?? (error as? PluginFailure)?.message ?? "\(error)"
      if collector.refusal == nil { collector.refusal = text }
      return UInt32(EDGEPIPE_SKIP_FRAME)
    }
  }

  private func begin(_ stage: UnsafePointer<CChar>?) throws {
    _ = try results(of: unsafe Self.text(stage))
  }

  /// The place of a stage's results in the answer.
  private func results(of stage: String?) throws -> Int {
    let name = stage == ownStage || stage == "" ? nil : stage
    if let index = answer.results.firstIndex(where: { $0.stage == name }) { return index }
    guard answer.results.count < PluginLimits.results else { throw Refusal(text: "results of too many stages") }
    answer.results.append(.init(stage: name))
    return answer.results.count - 1
  }

  private func add(detection pointer: UnsafePointer<edgepipe_detection>?) throws {
    guard let pointer = unsafe pointer else { throw Refusal(text: "a detection that is NULL") }
    let given = try unsafe edgepipe_detection(reading: pointer)
    guard let label = try unsafe Self.text(given.label) else { throw Refusal(text: "a detection without a label") }
    let index = try results(of: unsafe Self.text(given.stage))
    guard answer.results[index].detections.count < PluginLimits.detections else {
      throw Refusal(text: "more than \(PluginLimits.detections) detections in one frame")
    }
    var detection = unsafe Detection(
      label: label, classIndex: Int(given.class_index), score: given.score,
      box: Box(x: given.x, y: given.y, width: given.width, height: given.height))
    if unsafe given.flags & UInt32(EDGEPIPE_DETECTION_TRACKED) != 0 {
      guard let track = unsafe Int(exactly: given.track) else { throw Refusal(text: "a track's number is too large") }
      detection.track = track
    }
    detection.isPredicted = unsafe given.flags & UInt32(EDGEPIPE_DETECTION_PREDICTED) != 0
    let count = unsafe Int(given.landmark_count)
    guard count <= PluginLimits.landmarks else { throw Refusal(text: "more than \(PluginLimits.landmarks) landmarks") }
    if count > 0, let values = unsafe given.landmarks {
      // SAFETY: the plugin gives two numbers for each landmark.
      detection.landmarks = unsafe (0..<count).map { unsafe Point(x: values[2 * $0], y: values[2 * $0 + 1]) }
    }
    answer.results[index].detections.append(detection)
  }

  private func add(event pointer: UnsafePointer<edgepipe_event>?) throws {
    guard let pointer = unsafe pointer else { throw Refusal(text: "an event that is NULL") }
    let given = try unsafe edgepipe_event(reading: pointer)
    guard let kind = try unsafe Self.text(given.kind), !kind.isEmpty else {
      throw Refusal(text: "an event without a kind")
    }
    guard answer.events.count < PluginLimits.events else {
      throw Refusal(text: "more than \(PluginLimits.events) events in one frame")
    }
    let hasTrack = unsafe given.flags & UInt32(EDGEPIPE_EVENT_TRACKED) != 0
    answer.events.append(
      PluginEvent(
        kind: kind, label: try unsafe Self.text(given.label), track: hasTrack ? unsafe Int(exactly: given.track) : nil,
        fields: try unsafe Self.text(given.fields)))
  }

  private func attach(_ pointer: UnsafePointer<edgepipe_attachment>?) throws {
    guard let pointer = unsafe pointer else { throw Refusal(text: "an attachment that is NULL") }
    let given = try unsafe edgepipe_attachment(reading: pointer)
    guard let name = try unsafe Self.text(given.name), name.contains(".") else {
      throw Refusal(text: "an attachment without a name under a reverse domain, such as org.example.histogram/1")
    }
    let length = unsafe Int(exactly: given.length) ?? .max
    guard length <= PluginLimits.attachmentBytes - attachedBytes, answer.attachments.count < PluginLimits.attachments
    else { throw Refusal(text: "more than \(PluginLimits.attachmentBytes >> 20) MiB of attachments in one frame") }
    attachedBytes += length
    guard let start = unsafe given.data ?? (length == 0 ? UnsafePointer(bitPattern: 1) : nil) else {
      throw Refusal(text: "an attachment without its bytes")
    }
    answer.attachments.removeAll { $0.name == name }
    // SAFETY: the plugin gives as many bytes as it says; an empty one is not read.
    let bytes = unsafe length == 0 ? [] : Array(UnsafeBufferPointer(start: start, count: length))
    answer.attachments.append(PluginAttachment(name: name, bytes: bytes))
  }

  private func set(picture pointer: UnsafePointer<edgepipe_picture>?) throws {
    guard let pointer = unsafe pointer else { throw Refusal(text: "a picture that is NULL") }
    answer.picture = try unsafe pictures.take(pointer)
  }

  private func set(frame pointer: UnsafePointer<edgepipe_source_frame>?) throws {
    guard let pointer = unsafe pointer else { throw Refusal(text: "a frame that is NULL") }
    let given = try unsafe edgepipe_source_frame(reading: pointer)
    guard answer.source == nil else { throw Refusal(text: "two frames in one call of next") }
    try unsafe set(picture: given.picture)
    answer.source = unsafe PluginAnswer.Source(
      mediaTime: MediaTime(nanoseconds: given.media_time_ns),
      captured: given.captured_ns == 0 ? nil : MonotonicTime(nanoseconds: given.captured_ns),
      isDiscontinuous: given.is_discontinuous != 0)
  }

  /// - Throws: for a text that is longer than any text may be.
  private static func text(_ pointer: UnsafePointer<CChar>?) throws -> String? {
    guard let pointer = unsafe pointer else { return nil }
    // SAFETY: texts of the interface end in a zero byte.
    let length = unsafe strnlen(pointer, PluginLimits.text + 1)
    guard length <= PluginLimits.text else { throw Refusal(text: "a text of more than \(PluginLimits.text >> 10) KiB") }
    let bytes = unsafe UnsafeRawBufferPointer(start: pointer, count: length)
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}
