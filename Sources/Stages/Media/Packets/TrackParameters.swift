import CFFmpeg
import EdgepipeCore

/// What a file must say of a track: owns one AVCodecParameters. Never changes.
@safe final class TrackParameters: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): set in init and only read from then on.
  private let parameters: UnsafeMutablePointer<AVCodecParameters>
  let timeBase: AVRational
  /// Turns pictures upright: FFmpeg's display matrix, or nothing.
  let displayMatrix: [Int32]

  /// Copies what an open input says of a track.
  init(_ stream: UnsafeMutablePointer<AVStream>) throws(PipelineError) {
    unsafe timeBase = stream.pointee.time_base
    displayMatrix =
      unsafe ep_display_matrix(stream).map { unsafe Array(UnsafeBufferPointer(start: $0, count: 9)) } ?? []
    unsafe parameters = try Self.copy(of: stream.pointee.codecpar)
  }

  /// The same track with other parameter sets, and pictures of another size where one is given.
  init(
    _ other: TrackParameters, extradata: [UInt8], size: (width: Int, height: Int)? = nil
  ) throws(PipelineError) {
    (timeBase, displayMatrix) = (other.timeBase, other.displayMatrix)
    unsafe parameters = try Self.copy(of: other.parameters)
    if extradata != other.extradata { try unsafe Self.put(extradata, into: parameters) }
    guard let size else { return }
    unsafe parameters.pointee.width = Int32(clamping: size.width)
    unsafe parameters.pointee.height = Int32(clamping: size.height)
  }

  /// The track that an encoder makes.
  init(encoder: UnsafeMutablePointer<AVCodecContext>) throws(PipelineError) {
    unsafe timeBase = encoder.pointee.time_base
    displayMatrix = []
    guard let made = unsafe avcodec_parameters_alloc() else { throw .outOfMemory("a track") }
    unsafe parameters = made
    // SAFETY: both are live; the copy owns its own extra data.
    guard unsafe avcodec_parameters_from_context(made, encoder) >= 0 else { throw .outOfMemory("a track") }
  }

  deinit {
    // SAFETY: allocated in init, freed here alone.
    var parameters: UnsafeMutablePointer<AVCodecParameters>? = unsafe parameters
    unsafe avcodec_parameters_free(&parameters)
  }

  var codec: AVCodecID { unsafe parameters.pointee.codec_id }
  var codecName: String { unsafe String(cString: avcodec_get_name(parameters.pointee.codec_id)) }
  var width: Int { unsafe Int(parameters.pointee.width) }
  var height: Int { unsafe Int(parameters.pointee.height) }
  var sampleRate: Int { unsafe Int(parameters.pointee.sample_rate) }
  var channels: Int { unsafe Int(ep_channels(parameters)) }

  var extradata: [UInt8] {
    // SAFETY: the parameters own `extradata_size` bytes at `extradata`, or none.
    guard let data = unsafe parameters.pointee.extradata else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: data, count: Int(max(0, parameters.pointee.extradata_size))))
  }

  /// The pointer is valid during `body` only, which must not change what it points to.
  func withParameters<Result>(_ body: (UnsafeMutablePointer<AVCodecParameters>) throws -> Result) rethrows -> Result {
    // SAFETY: set in every init that returned, freed only in deinit.
    try unsafe body(parameters)
  }

  private static func copy(
    of original: UnsafeMutablePointer<AVCodecParameters>?
  ) throws(PipelineError) -> UnsafeMutablePointer<AVCodecParameters> {
    var made = unsafe avcodec_parameters_alloc()
    // SAFETY: both are live; the copy owns its own extra data, and is freed where it is not whole.
    guard let copy = unsafe made, let original = unsafe original,
      unsafe avcodec_parameters_copy(copy, original) >= 0
    else {
      unsafe avcodec_parameters_free(&made)
      throw .outOfMemory("a track")
    }
    return unsafe copy
  }

  /// FFmpeg wants zeros behind the data.
  private static func put(
    _ extra: [UInt8], into parameters: UnsafeMutablePointer<AVCodecParameters>
  ) throws(PipelineError) {
    guard extra.count < 1 << 20, let memory = unsafe av_mallocz(extra.count + Int(AV_INPUT_BUFFER_PADDING_SIZE)) else {
      throw .outOfMemory("a track")
    }
    // SAFETY: `memory` has room for all bytes and the padding; the parameters own it from here on, and what they had is freed.
    unsafe memory.copyMemory(from: extra, byteCount: extra.count)
    unsafe av_free(parameters.pointee.extradata)
    unsafe parameters.pointee.extradata = unsafe memory.assumingMemoryBound(to: UInt8.self)
    unsafe parameters.pointee.extradata_size = Int32(extra.count)
  }
}
