import EdgepipeCore
import Pipeline

/// Writes a stream as HLS with fMP4 segments, each from one key frame to the next.
final class HLSCarrier: StreamCarrier {
  private let folder: HLSFolder
  private let muxer: SegmentMuxer
  private var playlist: HLSPlaylist
  private var number: Int
  /// How long it is shown is known when the next one comes.
  private var pending: EncodedPicture?
  private var firstTicks: Int64?
  private var step: Int64 = 3600
  /// What the segment that is being filled is listed with.
  private var begin: (wall: WallTime, isBreak: Bool)?
  private var length: Int64 = 0

  /// - Parameter windowS: how many seconds are listed.
  init(_ path: String, _ video: VideoDescription, windowS: Int, wall: WallTime) throws(PipelineError) {
    muxer = try SegmentMuxer(video)
    folder = try HLSFolder(path, wall: wall)
    number = folder.firstNumber
    playlist = HLSPlaylist(initialization: HLSFolder.initialization(number), length: windowS)
    try folder.write(muxer.initialization, as: playlist.initialization)
  }

  func send(_ picture: EncodedPicture) throws(StreamLoss) {
    do throws(PipelineError) {
      if let last = pending {
        let elapsed = picture.ticks - last.ticks
        // The time that a camera was away belongs to no picture.
        if !picture.isBreak, elapsed > 0 { step = elapsed }
        try add(last)
        if picture.isKey { try cut() }
      }
      pending = picture
    } catch { throw StreamLoss(error) }
  }

  func finish() throws(StreamLoss) {
    do throws(PipelineError) {
      if let last = pending { try add(last) }
      pending = nil
      try cut()
      try folder.write(playlist, isEnded: true)
    } catch { throw StreamLoss(error) }
  }

  private func add(_ picture: EncodedPicture) throws(PipelineError) {
    let first = firstTicks ?? picture.ticks
    firstTicks = first
    if begin == nil { begin = (picture.wall, picture.isBreak) }
    try muxer.add(picture, ticks: picture.ticks - first, duration: step)
    length += step
  }

  private func cut() throws(PipelineError) {
    guard let begin else { return }
    try folder.write(muxer.cut(), as: HLSPlaylist.name(of: number))
    let past = playlist.add(
      .init(
        number: number, seconds: Double(length) / Double(VideoEncoder.ticksPerSecond), wall: begin.wall,
        isBreak: begin.isBreak))
    try folder.write(playlist)
    folder.retire(past, keeping: playlist.length)
    number += 1
    (self.begin, length) = (nil, 0)
  }
}
