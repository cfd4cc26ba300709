import CFFmpeg
import EdgepipeCore
import Glibc

/// The video track that is read from an input.
struct VideoTrack: Sendable {
  var index: Int
  /// How many video tracks there are to choose from.
  var videoTrackCount: Int
  /// As stored, before rotation, in pixels; 0 when not known before decoding.
  var width: Int
  var height: Int
  var codec: String
  /// Mean frames a second as the container says, if it does.
  var frameRate: Double?
  var orientation: Orientation?
  /// A picture, or a row of them, each in a file's form.
  var isStill = false
}

/// Why an input could not be opened.
struct OpenError: Error {
  enum Cause {
    /// The server wants another user or password.
    case refused
    /// Nobody can ever open this: an unknown scheme, format, option or codec.
    case impossible
    /// It is Motion JPEG in parts that FFmpeg's reader of parts does not take.
    case oddParts
    /// The stream is there, but too slow to be looked at in the time allowed.
    case slow
    case other
  }

  var cause: Cause
  var error: PipelineError
  /// Why, without the input's name.
  var reason: String

  init(_ error: PipelineError, _ cause: Cause = .other, reason: String? = nil) {
    self.cause = cause
    self.error = error
    self.reason = reason ?? error.message
  }
}

/// An opened input: owns one AVFormatContext. Used by one thread.
@safe final class Demuxer {
  private var context: UnsafeMutablePointer<AVFormatContext>?
  private let guardian: ReadGuard
  /// What the bytes come through where FFmpeg does not open the input itself; closed after the context.
  private let pipe: PipeInput?
  let track: VideoTrack
  /// Of the sound that goes with the pictures, where it is asked for and there.
  private let audioIndex: Int?
  /// What the header says of the track's colours.
  let color: ContainerColor
  /// The whole length, where the container knows it.
  let duration: MediaTime?
  /// Packets come without times of their own: FFmpeg makes them up from the rate that the codec states, or from 25.
  let inventsTimes: Bool
  /// The input is a picture, or a row of pictures one behind the other.
  let isPictures: Bool
  /// The input is Motion JPEG in parts, as cameras send it over HTTP.
  let isParts: Bool
  /// The server sends RTSP's packets over the connection itself.
  let isInterleaved: Bool
  /// How many bytes the input has, where the server or file system says.
  let size: Int64?

  /// How an input is looked at before its first packet, beside what its header says.
  enum Probing {
    case always
    /// Only where packets carry times: where they do not, looking takes as long as it takes to send so many pictures.
    case timed
    /// Only where the header does not name a codec.
    case unknown
  }

  enum ReadResult {
    /// A packet of the video track.
    case packet
    /// A packet of the sound track.
    case audio
    /// Nothing there yet, or a packet of another track.
    case again
    case end
    /// FFmpeg's text for what went wrong; nothing more can be read.
    case failed(String)
    /// The run is ending.
    case stopped
    case timedOut
  }

