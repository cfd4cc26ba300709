import Foundation
import PipelineTestSupport
import Testing

/// `bad_server.py` at work; ends with this object.
final class BadServer {
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

  let port: Int
  private let script: HelperProcess

  init() throws {
    script = try HelperProcess("Tests/EdgepipeRemoteTests/Support/bad_server.py", [])
    port = try #require(Int(script.address))
  }

  func freeze() { script.freeze() }
  func thaw() { script.thaw() }
}
