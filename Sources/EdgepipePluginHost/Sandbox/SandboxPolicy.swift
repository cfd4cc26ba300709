/// What the process of a plugin may do beyond computing.
package struct SandboxPolicy: Sendable, Hashable {
  /// Files and folders that it may read.
  package var readable: [String]
  /// Folders in which it may read, make, change and remove files.
  package var writable: [String]
  /// Whether it may open connections.
  package var allowsNetwork: Bool
  /// Whether it may become another program, as the process that turns into an interpreter must. It stays one process with the
  /// same limits.
  package var mayBecomeProgram: Bool
  /// What it may hold of memory, without that of the pictures.
  package var memoryBytes: UInt64

  package static let usualMemoryBytes: UInt64 = 1 << 30

  package init(
    readable: [String] = [], writable: [String] = [], allowsNetwork: Bool = false, mayBecomeProgram: Bool = false,
    memoryBytes: UInt64 = usualMemoryBytes
  ) {
    self.readable = readable
    self.writable = writable
    self.allowsNetwork = allowsNetwork
    self.mayBecomeProgram = mayBecomeProgram
    self.memoryBytes = memoryBytes
  }

  /// What every program needs that loads libraries and asks how many cores there are. Nothing of a user is among it.
  static let systemReadable = [
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt/swift/usr/lib", "/etc/ld.so.cache", "/etc/ld.so.conf",
    "/etc/ld.so.conf.d", "/etc/localtime", "/etc/alternatives", "/dev/urandom", "/dev/random", "/dev/zero",
    "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
  ]

  /// What a program needs that looks up the addresses of names.
  static let networkReadable = [
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
    "/etc/ssl", "/etc/pki", "/run/systemd/resolve",
  ]
}
