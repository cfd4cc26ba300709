import ArgumentParser
import Detectors

/// What every command takes that knows the model store alone.
struct StoreOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The model store, instead of EDGEPIPE_MODELS.", valueName: "folder"))
  var store: String?

  var modelStore: ModelStore { .standard(option: store) }
}
