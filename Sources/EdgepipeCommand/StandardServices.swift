import Detectors
import Pipeline
import Stages

#if Remote
  import EdgepipeRemote
#endif

extension StageServices {
  /// What the stages of this build need from outside the graph: engine, models and, unless the trait `Remote` is off, models on
  /// servers.
  static func command(onnxRuntime: String?) -> StageServices {
    var services = StageServices.standard(onnxRuntime: onnxRuntime)
    #if Remote
      services.provide(RemoteModels(), as: (any RemoteInference).self)
    #endif
    return services
  }
}
