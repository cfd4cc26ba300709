/// What is measured.
package protocol BenchSubject: Sendable {
  /// Gets ready what need not be measured, such as reading and checking the model.
  ///
  /// - Returns: opens one session, on the thread that will use it. It is let go when all sessions are open.
  /// - Throws: a ``PipelineError``; `malformed` and `invalidConfiguration` mean that this configuration cannot run,
  ///   anything else that none can.
  func prepare(_ configuration: BenchConfiguration) throws -> @Sendable () throws -> any BenchSession
}

/// One opened model, used by one thread.
package protocol BenchSession: AnyObject {
  /// Does what is measured, once.
  func run() throws
}
