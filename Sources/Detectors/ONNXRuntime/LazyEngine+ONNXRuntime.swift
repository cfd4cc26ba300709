extension LazyEngine {
  /// ONNX Runtime from `libraryPath`, or from the search order of ``ONNXRuntimeEngine``.
  public static func onnxRuntime(libraryPath: String? = nil) -> LazyEngine {
    LazyEngine { try ONNXRuntimeEngine(libraryPath: libraryPath) }
  }
}
