/// The outputs of one run: float32, row-major. Valid only while the closure that received them runs.
public struct ModelOutputs: ~Copyable {
  /// One output: its shape, and where its elements lie.
  @safe public struct Output {
    public let shape: [Int]
    public let values: UnsafeBufferPointer<Float>

    public init(shape: [Int], values: UnsafeBufferPointer<Float>) {
      self.shape = shape
      unsafe self.values = unsafe values
    }
  }

  public let outputs: [Output]

  public init(_ outputs: [Output]) { self.outputs = outputs }
}
