import EdgepipeCore
import Logging
import Pipeline

/// Opens, writes and closes a sink's recordings. A disk that takes nothing costs recordings and nothing else: it is tried
/// again every few seconds. Used by the sink's writing thread.
final class RecordingStore {
  let kind: RecordingFile.Kind
  let folder: RecordingFolder
  let counts: RecordingCounts
  let clock: any PipelineClock
  let logger: Logger
  private let context: StageContext
  let longestFile: Int64
  private let withAudio: Bool
  /// The streams whose recordings cannot be written now, and when each is tried again: one whose folder or whose pictures
  /// are at fault holds up no other.
  private var failing: [String: MonotonicTime] = [:]
  private var unprunedBytes: Int64 = 0
  private var nextPrune: MonotonicTime
  private var disk: DiskRule
  private let space: (String) -> DiskSpace?
  private let tell: (FaultChange) -> Void

  /// From a failed write to the next attempt.
  static let pauseMilliseconds = 5000.0
  /// The quota is looked at after so much was written, and after so long: others write on the disk as well.
  private static let pruneBytes: Int64 = 1 << 20
  private static let pruneMilliseconds = 5000.0

  /// - Parameter space: of the disk of a folder.
  init(
    _ kind: RecordingFile.Kind, _ settings: RecordingSettings, counts: RecordingCounts, context: StageContext,
    space: @escaping (String) -> DiskSpace? = { DiskSpace(at: $0) }
  ) {
    self.space = space
    nextPrune = context.clock.now()
    disk = DiskRule(stage: context.id, quota: settings.quota)
    tell = { context.announce($0) }
    self.kind = kind
    self.counts = counts
    self.context = context
    clock = context.clock
    logger = context.logger
    withAudio = settings.audio
    let quota = settings.quota
    longestFile = quota.longestFile
    folder = RecordingFolder(path: settings.folder, quota: quota)
  }

  /// - Parameter first: the key frame that it begins with; it is to be written then.
  /// - Returns: nil while the disk takes nothing.
  func open(_ stream: StreamInfo, first: StreamPacket) -> RecordingFile? {
    if let retryAt = failing[stream.id], clock.now() < retryAt { return nil }
    var place: String?
    do throws(PipelineError) {
      let begun = try folder.begin(stream: stream.id, at: first.captured.wall)
      place = begun
      let file = try RecordingFile(kind, place: begun, stream: stream, first: first, withAudio: withAudio)
      counts.update { $0.files += 1 }
      prune()
      return file
    } catch {
      if let place {
        RecordingFolder.remove(place)
        folder.end(place)
      }
      fail(stream, error)
      return nil
    }
  }

  /// - Returns: false when the recording has ended with a failed write.
  func write(_ packet: StreamPacket, to file: RecordingFile) -> Bool {
    let before = file.bytes
    do throws(PipelineError) { try file.write(packet) } catch {
      abandon(file, error)
      return false
    }
    let added = file.bytes - before
    counts.update {
      $0.packets += 1
      $0.bytes += added
    }
    guard added > 0 else { return true }
    if file.hasPictures { recover(file.stream) }
    folder.note(file.place, bytes: file.bytes)
    unprunedBytes += added
    if unprunedBytes >= Self.pruneBytes || clock.now() >= nextPrune { prune() }
    return true
  }

  func close(_ file: RecordingFile, _ end: RecordingFile.End) {
    let before = file.bytes
    do throws(PipelineError) { try file.finish(end) } catch { return abandon(file, error) }
    counts.update {
      $0.complete += 1
      $0.bytes += file.bytes - before
    }
    recover(file.stream)
    folder.end(file.place)
    prune()
    context.tell(
      kind == .clip ? .clip : .recording, of: file.stream.id, path: "\(file.place).\(RecordingName.video)",
      picture: file.facts["thumbnail"].map { _ in "\(file.place).\(RecordingName.picture)" },
      begin: file.first.captured.wall, facts: file.summary(end))
    logger.info(
      "\(kind.rawValue) written: \(file.place).\(RecordingName.video)",
      metadata: ["seconds": "\((Double(file.length) / 1e8).rounded() / 10)", "ended_by": "\(end.rawValue)"])
  }

  /// What was written stays as far as it plays.
  private func abandon(_ file: RecordingFile, _ error: PipelineError) {
    if !file.abandon() { counts.update { $0.files -= 1 } }
    folder.end(file.place)
    fail(file.stream, error)
  }

  private func fail(_ stream: StreamInfo, _ error: PipelineError) {
    let retryAt = clock.now().advanced(byMilliseconds: Self.pauseMilliseconds)
    counts.update { $0.failedWrites += 1 }
    guard failing.updateValue(retryAt, forKey: stream.id) == nil else { return }
    logger.error("nothing of '\(stream.id)' is recorded for now, and it is tried again until it works: \(error)")
  }

  private func recover(_ stream: StreamInfo) {
    if failing.removeValue(forKey: stream.id) != nil { logger.notice("recording of '\(stream.id)' goes on") }
  }

  func prune() {
    unprunedBytes = 0
    nextPrune = clock.now().advanced(byMilliseconds: Self.pruneMilliseconds)
    let space = space(folder.path)
    folder.prune(disk: space, now: clock.wallTime())
    if let space, let change = disk.look(space, folder: folder.path, at: clock.wallTime()) { tell(change) }
    counts.update { $0.removed = folder.removed }
  }
}

/// What both recording sinks are told.
struct RecordingSettings: Sendable {
  var folder = ""
  var maxMB = 1024.0
  var maxAgeH: Double?
  var minFreeMB = 200.0
  var audio = true

  var quota: RecordingQuota {
    RecordingQuota(
      maxBytes: Int64(maxMB * 1_048_576), maxSeconds: maxAgeH.map { Int64($0 * 3600) },
      minFreeBytes: Int64(minFreeMB * 1_048_576))
  }
}
