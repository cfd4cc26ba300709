import CFFmpeg

/// Options by name for one of FFmpeg's open calls: owns one AVDictionary.
@safe final class MediaOptions {
  private var handle: OpaquePointer?

  init(_ options: [String: String]) {
    // SAFETY: the strings are copied by the call.
    for (key, value) in options { unsafe av_dict_set(&handle, key, value, 0) }
  }

  // SAFETY: frees what the calls left of the dictionary; a null dictionary is allowed.
  deinit { unsafe av_dict_free(&handle) }

  /// Lends the dictionary to a call that takes options out of it.
  func withHandle<Result>(_ body: (inout OpaquePointer?) -> Result) -> Result { unsafe body(&handle) }

  /// Whether this FFmpeg's demuxer, such as `rtsp`, knows the option.
  static func demuxer(_ name: String, has option: String) -> Bool {
    // SAFETY: both strings are only read, during the call.
    unsafe ep_demuxer_has_option(name, option) != 0
  }
}
