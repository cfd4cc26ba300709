/// What must be opened for a live input.
struct LiveInput: Sendable {
  var url: String
  /// FFmpeg's name of a format, or nil to find it.
  var format: String?
  var options: [String: String] = [:]
  /// What outputs and errors call the input, without secrets.
  var source: String
  var probing = Demuxer.Probing.timed
  /// Packets may come twice, as they do over UDP.
  var mayRepeat = false
}
