import Foundation
import Glibc
import PipelineTestSupport

/// A broker of MQTT (mosquitto) on this machine's loopback, which can be stopped, frozen and started again.
final class TestBroker {
  static let isAvailable =
    TestProgram.isInstalled("/usr/sbin/mosquitto") && TestProgram.isInstalled("/usr/bin/mosquitto_sub")

  let port: Int
  private let files: FilesFixture
  private let configuration: String
  private var program: TestProgram?

  /// - Parameters:
  ///   - lines: of its configuration, beside the listener.
  ///   - isPersistent: what it holds for others outlives a restart.
  init(_ files: FilesFixture, _ lines: [String] = ["allow_anonymous true"], isPersistent: Bool = false) throws {
    self.files = files
    port = Self.freePort()
    let persistence =
      isPersistent ? ["persistence true", "persistence_location \(files.folder.path)/"] : ["persistence false"]
    let user = getuid() == 0 ? ["user root"] : []
    configuration = try files.file(
      "broker-\(port).conf",
      (["per_listener_settings false", "max_queued_messages 100000"] + user + persistence + [
        "listener \(port) 127.0.0.1"
      ]
        + lines).joined(separator: "\n") + "\n")
    try start()
  }

  func start() throws {
    let program = try TestProgram("/usr/sbin/mosquitto", ["-c", configuration])
    try program.wait { $0.contains(" running") }
    self.program = program
  }

  /// What it holds is written before it ends.
  func stop() {
    program?.stop(SIGTERM)
    program = nil
  }

  func freeze() { program?.signal(SIGSTOP) }
  func thaw() { program?.signal(SIGCONT) }

  // MARK: - Those who receive

  /// What a subscriber needs beside the address, such as its certificate.
  var subscriberOptions: [String] = []

  private func address() -> [String] { ["-h", "127.0.0.1", "-p", "\(port)"] + subscriberOptions }

  /// From now on the broker keeps what comes for this subscriber.
  func subscribe(_ name: String, _ filter: String) throws {
    let program = try TestProgram(
      "/usr/bin/mosquitto_sub", address() + ["-i", name, "-c", "-q", "2", "-t", filter, "-E"])
    let words = try program.finish()
    guard words.isEmpty else { throw TestProgram.Silent(program: "mosquitto_sub", printed: words) }
  }

  /// The next messages for a subscriber, each as `topic payload`.
  func receive(_ name: String, _ filter: String, count: Int) throws -> [String] {
    let program = try TestProgram(
      "/usr/bin/mosquitto_sub",
      address() + ["-i", name, "-c", "-q", "2", "-t", filter, "-C", "\(count)", "-W", "30", "-F", "%t %p"])
    return try program.finish().split(separator: "\n").map(String.init)
  }

  /// What is retained under a filter, in the order of topics.
  func retained(_ filter: String, count: Int) throws -> [String] {
    let program = try TestProgram(
      "/usr/bin/mosquitto_sub",
      address() + ["--retained-only", "-t", filter, "-C", "\(count)", "-W", "30", "-F", "%t %p"])
    return try program.finish().split(separator: "\n").map(String.init).sorted()
  }

  func publish(_ topic: String, _ payload: String, _ options: [String] = []) throws {
    let program = try TestProgram(
      "/usr/bin/mosquitto_pub", address() + ["-q", "1", "-t", topic, "-m", payload] + options)
    _ = try program.finish()
  }

  static func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the address is a whole sockaddr_in, and is there for both calls.
    unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe _ = bind(descriptor, pointer, size)
        unsafe _ = getsockname(descriptor, pointer, &size)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { program?.stop(SIGKILL) }
}
