import CFFmpeg

/// What must happen once in the process before FFmpeg is used.
enum MediaLibrary {
  private static let prepared: Void = {
    // FFmpeg's own messages may quote a URL with its password, and they bypass the logger: errors reach the user as
    // PipelineErrors and counters instead.
    av_log_set_level(AV_LOG_QUIET)
    ep_watch_log()
    avdevice_register_all()
    avformat_network_init()
  }()

  /// Safe to call from any thread, any number of times.
  static func prepare() { _ = prepared }
}
