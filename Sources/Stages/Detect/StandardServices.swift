public import Detectors
public import Pipeline

extension StageServices {
  /// What detecting stages need from outside the graph: ONNX Runtime, opened with the first session, and the models of
  /// the standard store.
  ///
  /// - Parameter onnxRuntime: the library's path; nil: it is looked for.
  public static func standard(onnxRuntime: String? = nil, store: ModelStore = .standard()) -> StageServices {
    var services = StageServices()
    services.provide(LazyEngine.onnxRuntime(libraryPath: onnxRuntime), as: (any InferenceEngine).self)
    services.provide(store, as: (any ModelResolver).self)
    services.provide(WatchedPictures(), as: (any PictureRendering).self)
    return services
  }
}
