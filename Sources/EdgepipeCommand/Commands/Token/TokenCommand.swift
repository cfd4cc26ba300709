import ArgumentParser
import EdgepipeCore
import EdgepipeService

/// `edgepipe token`: who may use the HTTP interface of a service.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Makes, lists and removes tokens for the HTTP interface of a service.",
    discussion: """
      A viewer sees states, pictures, events and metrics; an operator also starts, stops and changes pipelines; an admin may \
      do everything. Only hashes are stored. A running service notices changes at once. As soon as there is one token, \
      every request needs one.

        edgepipe token add grafana --role viewer --state /var/lib/edgepipe
      """,
    subcommands: [Add.self, List.self, Remove.self], defaultSubcommand: List.self)

  struct StateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The service's state folder (default: as for 'serve').", valueName: "folder"))
    var state: String?

    var store: TokenStore { TokenStore(state: state ?? StateFolder.usual()) }
  }

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a token and print it, once.")
    @OptionGroup var options: StateOptions
    @Argument(help: "Whose it is.") var name: String
    @Option(help: "viewer, operator or admin.") var role = "viewer"

    func run() throws {
      guard TokenStore.roles.contains(role) else {
        throw PipelineError(
          "there is no role '\(role)'", remedy: "roles: \(TokenStore.roles.joined(separator: ", "))",
          code: .invalidArgument)
      }
      Terminal.out(try options.store.add(name, role: role))
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tokens.")
    @OptionGroup var options: StateOptions

    func run() throws {
      var table = Table(["name", "role", "created"], alignment: [.left, .left, .left])
      for entry in try options.store.entries() { table.add([entry.name, entry.role, entry.created]) }
      Terminal.out(table.text)
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a token; it is refused from then on.")
    @OptionGroup var options: StateOptions
    @Argument(help: "Whose it is.") var name: String

    func run() throws { try options.store.remove(name) }
  }
}
