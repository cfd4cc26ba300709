import ArgumentParser
import EdgepipeCore
import EdgepipePlugins

extension PluginsCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists the plugins that are found, and what is wrong with others.")

    @OptionGroup var options: PluginPathOptions

    func run() throws {
      let catalog = options.catalog
      if catalog.plugins.isEmpty { Terminal.out("No plugins are found.") } else { list(catalog.plugins) }
      for problem in catalog.problems { Terminal.note("warning: \(problem.error)") }
    }

    private func list(_ plugins: [FoundPlugin]) {
      var table = Table(
        ["plugin", "version", "types", "state", "folder"], alignment: [.left, .left, .left, .left, .left])
      for plugin in plugins {
        let manifest = plugin.manifest
        table.add([
          manifest.name, manifest.pluginVersion, manifest.types.map(\.facts.type).joined(separator: " "),
          state(plugin), plugin.folder,
        ])
      }
      Terminal.out(table.text)
    }

    private func state(_ plugin: FoundPlugin) -> String {
      do {
        try plugin.verify()
        return "ready"
      } catch  where error.code == .mismatch {
        return "mismatch"
      } catch {
        return "incomplete"
      }
    }
  }

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "info", abstract: "Explains a plugin: its types, what it asks for, its licence.")

    @Argument(help: "A plugin's name, or its folder.", completion: .directory)
    var plugin: String

    @OptionGroup var options: PluginPathOptions

    func run() throws {
      let plugin = try options.plugin(plugin), manifest = plugin.manifest
      Terminal.out("\(plugin.title): \(manifest.summary)\n")
      var table = Table(["", ""], alignment: [.left, .left])
      table.add(["folder", plugin.folder])
      table.add(["file", manifest.file + (manifest.isPython ? " (Python)" : "")])
      table.add(["interface", "\(manifest.abi.major).\(manifest.abi.minor)"])
      table.add(["licence", manifest.licence])
      table.add(["sha256", manifest.sha256])
      var asks: [String] = manifest.wishes.network ? ["network"] : []
      asks += manifest.wishes.read.map { "read \($0)" } + manifest.wishes.write.map { "write \($0)" }
      table.add(["asks for", asks.isEmpty ? "nothing" : asks.joined(separator: ", ")])
      for type in manifest.types {
        table.add(["type", "\(type.facts.type): \(type.facts.summary)"])
      }
      Terminal.out(table.text)
      do { try plugin.verify() } catch { Terminal.note("warning: \(error)") }
    }
  }
}
