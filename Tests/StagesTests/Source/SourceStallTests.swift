@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

/// A server that takes connections and never says a word: it listens, and the kernel answers for it.
final class SilentServer {
  private let descriptor: Int32
  let port: UInt16

  init() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the address outlives both calls, which read and write no more than `size` bytes of it.
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, size) == 0 && listen(descriptor, 4) == 0
          && getsockname(descriptor, generic, &size) == 0
      }
    }
    self.descriptor = descriptor
    port = UInt16(bigEndian: address.sin_port)
    try #require(status)
  }

  deinit { close(descriptor) }
}

/// Ends the run with the first word of trouble.
private final class StoppingOutput: SourceOutput {
  private let recording = RecordingOutput()
  var health: [RecordingOutput.Health] { recording.health }
  var frames: [Frame] { recording.frames }

  func emit(_ frame: Frame) -> Admission { recording.emit(frame) }
  var isStopping: Bool { recording.isStopping }
  func wait(until deadline: MonotonicTime) -> Bool { recording.wait(until: deadline) }
  func report(position: MediaTime, duration: MediaTime?) {}
  func count(_ name: String, _ increment: Int) {}
  func fail(stream: String, _ error: PipelineError) {}

  func health(_ state: StreamState, attempt: Int, error: String?) {
    recording.health(state, attempt: attempt, error: error)
    if error != nil { recording.stop() }
  }
}

struct SourceStallTests {
  private func trouble(_ url: String, timeoutS: Double) throws -> RecordingOutput.Health? {
    var configuration = FFmpegSource.Configuration(url: url)
    configuration.timeoutS = timeoutS
    let output = StoppingOutput()
    let source = try FFmpegSource(configuration, context: MediaFixtures.context("camera"))
    try source.run(try #require(source.streams.first), output)
    #expect(output.health.first?.state == .connecting && output.health.last?.state == .ended)
    return output.health.first { $0.error != nil }
  }

  @Test func givenAServerThatNeverAnswers_whenOpened_thenWaitingAfterTheTimeoutAndNoPassword() throws {
    let server = try SilentServer(), clock = SystemClock(), start = clock.now()
    let trouble = try #require(try trouble("rtsp://user:s3cret@127.0.0.1:\(server.port)/cam", timeoutS: 0.5))
    #expect(trouble.state == .waiting && trouble.attempt == 1)
    #expect(trouble.error?.contains("s3cret") == false)
    // Half a second by the configuration; the rest is for a busy machine.
    #expect(clock.now().nanoseconds(since: start) < 5_000_000_000)
  }

  // Port 9 of this machine: nobody listens, the connection is refused at once.
  @Test func givenAServerThatIsNotThere_whenOpened_thenWaitingWithTheReason() throws {
    let trouble = try #require(try trouble("rtsp://user:s3cret@127.0.0.1:9/cam", timeoutS: 2))
    #expect(trouble.state == .waiting)
    #expect(trouble.error?.contains("127.0.0.1") == true && trouble.error?.contains("s3cret") == false)
  }

  @Test func givenARunThatIsStopping_whenTheServerNeverAnswers_thenTheSourceReturnsWithoutAnError() throws {
    let server = try SilentServer(), clock = SystemClock(), start = clock.now()
    let output = RecordingOutput()
    output.stop()
    try MediaFixtures.run("rtsp://127.0.0.1:\(server.port)/cam", output: output) { $0.timeoutS = 60 }
    #expect(output.frames.isEmpty)
    #expect(clock.now().nanoseconds(since: start) < 5_000_000_000)
  }
}
