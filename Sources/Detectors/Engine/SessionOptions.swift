public struct SessionOptions: Sendable, Hashable {
  /// Threads inside one operator; 1 attributes all CPU time to the worker that calls.
  public var threads: Int
  /// For error messages.
  public var modelName: String

  public init(threads: Int = 1, modelName: String) {
    self.threads = threads
    self.modelName = modelName
  }
}
