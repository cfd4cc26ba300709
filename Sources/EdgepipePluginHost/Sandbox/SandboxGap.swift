/// Something that this system cannot keep the process of a plugin from. It is said at the start, never passed over.
package enum SandboxGap: UInt8, Sendable, Hashable, CaseIterable {
  /// Files that it was not allowed (no Landlock in the kernel).
  case files
  /// TCP connections (Landlock older than version 4), where the filter of system calls does not refuse sockets.
  case network
  /// Signals to other processes of the user (Landlock older than version 6).
  case signals
  /// System calls that no plugin needs (no seccomp).
  case calls
  /// Namespaces of its own.
  case namespaces
  /// More memory than it may hold.
  case memory
  /// New privileges through programs that have them.
  case privileges

  /// Continues the sentence "this system cannot ...".
  package var description: String {
    switch self {
    case .files: "keep it from the user's files (Landlock is missing)"
    case .network: "keep it from TCP connections by Landlock"
    case .signals: "keep it from signalling other processes by Landlock"
    case .calls: "filter its system calls (seccomp is missing)"
    case .namespaces: "give it namespaces of its own"
    case .memory: "limit its memory"
    case .privileges: "keep it from new privileges"
    }
  }
}
