@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import Pipeline
@testable import Stages

/// What a camera's frames looked like, and when the run ends.
final class CameraWatcher: SourceOutput {
  private let recording: RecordingOutput
  private let seen = Mutex<[UInt64]>([])
  private let until: @Sendable (CameraWatcher) -> Bool

  init(until: @escaping @Sendable (CameraWatcher) -> Bool) {
    recording = RecordingOutput(keepsImages: false)
    self.until = until
  }

  var headers: [FrameHeader] { recording.frames.map(\.header) }
  var counts: [String: Int] { recording.counts }
  var contents: [UInt64] { seen.withLock { $0 } }
  var told: [RecordingOutput.Health] { recording.health }
  var states: [StreamState] { told.map(\.state).reduce(into: []) { if $0.last != $1 { $0.append($1) } } }

  func emit(_ frame: Frame) -> Admission {
    let content = FaultyCamera.content(frame)
    seen.withLock { $0.append(content) }
    let admission = recording.emit(frame)
    return check() ? .stopped : admission
  }

  private func check() -> Bool {
    // A camera that is of no use after so many attempts fails its test instead of holding it up.
    if until(self) || (told.last?.attempt ?? 0) > 300 { recording.stop() }
    return recording.isStopping
  }

  var isStopping: Bool { recording.isStopping }
  func wait(until deadline: MonotonicTime) -> Bool {
    // The tests' pauses are a few milliseconds, so that a camera that is away is not asked without a break.
    while !isStopping, SystemClock().now() < deadline { usleep(1000) }
    return !isStopping
  }
  func report(position: MediaTime, duration: MediaTime?) {}
  func count(_ name: String, _ increment: Int) { recording.count(name, increment) }
  func fail(stream: String, _ error: PipelineError) { recording.fail(stream: stream, error) }
  func health(_ state: StreamState, attempt: Int, error: String?) {
    recording.health(state, attempt: attempt, error: error)
    _ = check()
  }

  /// Reads a camera, with pauses of milliseconds, until the test has seen enough.
  static func run(
    _ url: String, until: @escaping @Sendable (CameraWatcher) -> Bool,
    _ configure: (inout FFmpegSource.Configuration) -> Void = { _ in }
  ) throws -> CameraWatcher {
    var configuration = FFmpegSource.Configuration(url: url)
    configuration.timeoutS = 5
    configuration.reconnect.minS = 0.01
    configuration.reconnect.maxS = 0.05
    configuration.refusedS = 0.2
    configure(&configuration)
    let output = CameraWatcher(until: until)
    let source = try FFmpegSource(configuration, context: MediaFixtures.context("camera"))
    try source.run(try #require(source.streams.first), output)
    let headers = output.headers
    #expect(headers.map(\.sequence) == Array(0..<headers.count))
    let rising = zip(headers, headers.dropFirst()).filter { $0.mediaTime >= $1.mediaTime }
    #expect(rising.isEmpty, "media times rise")
    return output
  }
}