  /// - Parameters:
  ///   - address: a URL, a file or a pipe.
  ///   - format: FFmpeg's name of a device format, or nil to find the format from the content.
  ///   - name: what errors call the input, without secrets.
  ///   - probing: looking takes time, which a live stream does not have.
  ///   - keepsAudio: the sound track's packets are read as well.
  /// - Throws: ``OpenError`` with `endStream`: `malformed` for files, `unavailable` for what lies beyond a network.
  init(
    address: MediaAddress, format: String? = nil, options: [String: String], name: String, isRemote: Bool,
    probing: Probing = .always, keepsAudio: Bool = false, guardian: ReadGuard
  ) throws(OpenError) {
    MediaLibrary.prepare()
    self.guardian = guardian
    let pipe: PipeInput? = if case .pipe(let input) = address { input } else { nil }
    self.pipe = pipe
    var context = unsafe avformat_alloc_context()
    guard unsafe context != nil else { throw OpenError(.outOfMemory("a demuxer")) }
    // SAFETY: `guardian` is kept by this object, which closes the context, and with it every caller of the callback,
    // in deinit or before init throws.
    unsafe context?.pointee.interrupt_callback = guardian.interruption
    let inputFormat = unsafe format.flatMap { unsafe av_find_input_format($0) }
    let dictionary = MediaOptions(options)
    // What this thread was answered before belongs to another input.
    _ = ServerAnswer.take()
    // SAFETY: on failure the call frees the context and clears the variable.
    unsafe pipe?.attach(to: context)
    let status = unsafe dictionary.withHandle { dictionary in
      unsafe address.withCString { unsafe avformat_open_input(&context, $0, inputFormat, &dictionary) }
    }
    let url: String? = if case .url(let url) = address { url } else { nil }
    if status < 0 { throw Self.openError(status, name: name, url: url, isRemote: isRemote, guardian: guardian) }
    do throws(OpenError) {
      guard let opened = unsafe context, let reader = unsafe opened.pointee.iformat else {
        throw OpenError(.outOfMemory("a demuxer"))
      }
      let formatName = unsafe String(cString: reader.pointee.name)
      // FFmpeg's readers of picture files are `image2`, `png_pipe`, `jpeg_pipe` and so on.
      isPictures = formatName.hasPrefix("image2") || formatName.hasSuffix("_pipe")
      isParts = formatName == "mpjpeg"
      inventsTimes = unsafe ep_invents_times(reader) != 0
      let size = unsafe opened.pointee.pb.map { unsafe avio_size($0) } ?? 0
      self.size = size > 0 ? size : nil
      let colors = unsafe Self.colors(opened)
      let isProbed =
        switch probing {
        case .always: true
        case .timed: unsafe !(inventsTimes && Self.knowsVideo(opened))
        case .unknown: unsafe !Self.knowsVideo(opened)
        }
      if isProbed {
        let probed = unsafe Self.findStreamInfo(opened)
        if probed < 0 {
          throw Self.openError(
            probed, name: name, url: url, isRemote: isRemote, isFound: true, guardian: guardian)
        }
      }
      do throws(PipelineError) {
        (track, audioIndex) = try unsafe Self.selectTrack(
          opened, name: name, isStill: isPictures, keepsAudio: keepsAudio)
      } catch {
        throw OpenError(error)
      }
      isInterleaved = ServerAnswer.take().isInterleaved
      color = track.index < colors.count ? colors[track.index] : ContainerColor()
    } catch {
      unsafe avformat_close_input(&context)
      throw error
    }
    let microseconds = unsafe context?.pointee.duration ?? 0
    duration = microseconds > 0 ? MediaTime(timestamp: microseconds, timeBase: ep_time_base()) : nil
    unsafe self.context = context
  }

  convenience init(
    url: String, format: String? = nil, options: [String: String], name: String, isRemote: Bool,
    probing: Probing = .always, guardian: ReadGuard
  ) throws(OpenError) {
    try self.init(
      address: .url(url), format: format, options: options, name: name, isRemote: isRemote, probing: probing,
      guardian: guardian)
  }

  // SAFETY: closes what init opened; nothing else frees it.
  deinit { unsafe avformat_close_input(&context) }

  /// Reads on to the next packet; blocks until there is one, the input ends or `guardian` says no.
  func read(into packet: Packet) -> ReadResult {
    guard let context = unsafe context else { return .end }
    // SAFETY: both pointers are owned by live objects, and the stream index was checked when the track was chosen.
    let status = unsafe packet.withHandle { handle in
      unsafe av_packet_unref(handle)
      return unsafe av_read_frame(context, handle)
    }
    if status >= 0 {
      let index = unsafe packet.withHandle { unsafe Int($0.pointee.stream_index) }
      if index == audioIndex { return .audio }
      guard index == track.index else { return .again }
      unsafe withStream { unsafe packet.setTimeBase($0.pointee.time_base) }
      return .packet
    }
    if guardian.isStopping { return .stopped }
    if status == ep_error_again() { return .again }
    if status == ep_error_exit() || status == ep_error_from_errno(ETIMEDOUT) || guardian.hasTimedOut {
      return .timedOut
    }
    return status == ep_error_eof() ? .end : .failed(avErrorText(status))
  }

  /// The chosen stream; the pointer is valid during `body` only.
  func withStream<Result>(_ body: (UnsafeMutablePointer<AVStream>) -> Result) -> Result {
    // SAFETY: the context lives until deinit, and `track.index` was found by FFmpeg among its streams, which only grow.
    unsafe body(context.unsafelyUnwrapped.pointee.streams[track.index].unsafelyUnwrapped)
  }

