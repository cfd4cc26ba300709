public import Pipeline
import Stages

#if Senders
  import EdgepipeOutputs
#endif

extension StageRegistry {
  /// Every stage of this build: the built-in ones, and the sinks that send, unless the trait `Senders` is off.
  public static let standard: StageRegistry = {
    var registry = StageRegistry.builtin
    #if Senders
      registry.registerSenders()
    #endif
    return registry
  }()
}
