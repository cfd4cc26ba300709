/// What a message is about. Messages of the program are answered one by one, in their order.
package enum WireKind: UInt32, Sendable {
  // From the program.
  /// The first one: shut yourself in, and become what you are to be (``SandboxOrder``). Answered by `.shut`.
  case order = 1
  /// Make the instance (``PluginSetup``). Answered by `.done` or `.failed`, as are all that follow.
  case make = 2
  /// Memory for pictures, as a descriptor: its use and its size. Not answered.
  case memory = 3
  /// Work on a frame. Answered by `.answer` or `.failed`.
  case frame = 4
  /// Give the next frame of a source. Answered as `.frame`.
  case next = 5
  case configure = 6
  case health = 7
  case flush = 8
  /// Destroy the instance and end. Answered by `.done`.
  case close = 9

  // From the plugin.
  /// What this system cannot keep the process from.
  case shut = 32
  case done = 33
  /// A ``PluginFailure``.
  case failed = 34
  /// A ``PluginAnswer``.
  case answer = 35
}
