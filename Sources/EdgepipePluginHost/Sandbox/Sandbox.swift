import CPlatform
import Glibc

/// Shuts the calling process in, for good: what it may do afterwards is in the policy, whatever code it loads.
package enum Sandbox {
  // prctl(2).
  private static let setParentDeathSignal: Int32 = 1
  private static let setNoNewPrivileges: Int32 = 38
  private static let dropBoundCapability: Int32 = 24

  /// Ends with the process that started it. To be called first: the parent may be gone already.
  ///
  /// - Returns: false where it is.
  package static func followParent(_ parent: Int32) -> Bool {
    _ = ep_prctl(setParentDeathSignal, UInt(SIGKILL))
    return getppid() == parent
  }

  /// To be called while the process has one thread: some of it holds a thread and those that it starts.
  ///
  /// - Returns: what this system cannot keep the process from.
  package static func enter(_ policy: SandboxPolicy) -> [SandboxGap] {
    var gaps: [SandboxGap] = []
    if !limit(policy) { gaps.append(.memory) }
    if !separate(policy) { gaps.append(.namespaces) }
    // With the bounding set empty and no new privileges, nothing brings a capability back.
    for capability in 0..<UInt(64) { _ = ep_prctl(dropBoundCapability, capability) }
    _ = ep_drop_capabilities()
    if ep_prctl(setNoNewPrivileges, 1) != 0 { gaps.append(.privileges) }
    gaps += Landlock.restrict(policy)
    if SystemCallFilter.install(policy) {
      // Without sockets nothing connects, whichever version Landlock has; and the filter looks at signals too.
      gaps.removeAll { $0 == .network || $0 == .signals }
    } else {
      gaps.append(.calls)
    }
    return gaps
  }

  private static func limit(_ policy: SandboxPolicy) -> Bool {
    func set(_ resource: __rlimit_resource, _ value: UInt64) -> Bool {
      var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
      // SAFETY: `limit` outlives the call.
      return unsafe setrlimit(Int32(resource.rawValue), &limit) == 0
    }
    // A crash says what it has to in the log; its memory holds the user's pictures.
    _ = set(RLIMIT_CORE, 0)
    _ = set(RLIMIT_NOFILE, 256)
    return set(RLIMIT_DATA, policy.memoryBytes)
  }

  /// A user, network and message namespace of its own.
  private static func separate(_ policy: SandboxPolicy) -> Bool {
    // CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWNET.
    ep_unshare(0x1000_0000 | 0x0800_0000 | (policy.allowsNetwork ? 0 : 0x4000_0000)) == 0
  }
}
