import ArgumentParser
import Detectors

/// `edgepipe models`: the models on this machine, and how to get more.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists, fetches, imports, checks, evaluates, compresses and splits models.",
    discussion: """
      The model store has one folder per model. It is in EDGEPIPE_MODELS, or $XDG_DATA_HOME/edgepipe/models, or \
      ~/.local/share/edgepipe/models. A pipeline file refers to a model by its name: "model": "yolox-nano".
      """,
    subcommands: [
      List.self, Info.self, Pull.self, Import.self, Verify.self, EvalCommand.self, CompressCommand.self,
      PruneCommand.self, SplitCommand.self, SessionMemoryCommand.self,
    ],
    defaultSubcommand: List.self)
}

extension ModelManifest {
  /// The usual side, or width x height of the one input that the model is meant for.
  var inputWords: String { shape == nil ? "\(inputSize)" : "\(usualSides.width)x\(usualSides.height)" }
}
