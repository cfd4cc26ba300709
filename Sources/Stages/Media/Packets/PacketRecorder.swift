import Pipeline

/// A sink that works with the packets of the streams that lead to it. Its sources find it when the stages are connected,
/// and keep packets for nobody else.
protocol PacketRecorder: AnyObject, Sendable {
  /// How much of each stream is kept at least, in bytes, where there is so much.
  var packetBytes: Int { get }
  var wantsAudio: Bool { get }
  /// A stream begins, or joins. Called on its source's thread, before its first packet.
  func record(_ packets: StreamPackets)
}
