import CEdgepipePlugin
import EdgepipeCore

/// Lays a frame out as the interface has it, in the memory of one call.
struct FrameLayout {
  let memory: CallMemory

  func frame(_ frame: PluginFrame) -> UnsafeMutablePointer<edgepipe_frame> {
    var made = unsafe edgepipe_frame()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_frame)
    unsafe made.flags = frame.isLive ? UInt32(EDGEPIPE_FRAME_LIVE) : 0
    unsafe made.stream = memory.text(frame.stream)
    unsafe made.source_stage = memory.text(frame.sourceStage)
    unsafe made.source = memory.text(frame.source)
    unsafe made.sequence = Int64(frame.sequence)
    unsafe made.media_time_ns = frame.mediaTime.nanoseconds
    unsafe made.captured_ns = frame.captured.nanoseconds
    unsafe made.captured_wall_ns = frame.capturedWall.nanoseconds
    unsafe made.deadline_ns = frame.deadline?.nanoseconds ?? 0
    unsafe made.now_ns = frame.now.nanoseconds
    unsafe made.discontinuity = Int64(frame.discontinuity)
    unsafe made.width = UInt32(clamping: frame.width)
    unsafe made.height = UInt32(clamping: frame.height)
    unsafe made.stream_state = frame.state.rawValue
    if let picture = frame.picture { unsafe made.picture = UnsafePointer(self.picture(picture)) }
    unsafe made.detection_count = UInt32(clamping: frame.detections.count)
    unsafe made.detections = list(frame.detections, detection)
    unsafe made.event_count = UInt32(clamping: frame.events.count)
    unsafe made.events = list(frame.events, event)
    unsafe made.attachment_count = UInt32(clamping: frame.attachments.count)
    unsafe made.attachments = list(frame.attachments, attachment)
    return unsafe memory.value(made)
  }

  func picture(_ picture: PluginPicture) -> UnsafeMutablePointer<edgepipe_picture> {
    var made = unsafe edgepipe_picture()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_picture)
    unsafe made.width = UInt32(clamping: picture.width)
    unsafe made.height = UInt32(clamping: picture.height)
    unsafe made.format = memory.text(picture.format)
    let planes = picture.planes.prefix(4)
    unsafe made.plane_count = UInt32(planes.count)
    unsafe made.range = picture.range.rawValue
    unsafe made.matrix = picture.matrix
    unsafe made.primaries = picture.primaries
    unsafe made.transfer = picture.transfer
    unsafe made.rotation = picture.rotation
    let pointer = unsafe memory.value(made)
    for (index, plane) in planes.enumerated() {
      // SAFETY: the tuples of 4 are C arrays of 4.
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.data) {
        unsafe $0.storeBytes(
          of: plane.start, toByteOffset: index * MemoryLayout<UnsafeRawPointer>.size,
          as: UnsafeMutablePointer<UInt8>.self)
      }
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.stride) {
        unsafe $0.storeBytes(of: Int64(plane.stride), toByteOffset: index * 8, as: Int64.self)
      }
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.row_bytes) {
        unsafe $0.storeBytes(of: UInt32(clamping: plane.rowBytes), toByteOffset: index * 4, as: UInt32.self)
      }
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.rows) {
        unsafe $0.storeBytes(of: UInt32(clamping: plane.rows), toByteOffset: index * 4, as: UInt32.self)
      }
    }
    return unsafe pointer
  }

  func health(_ health: PluginHealth) -> UnsafeMutablePointer<edgepipe_health> {
    var made = unsafe edgepipe_health()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_health)
    unsafe made.state = health.state.rawValue
    unsafe made.stream = memory.text(health.stream)
    unsafe made.since_ns = health.since.nanoseconds
    unsafe made.since_wall_ns = health.sinceWall.nanoseconds
    unsafe made.attempt = Int64(health.attempt)
    unsafe made.error = memory.text(health.error)
    return unsafe memory.value(made)
  }

  private func list<Value, Made>(
    _ values: [Value], _ make: (Value) -> UnsafeMutablePointer<Made>
  ) -> UnsafePointer<UnsafePointer<Made>?>? {
    guard !values.isEmpty else { return nil }
    let pointers = unsafe memory.values(UnsafePointer<Made>?.self, values.count)
    for (index, value) in values.enumerated() {
      unsafe (pointers + index).initialize(to: UnsafePointer(make(value)))
    }
    return unsafe UnsafePointer(pointers)
  }

  private func detection(_ found: PluginDetection) -> UnsafeMutablePointer<edgepipe_detection> {
    let detection = found.detection
    var made = unsafe edgepipe_detection()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_detection)
    unsafe made.stage = memory.text(found.stage)
    unsafe made.label = memory.text(detection.label)
    unsafe made.class_index = Int32(clamping: detection.classIndex)
    unsafe made.score = detection.score
    unsafe made.x = detection.box.x
    unsafe made.y = detection.box.y
    unsafe made.width = detection.box.width
    unsafe made.height = detection.box.height
    if let track = detection.track {
      unsafe made.track = Int64(track)
      unsafe made.flags |= UInt32(EDGEPIPE_DETECTION_TRACKED)
    }
    if detection.isPredicted { unsafe made.flags |= UInt32(EDGEPIPE_DETECTION_PREDICTED) }
    if !detection.landmarks.isEmpty {
      let values = unsafe memory.values(Float.self, detection.landmarks.count * 2)
      for (index, point) in detection.landmarks.enumerated() {
        unsafe (values + 2 * index).initialize(to: point.x)
        unsafe (values + 2 * index + 1).initialize(to: point.y)
      }
      unsafe made.landmarks = UnsafePointer(values)
      unsafe made.landmark_count = UInt32(clamping: detection.landmarks.count)
    }
    return unsafe memory.value(made)
  }

  private func event(_ event: PluginEvent) -> UnsafeMutablePointer<edgepipe_event> {
    var made = unsafe edgepipe_event()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_event)
    unsafe made.stage = memory.text(event.stage)
    unsafe made.kind = memory.text(event.kind)
    unsafe made.label = memory.text(event.label)
    unsafe made.fields = memory.text(event.fields)
    if let track = event.track {
      unsafe made.track = Int64(track)
      unsafe made.flags = UInt32(EDGEPIPE_EVENT_TRACKED)
    }
    return unsafe memory.value(made)
  }

  private func attachment(_ attachment: PluginAttachment) -> UnsafeMutablePointer<edgepipe_attachment> {
    var made = unsafe edgepipe_attachment()
    unsafe made.size = UInt32(EDGEPIPE_SIZE_edgepipe_attachment)
    unsafe made.name = memory.text(attachment.name)
    let bytes = unsafe memory.values(UInt8.self, attachment.bytes.count)
    unsafe bytes.initialize(from: attachment.bytes, count: attachment.bytes.count)
    unsafe made.data = UnsafePointer(bytes)
    unsafe made.length = UInt64(attachment.bytes.count)
    return unsafe memory.value(made)
  }
}
