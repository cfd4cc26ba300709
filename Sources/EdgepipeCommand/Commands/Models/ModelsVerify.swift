import ArgumentParser
import Detectors
import EdgepipeCore

extension ModelsCommand {
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check installed models against the SHA-256 in their manifests.")
    @OptionGroup var options: StoreOptions
    @Argument(help: "Names (default: all installed models).") var names: [String] = []

    func run() throws {
      let results = options.modelStore.verify(names.isEmpty ? nil : names)
      for result in results { Terminal.out("\(result.name): \(result.fault?.description ?? "ok")") }
      if results.isEmpty { Terminal.out("No models are installed.") }
      if let fault = results.compactMap(\.fault).first { throw fault }
    }
  }
}
