package import EdgepipePluginHost

/// How the process of a plugin is started, and within which limits it is kept.
package struct PluginLaunch: Sendable {
  /// `edgepiped`, which holds plugins.
  package var program: String
  /// The interpreter of a plugin that is no library, with its arguments; empty for a library.
  package var interpreter: [String]
  package var policy: SandboxPolicy
  /// How long a call may take; it is ended after that.
  package var timeLimitMs: Int
  /// How long loading and making the instance may take.
  package var startLimitMs = 30_000
  package var flags: PluginTypeFacts.Flags
  package var role: PluginTypeFacts.Role

  package init(
    program: String, interpreter: [String] = [], policy: SandboxPolicy = SandboxPolicy(),
    timeLimitMs: Int = PluginLimits.timeLimitMs, flags: PluginTypeFacts.Flags = .needsPicture,
    role: PluginTypeFacts.Role = .transform
  ) {
    self.program = program
    self.interpreter = interpreter
    self.policy = policy
    self.timeLimitMs = timeLimitMs
    self.flags = flags
    self.role = role
  }
}

/// What is worth saying of a plugin's process beside its own log.
package enum PluginNotice: Sendable, Hashable {
  /// This system cannot keep it from something. Said once.
  case gaps([SandboxGap])
  /// It is gone and will be started again; what happened.
  case lost(String)
  /// It is not started any more; what happened last.
  case disabled(String)
}
