import EdgepipeCore

extension PluginAnswer {
  /// The answer as it may go on: boxes clipped to the picture.
  ///
  /// - Parameters:
  ///   - width: of the frame, in pixels.
  ///   - height: of the frame, in pixels.
  /// - Throws: what makes no sense, as the loss of this frame.
  package func checked(width: Int, height: Int) throws(PluginFailure) -> PluginAnswer {
    var answer = self
    guard results.count <= PluginLimits.results, events.count <= PluginLimits.events,
      attachments.count <= PluginLimits.attachments,
      results.reduce(0, { $0 + $1.detections.count }) <= PluginLimits.detections,
      attachments.reduce(0, { $0 + $1.bytes.count }) <= PluginLimits.attachmentBytes
    else { throw PluginFailure(.skipFrame, "the plugin said more of one frame than is allowed", code: .malformed) }
    for index in results.indices {
      answer.results[index].detections = try results[index].detections.map { detection throws(PluginFailure) in
        try detection.checked(width: Float(width), height: Float(height))
      }
    }
    if let picture, picture.width != width || picture.height != height {
      throw PluginFailure(
        .skipFrame,
        "the plugin made a picture of \(picture.width) x \(picture.height) pixels for a frame of \(width) x \(height)",
        code: .malformed)
    }
    return answer
  }
}

extension Detection {
  fileprivate func checked(width: Float, height: Float) throws(PluginFailure) -> Detection {
    guard box.isFinite, score.isFinite, (0...1).contains(score) else {
      throw PluginFailure(
        .skipFrame, "the plugin found a '\(label.prefix(40))' with the score \(score) and the box \(box)",
        code: .malformed)
    }
    var detection = self
    detection.box = box.clipped(toWidth: width, height: height)
    guard box.width > 0, box.height > 0, detection.box.width > 0, detection.box.height > 0,
      landmarks.allSatisfy({ $0.x.isFinite && $0.y.isFinite })
    else {
      throw PluginFailure(
        .skipFrame, "the plugin found a '\(label.prefix(40))' outside of the picture: \(box)", code: .malformed)
    }
    return detection
  }
}
