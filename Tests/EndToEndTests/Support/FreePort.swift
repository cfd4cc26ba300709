import Foundation
import PipelineTestSupport
import Testing

/// Ports of 127.0.0.1 that nobody had a moment ago.
enum FreePort {
  static func udp() throws -> Int { try take("SOCK_DGRAM") }

  static func tcp() throws -> Int { try take("SOCK_STREAM") }

  private static func take(_ type: String) throws -> Int {
    let script =
      "import socket; s = socket.socket(type=socket.\(type)); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    let result = try TestData.run(URL(fileURLWithPath: "/usr/bin/python3"), ["-c", script])
    let text = String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    return try #require(Int(text))
  }
}
