import EdgepipeCore
import Synchronization

/// What a file must say of a stream whose packets are kept. Another object whenever a file cannot go on: over a new
/// connection, after a jump of the clock, with other parameters.
final class StreamFormat: Sendable {
  /// Counts the formats of a stream from 0.
  let generation: Int
  let video: TrackParameters
  let audio: TrackParameters?
  /// The codec of a sound track that no file can take.
  let audioLeftOut: String?
  /// What MP4 says of AAC whose packets say it themselves; known with the first one.
  private let configuration = Mutex<[UInt8]?>(nil)

  var adts: [UInt8]? {
    get { configuration.withLock { $0 } }
    set { configuration.withLock { $0 = newValue } }
  }

  init(generation: Int, video: TrackParameters, audio: TrackParameters? = nil, audioLeftOut: String? = nil) {
    self.generation = generation
    self.video = video
    self.audio = audio
    self.audioLeftOut = audioLeftOut
  }
}

/// A packet of a stream on its way into files.
struct StreamPacket: Sendable {
  let packet: SharedPacket
  let format: StreamFormat
  let isVideo: Bool
  /// A picture from which on everything can be decoded.
  let isKey: Bool
  /// In ticks of its track's clock; decoding times of the video rise.
  let shown: Int64
  let decoded: Int64
  let duration: Int64
  /// `shown` and `decoded` on the stream's own clock.
  let time: MediaTime
  let decodingTime: MediaTime
  let captured: CaptureInstant
}

/// A moment of a stream on the clock of its packets.
struct StreamPlace: Sendable, Hashable {
  var generation: Int
  var time: MediaTime
}
