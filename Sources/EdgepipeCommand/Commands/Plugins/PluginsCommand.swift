import ArgumentParser
import EdgepipeCore
import EdgepipePlugins

/// `edgepipe plugins`: the plugins on this machine, and tools for those who write some.
struct PluginsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Lists, checks and starts plugins, which bring further stage types.",
    discussion: """
      A plugin is a folder with a file plugin.json. It is looked for in the folders of EDGEPIPE_PLUGIN_PATH (separated \
      by colons), in lib/edgepipe/plugins beside the program's folder, and in the 'plugins' of a pipeline file.

        edgepipe plugins new my-stage --language c
        edgepipe plugins check my-stage
        edgepipe plugins list
      """,
    subcommands: [List.self, Info.self, Check.self, Seal.self, New.self], defaultSubcommand: List.self)
}

/// Where the subcommands look beside the usual places.
struct PluginPathOptions: ParsableArguments {
  @Option(
    name: .customLong("path"),
    help: ArgumentHelp("A further folder of plugins; may be repeated.", valueName: "folder"), completion: .directory)
  var paths: [String] = []

  var catalog: PluginCatalog { PluginFolders().catalog(with: paths) }

  /// A folder, or the name of a plugin that is found.
  func plugin(_ name: String) throws -> FoundPlugin {
    let catalog = PluginFolders().catalog(with: paths)
    let named = catalog.plugins.filter { $0.manifest.name == name }
    if let plugin = named.first {
      guard named.count == 1 else {
        throw PipelineError(
          "there are two plugins '\(name)': in '\(named[0].folder)' and '\(named[1].folder)'",
          remedy: "name the folder", code: .invalidArgument)
      }
      return plugin
    }
    do { return try FoundPlugin(folder: name) } catch {
      guard error.code == .notFound else { throw error }
      let suggestion = NearestName.suggestion(for: name, among: catalog.plugins.map(\.manifest.name))
      throw PipelineError(
        "there is no plugin '\(name)'",
        remedy: suggestion.map { "did you mean '\($0)'?" } ?? "name a plugin of 'edgepipe plugins list', or its folder",
        code: .notFound)
    }
  }
}
