/// What the process of a plugin is told first: what it may do, and which program it becomes, where not itself.
package struct SandboxOrder: Sendable, Hashable {
  package var policy: SandboxPolicy
  /// The process that started it: it does not outlive that.
  package var parent: Int32
  /// An interpreter with its arguments; empty: the plugin is a library.
  package var program: [String]

  package init(policy: SandboxPolicy, parent: Int32, program: [String] = []) {
    self.policy = policy
    self.parent = parent
    self.program = program
  }
}

extension WireWriter {
  package mutating func write(_ order: SandboxOrder) {
    write(list: order.policy.readable) { $0.write($1) }
    write(list: order.policy.writable) { $0.write($1) }
    write(order.policy.allowsNetwork)
    write(order.policy.mayBecomeProgram)
    write(order.policy.memoryBytes)
    write(Int(order.parent))
    write(list: order.program) { $0.write($1) }
  }

  package mutating func write(_ setup: PluginSetup) {
    write(setup.path)
    write(setup.type)
    write(setup.stage)
    write(setup.pipeline)
    write(setup.worker)
    write(setup.isReplay)
    write(setup.configuration)
  }
}

extension WireReader {
  package mutating func order() throws(WireFailure) -> SandboxOrder {
    let policy = SandboxPolicy(
      readable: try texts(), writable: try texts(), allowsNetwork: try bool(), mayBecomeProgram: try bool(),
      memoryBytes: try uint64())
    return SandboxOrder(policy: policy, parent: Int32(truncatingIfNeeded: try int()), program: try texts())
  }

  package mutating func setup() throws(WireFailure) -> PluginSetup {
    PluginSetup(
      path: try text(), type: try text(), stage: try text(), pipeline: try text(), worker: try int(),
      isReplay: try bool(), configuration: try data())
  }

  package mutating func gaps() throws(WireFailure) -> [SandboxGap] {
    try list(least: 1) { (reader: inout WireReader) throws(WireFailure) in
      let raw = try reader.byte()
      guard let gap = SandboxGap(rawValue: raw) else { throw .malformed("gap \(raw)") }
      return gap
    }
  }

  private mutating func texts() throws(WireFailure) -> [String] {
    try list(least: 4) { (reader: inout WireReader) throws(WireFailure) in try reader.text() }
  }
}