  /// What a file must say of the chosen track.
  func videoParameters() throws(PipelineError) -> TrackParameters {
    // SAFETY: as in `withStream`.
    guard let stream = unsafe context?.pointee.streams[track.index] else { throw .outOfMemory("a track") }
    return try unsafe TrackParameters(stream)
  }

  /// What a file must say of the sound track, where one is read.
  func audioParameters() throws(PipelineError) -> TrackParameters? {
    // SAFETY: the index was found by FFmpeg among the streams, which only grow.
    guard let audioIndex, let stream = unsafe context?.pointee.streams[audioIndex] else { return nil }
    return try unsafe TrackParameters(stream)
  }

  /// Whether the input comes to an end by itself, by what it is; nil for a single picture, of which another may follow
  /// at the same address.
  ///
  /// A playlist has its end mark, and with it a known length. Other inputs have an end where their size in bytes is
  /// known (a file, HTTP's content length) or where their header states a length. Multipart pictures never have one:
  /// some cameras send a content length that means nothing.
  var isFinite: Bool? {
    guard let context = unsafe context else { return false }
    if isParts { return false }
    if isPictures { return nil }
    if isPlaylist { return duration != nil }
    if size != nil { return true }
    return unsafe duration != nil && context.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE
  }

  /// A list of parts, which may grow while it is read.
  var isPlaylist: Bool {
    // SAFETY: an open context has its format; names live as long as the library.
    guard let name = unsafe context?.pointee.iformat?.pointee.name else { return false }
    return unsafe ["hls", "dash"].contains(String(cString: name))
  }

  /// Whether the header alone names the codec of a video track.
  private static func knowsVideo(_ context: UnsafeMutablePointer<AVFormatContext>) -> Bool {
    // SAFETY: the context is open; indices below `nb_streams` are valid.
    for index in 0..<(unsafe Int(context.pointee.nb_streams)) {
      guard let stream = unsafe context.pointee.streams[index], unsafe isVideo(stream) else { continue }
      if unsafe stream.pointee.codecpar.pointee.codec_id != AV_CODEC_ID_NONE { return true }
    }
    return false
  }

  /// Of each track.
  private static func colors(_ context: UnsafeMutablePointer<AVFormatContext>) -> [ContainerColor] {
    // SAFETY: the context is open; indices below `nb_streams` are valid.
    (0..<(unsafe Int(context.pointee.nb_streams))).map { index in
      guard let parameters = unsafe context.pointee.streams[index]?.pointee.codecpar else { return ContainerColor() }
      return unsafe ContainerColor(parameters)
    }
  }

  /// Probing decodes pictures: without the limit a header could make it take gigabytes.
  private static func findStreamInfo(_ context: UnsafeMutablePointer<AVFormatContext>) -> Int32 {
    let count = unsafe Int(context.pointee.nb_streams)
    var options = unsafe [OpaquePointer?](repeating: nil, count: count)
    // SAFETY: one dictionary a stream, as the call expects; it leaves what it did not use, which is freed here.
    for index in unsafe options.indices {
      unsafe av_dict_set(&options[index], "max_pixels", "\(PictureLimits.area)", 0)
    }
    defer { for index in unsafe options.indices { unsafe av_dict_free(&options[index]) } }
    return unsafe options.withUnsafeMutableBufferPointer {
      unsafe avformat_find_stream_info(context, $0.baseAddress)
    }
  }

