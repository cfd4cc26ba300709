package import EdgepipeCore
package import Pipeline

/// Makes the pictures of traced streams again with the same decoders.
package struct DecoderReplayer: MediaReplayer {
  package init() {}

  package func makeReplay(for stream: StreamInfo, context: StageContext) throws(PipelineError) -> any MediaReplay {
    try DecoderReplay(name: stream.id, context: context)
  }
}

/// Does what a ``DecoderRecording`` remembers. Used by one thread.
final class DecoderReplay: MediaReplay {
  /// No decoder gives so many pictures for one packet.
  private static let mostReceived = 4096

  private let name: String
  private let context: StageContext
  private let packet: Packet
  private var decoder: VideoDecoder?
  private var turner = PictureRotator()
  private var last: DecodedPicture?
  private var next: DecodedPicture?

  init(name: String, context: StageContext) throws(PipelineError) {
    MediaLibrary.prepare()
    self.name = name
    self.context = context
    packet = try Packet()
  }

  deinit { close() }

  func apply(_ record: [UInt8]) throws(PipelineError) {
    var from = TraceDecoder(record)
    guard let operation = DecoderRecording.Operation(rawValue: try from.byte()) else {
      throw TraceDecoder.damaged("an unknown operation")
    }
    for _ in 0..<(try from.integer(in: 0...Self.mostReceived)) {
      if case .frame(let frame) = decoder?.receive() { last = frame.picture }
    }
    switch operation {
    case .open: try open(&from)
    case .send:
      // When it came; the frames carry what the output needs of it.
      _ = try from.integer()
      _ = try from.integer()
      try packet.decode(&from)
      _ = decoder?.send(packet)
    case .drain: _ = decoder?.send(nil)
    case .flush: decoder?.flush()
    case .picture:
      let orientation = try from.optional { from throws(PipelineError) -> Orientation in
        guard let orientation = Orientation(rawValue: try from.byte()) else {
          throw TraceDecoder.damaged("an unknown rotation")
        }
        return orientation
      }
      guard let last else {
        throw PipelineError(
          "a picture of '\(name)' cannot be decoded again", remedy: "replay it with the FFmpeg that recorded it",
          consequence: .endStream, code: .malformed)
      }
      next = try turner.upright(last, orientation)
    }
  }

  func takePicture() -> (any FrameImage)? {
    defer { next = nil }
    return next
  }

  private func open(_ from: inout TraceDecoder) throws(PipelineError) {
    close()
    var options = DecoderOptions()
    options.threads = try from.integer(in: 1...256)
    options.isLive = try from.bool()
    guard let frames = DecoderOptions.SkippedFrames(rawValue: try from.text()),
      let filter = DecoderOptions.SkippedLoopFilter(rawValue: try from.text())
    else { throw TraceDecoder.damaged("an unknown word") }
    options.skippedFrames = frames
    options.skippedLoopFilter = filter
    let format = try CodecFormat(&from)
    // Earlier versions did not write it.
    options.isStill = from.isAtEnd ? false : try from.bool()
    let opened = context.threads.adopt(stage: context.id) {
      Result { () throws(PipelineError) in try VideoDecoder(format, options, name: name) }
    }
    decoder = try opened.get()
  }

  private func close() {
    guard decoder != nil else { return }
    // Freeing the decoder ends its threads, and with them the clocks that their time is read from.
    context.threads.sampleBeforeRelease(stage: context.id)
    decoder = nil
  }
}
