/// What a sink that writes events has still to write of changed options, stream by stream: a change counts for a stream
/// from its first frame on that was admitted after it.
public struct OptionsLog {
  /// Of more streams all are forgotten, and the last changes may be written again.
  static let maximumStreams = 4096

  private var versions: [String: Int] = [:]

  public init() {}

  /// The changes since the last frame of the stream, oldest first; at most the run's last 64. For a stream's first frame
  /// all that came before it.
  public mutating func changes(before frame: Frame) -> [OptionChange] {
    guard let options = frame.options else { return [] }
    let stream = frame.header.stream.id, known = versions[stream] ?? 0
    guard options.version > known else { return [] }
    if versions.count >= Self.maximumStreams { versions.removeAll() }
    versions[stream] = options.version
    return options.history.filter { $0.version > known }
  }
}