  private static func selectTrack(
    _ context: UnsafeMutablePointer<AVFormatContext>, name: String, isStill: Bool, keepsAudio: Bool
  ) throws(PipelineError) -> (VideoTrack, audio: Int?) {
    // SAFETY: the context is open; indices below `nb_streams` are valid.
    var count = 0
    for index in 0..<(unsafe Int(context.pointee.nb_streams)) {
      guard let stream = unsafe context.pointee.streams[index] else { continue }
      if unsafe isVideo(stream) { count += 1 }
    }
    let best = unsafe Int(av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, nil, 0))
    guard best >= 0, count > 0, let stream = unsafe context.pointee.streams[best], unsafe isVideo(stream) else {
      throw PipelineError(
        "'\(name)' has no video track", remedy: "give a file or stream with pictures in it",
        consequence: .endStream, code: .unsupported)
    }
    let sound = keepsAudio ? unsafe Int(av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, Int32(best), nil, 0)) : -1
    for index in 0..<(unsafe Int(context.pointee.nb_streams)) where index != best && index != sound {
      unsafe context.pointee.streams[index]?.pointee.discard = AVDISCARD_ALL
    }
    guard let parameters = unsafe stream.pointee.codecpar else { throw .outOfMemory("a demuxer") }
    let width = unsafe Int(parameters.pointee.width), height = unsafe Int(parameters.pointee.height)
    guard PictureLimits.allow(width: width, height: height) else {
      throw PipelineError(
        "'\(name)' has pictures of \(width) x \(height) pixels: \(PictureLimits.text)", remedy: "scale it down first",
        consequence: .endStream, code: .unsupported)
    }
    let rate = unsafe stream.pointee.avg_frame_rate
    let matrix = unsafe ep_display_matrix(stream).map { unsafe Array(UnsafeBufferPointer(start: $0, count: 9)) }
    let track = VideoTrack(
      index: best, videoTrackCount: count, width: width, height: height,
      codec: unsafe String(cString: avcodec_get_name(parameters.pointee.codec_id)),
      frameRate: rate.num > 0 && rate.den > 0 ? Double(rate.num) / Double(rate.den) : nil,
      orientation: matrix.flatMap { Orientation(displayMatrix: $0) }, isStill: isStill)
    return (track, sound >= 0 ? sound : nil)
  }

  /// Cover art in an audio file is no video.
  private static func isVideo(_ stream: UnsafeMutablePointer<AVStream>) -> Bool {
    // SAFETY: streams of an open context have codec parameters.
    unsafe stream.pointee.codecpar?.pointee.codec_type == AVMEDIA_TYPE_VIDEO
      && stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
  }

  /// A value that was encoded by hand would be encoded twice.
  private static let refusedRemedy =
    "check the user and password; a value from ${NAME} is percent-encoded automatically, so set it unencoded: '@', "
    + "not %40"

  private static func openError(
    _ status: Int32, name: String, url: String?, isRemote: Bool, isFound: Bool = false, guardian: ReadGuard
  ) -> OpenError {
    let answer = ServerAnswer.take()
    let isLate = guardian.hasTimedOut || status == ep_error_exit()
    let explained = isLate || guardian.isStopping ? nil : Explanation(answer, status: status)
    let reason =
      guardian.isStopping
      ? "the run is ending"
      : isLate ? "no answer within the time allowed" : explained?.reason ?? avErrorText(status)
    let cause: OpenError.Cause =
      switch status {
      case ep_error_unauthorized(), ep_error_forbidden(): .refused
      case ep_error_no_protocol(), ep_error_no_demuxer(), ep_error_no_option(): .impossible
      case ep_error_invalid_data() where answer.isMultipart: .oddParts
      default: isLate && isFound ? .slow : .other
      }
    let remedy =
      cause == .refused
      ? refusedRemedy
      : isRemote
        ? "check that the address, user and password are right and that the server or device is running"
        : "check with ffprobe that it is a complete video or picture file"
    return OpenError(
      PipelineError(
        "cannot open '\(name)': \(url.map { URLRedaction.scrub(reason, of: $0) } ?? reason)",
        remedy: explained?.remedy ?? remedy, consequence: .endStream,
        code: isRemote ? .unreachable : .malformed), cause, reason: reason)
  }
}

/// Why a server was of no use, in its own words where FFmpeg's code says less.
private struct Explanation {
  var reason: String
  var remedy: String?

  init?(_ answer: ServerAnswer, status: Int32) {
    if let unresolved = answer.unresolved {
      reason = "the name of the server cannot be resolved (\(unresolved))"
      remedy = "check the name in the address, and this machine's name server and network"
    } else if let digest = answer.unknownDigest, status == ep_error_unauthorized() {
      reason = "401 Unauthorized: the server requires a digest with \(digest), which FFmpeg does not support"
      remedy = "set the camera to digest with MD5, or to basic authentication"
    } else if let refusal = answer.refusal, refusal.hasPrefix("461") {
      reason = "the server does not support the requested transport: it answers \"\(refusal)\""
      remedy = "set \"transport\" to another one; \"auto\" uses TCP, or UDP if the server has no TCP"
    } else if answer.hasOtherTransport {
      reason = "the server selected another transport than the requested one"
      remedy = "set \"transport\" to another one"
    } else if let refusal = answer.refusal {
      reason = "the server answers \"\(refusal)\""
    } else {
      return nil
    }
  }
}
