import ArgumentParser
import Detectors
import EdgepipeCore

extension ModelsCommand {
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Hash installed models and compare with their manifests.")
    @OptionGroup var options: StoreOptions
    @Argument(help: "Names; none means all that are installed.") var names: [String] = []

    func run() throws {
      let results = options.modelStore.verify(names.isEmpty ? nil : names)
      for result in results { Terminal.out("\(result.name): \(result.fault?.description ?? "ok")") }
      if results.isEmpty { Terminal.out("No models are installed.") }
      if let fault = results.compactMap(\.fault).first { throw fault }
    }
  }
}
