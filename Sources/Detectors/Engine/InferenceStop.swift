/// What ends a run of a session that is under way. Any thread may call it.
public protocol InferenceStop: AnyObject, Sendable {
  /// The run ends soon with an error; so does each further one until ``clear()``.
  func stop()
  /// Runs go on as before.
  func clear()
}
