import ArgumentParser
import EdgepipeCore
import EdgepipePlugins

extension PluginsCommand {
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Writes a project of a plugin to start from, with a test.")

    @Argument(help: "The plugin's name: lower-case letters, digits and '-'.")
    var name: String

    @Option(help: ArgumentHelp("c, cpp, rust or python.", valueName: "language"))
    var language: PluginProject.Language

    @Option(help: ArgumentHelp("The folder to make (default: the name).", valueName: "folder"), completion: .directory)
    var output: String?

    func run() throws {
      let folder = output ?? name
      let project = try PluginProject(name: name, language: language)
      for file in try project.write(to: folder) { Terminal.say("written     \(folder)/\(file)") }
      for step in project.steps { Terminal.say("next        cd \(folder) && \(step)") }
    }
  }
}

extension PluginProject.Language: ExpressibleByArgument {}
