import ArgumentParser
import EdgepipeCore
import EdgepipePlugins

extension PluginsCommand {
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "Tries everything that the program may do with a plugin.",
      discussion: """
        Every function, odd sizes and all formats, a flush in the middle, options that make no sense, several threads, \
        time and memory. The plugin runs in a process as in a pipeline; with --inline it runs in this one, for \
        sanitizers and debuggers.
        """)

    @Argument(help: "A plugin's name, or its folder.", completion: .directory)
    var plugin: String

    @Option(
      name: .customLong("config"),
      help: ArgumentHelp("The options of a type, as JSON; may be repeated.", valueName: "type={...}"))
    var configurations: [String] = []

    @Flag(help: "Runs it in this process.") var inline = false

    @OptionGroup var options: PluginPathOptions

    func run() throws {
      var given: [String: String] = [:]
      for text in configurations {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else {
          throw PipelineError("'\(text)' is not of the form type={...}", code: .invalidArgument)
        }
        given[String(parts[0])] = String(parts[1])
      }
      let found = try options.plugin(plugin)
      let findings = PluginCheck.run(found, configuration: given, isInline: inline)
      var table = Table(["check", "result", "seen"], alignment: [.left, .left, .left])
      for finding in findings { table.add([finding.name, finding.outcome.rawValue, finding.text]) }
      Terminal.out(table.text)
      let failures = findings.count { $0.outcome == .failed }
      guard failures == 0 else {
        throw PipelineError(
          "the plugin '\(found.manifest.name)' fails \(failures) of \(findings.count) checks", code: .malformed)
      }
    }
  }

  struct Seal: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "seal", abstract: "Writes a plugin's hash and types into its manifest, after it was built.",
      discussion: "Loads the library into this process.")

    @Argument(help: "The plugin's folder.", completion: .directory)
    var folder: String

    func run() throws {
      let plugin = try PluginSeal.seal(folder)
      Terminal.say("sealed      \(plugin.title): \(plugin.manifest.types.map(\.facts.type).joined(separator: ", "))")
    }
  }
}
