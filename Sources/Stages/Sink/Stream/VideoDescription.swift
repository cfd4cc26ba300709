import CFFmpeg
import EdgepipeCore

/// What whoever sends or stores an encoded video must know of it before its first picture: owns codec parameters, which
/// never change.
@safe final class VideoDescription: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): written in init, freed in deinit, and only read between.
  private var parameters: UnsafeMutablePointer<AVCodecParameters>?

  init(of encoder: VideoEncoder) throws(PipelineError) {
    unsafe parameters = avcodec_parameters_alloc()
    guard let parameters = unsafe parameters else { throw .outOfMemory("the description of a video") }
    try unsafe encoder.describe(parameters)
  }

  deinit { unsafe avcodec_parameters_free(&parameters) }

  /// The sequence and picture parameter sets of H.264, without start codes.
  var parameterSets: [[UInt8]] {
    guard let parameters = unsafe parameters, let data = unsafe parameters.pointee.extradata else { return [] }
    // SAFETY: the extradata has `extradata_size` bytes and lives as long as this object.
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: Int(max(0, parameters.pointee.extradata_size))))
    return AnnexB.units(of: bytes.span).map { Array(bytes[$0]) }.filter { AnnexB.isParameterSet($0[0]) }
  }

  /// Adds the one track of a container that is to be written.
  func addTrack(to context: UnsafeMutablePointer<AVFormatContext>) throws(PipelineError) {
    guard let parameters = unsafe parameters, let stream = unsafe avformat_new_stream(context, nil) else {
      throw .outOfMemory("a video track")
    }
    // SAFETY: both are alive; the call copies.
    try avCheck(
      unsafe avcodec_parameters_copy(stream.pointee.codecpar, parameters), "cannot describe the video",
      code: .internalFault)
    unsafe stream.pointee.sample_aspect_ratio = parameters.pointee.sample_aspect_ratio
    unsafe stream.pointee.time_base = AVRational(num: 1, den: VideoEncoder.ticksPerSecond)
  }
}
