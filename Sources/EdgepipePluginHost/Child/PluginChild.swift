import Glibc

/// What `edgepiped plugin-host` does: it shuts itself in, loads one plugin, and serves one instance of it over the socket that
/// it was started with, until that ends.
package enum PluginChild {
  /// The descriptor of the socket.
  package static let socket: Int32 = 3

  /// Returns the exit status. What goes wrong before the plugin is asked anything is said to whoever started this.
  package static func run() -> Int32 {
    guard fcntl(socket, F_GETFD) >= 0 else {
      log(.error, "plugin-host is started by edgepipe itself")
      return 64
    }
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    let connection = WireConnection(WireSocket(owning: socket), takesDescriptors: true)
    do throws(WireFailure) {
      let order = try receiveOrder(connection)
      guard Sandbox.followParent(order.parent) else { return 0 }
      let gaps = Sandbox.enter(order.policy)
      try connection.send(.shut, call: 0) { writer in writer.write(list: gaps) { $0.write($1.rawValue) } }
      if !order.program.isEmpty { return become(order.program) }
      try PluginService(connection).run()
      return 0
    } catch .ended {
      return 0
    } catch {
      log(.error, "the process of the plugin cannot go on: \(error.description)")
      return 70
    }
  }

  private static func receiveOrder(_ connection: WireConnection) throws(WireFailure) -> SandboxOrder {
    var message = try connection.receive()
    guard message.kind == .order else { throw .malformed("message \(message.kind) at the beginning") }
    return try message.content.order()
  }

  /// Turns into another program, which goes on with the socket.
  private static func become(_ program: [String]) -> Int32 {
    _ = fcntl(socket, F_SETFD, 0)
    // SAFETY: `strdup` copies each string; the list ends in nil, and the program that takes over frees nothing.
    let arguments = unsafe program.map { unsafe strdup($0) } + [nil]
    _ = unsafe execv(program[0], arguments)
    log(.error, "cannot start \(program[0]): system error \(errno)")
    return 69
  }

  /// Says a line by standard error, which the program reads: `<4>` before it is its weight, as with the journal.
  package static func log(_ level: PluginLogLevel, _ text: String) {
    let line = text.utf8.prefix(lineBytes).map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }
    let bytes = Array("<\(level.rawValue)>".utf8) + line + [UInt8(ascii: "\n")]
    // SAFETY: the bytes are read during the call only.
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// With its beginning and end less than a pipe takes at once, so that lines of several threads do not mix.
  private static let lineBytes = 4000
}
