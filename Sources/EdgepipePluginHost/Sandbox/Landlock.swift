import CPlatform
import Glibc

/// The kernel's rules on which files and ports a process may use (Landlock, Linux 5.13), which it can take on without
/// privileges and never put off.
enum Landlock {
  /// The version of the kernel's interface; nil where there is none.
  static var version: Int? {
    let version = ep_landlock_create(0, 0, 0, 0)
    return version > 0 ? Int(version) : nil
  }

  // The kernel's LANDLOCK_ACCESS_FS_... by bit.
  private static let execute: UInt64 = 1 << 0
  private static let writeFile: UInt64 = 1 << 1
  private static let readFile: UInt64 = 1 << 2
  private static let readFolder: UInt64 = 1 << 3
  private static let truncate: UInt64 = 1 << 14
  private static let controlDevice: UInt64 = 1 << 15
  private static let reading = execute | readFile | readFolder
  /// What may be asked for of a file; the kernel refuses the others.
  private static let ofFiles = execute | writeFile | readFile | truncate | controlDevice

  /// Every right over files that a version knows, which is what a rule set takes away.
  private static func rights(_ version: Int) -> UInt64 {
    let count =
      switch version {
      case 1: 13
      case 2: 14
      case 3, 4: 15
      default: 16
      }
    return (1 << UInt64(count)) - 1
  }

  /// Everything but making devices: what a writable folder allows.
  private static let making = ~UInt64(1 << 6 | 1 << 11 | 1 << 15)

  /// Takes on the rules of `policy`, for the calling thread and all that it starts.
  ///
  /// - Returns: what this kernel cannot hold it to.
  static func restrict(_ policy: SandboxPolicy) -> [SandboxGap] {
    guard let version else { return [.files, .network, .signals] }
    let files = rights(version)
    // Binding and connecting TCP from version 4; signals and abstract sockets of others from version 6.
    let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
    let rules = ep_landlock_create(files, policy.allowsNetwork ? 0 : 3, 3, size)
    guard rules >= 0 else { return [.files, .network, .signals] }
    defer { close(rules) }
    for path in SandboxPolicy.systemReadable + policy.readable { allow(path, reading, rules) }
    if policy.allowsNetwork { for path in SandboxPolicy.networkReadable { allow(path, reading, rules) } }
    allow("/dev/null", readFile | writeFile, rules)
    for path in policy.writable { allow(path, files & making, rules) }
    guard ep_landlock_restrict(rules) == 0 else { return [.files, .network, .signals] }
    return (version >= 4 || policy.allowsNetwork ? [] : [.network]) + (version >= 6 ? [] : [.signals])
  }

  /// A path that is not there allows nothing.
  private static func allow(_ path: String, _ access: UInt64, _ rules: Int32) {
    // SAFETY: `path` is passed as a NUL-terminated copy for the time of the call.
    let file = unsafe open(path, O_PATH | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    var facts = stat()
    // SAFETY: `facts` outlives the call.
    guard unsafe fstat(file, &facts) == 0 else { return }
    let isFolder = facts.st_mode & S_IFMT == S_IFDIR
    _ = ep_landlock_allow(rules, file, isFolder ? access : access & ofFiles)
  }
}
