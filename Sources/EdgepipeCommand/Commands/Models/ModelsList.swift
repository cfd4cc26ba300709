import ArgumentParser
import Detectors

extension ModelsCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List installed models and those that can be pulled.")
    @OptionGroup var options: StoreOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let store = options.modelStore
      let entries = ModelEntry.all(in: store)
      if json { return try ModelEntry.printJSON(entries) }
      var table = Table(
        ["name", "head", "input", "classes", "licence", "state", "description"],
        alignment: [.left, .left, .right, .right, .left, .left, .left])
      for entry in entries {
        let manifest = entry.manifest
        table.add([
          entry.name, manifest?.head.rawValue ?? "?", manifest.map(\.inputWords) ?? "?",
          manifest.map { "\($0.classes.count)" } ?? "?", manifest?.licence ?? "?", entry.state, entry.summary,
        ])
      }
      Terminal.out("\(table.text)\n\nStore: \(store.folder.path)")
    }
  }
}
