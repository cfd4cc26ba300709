import Foundation
import Pipeline
import PipelineTestSupport
import Testing

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

struct SourceStallTests {
  @Test func givenAServerThatNeverAnswers_whenOpened_thenUnavailableAfterTheTimeout() throws {
    let server = try SilentServer(), clock = SystemClock(), start = clock.now()
    let error = try #require(throws: PipelineError.self) {
      try MediaFixtures.run("rtsp://user:s3cret@127.0.0.1:\(server.port)/cam") { $0.timeoutS = 0.5 }
    }
    #expect(error.exit == .unavailable && error.consequence == .endStream)
    #expect(!"\(error)".contains("s3cret"))
    // Half a second by the configuration; the rest is for a busy machine.
    #expect(clock.now().nanoseconds(since: start) < 5_000_000_000)
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
