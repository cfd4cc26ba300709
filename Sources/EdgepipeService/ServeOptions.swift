package import ArgumentParser

/// What `edgepipe serve` and the supervisor's own program take.
package struct ServeOptions: ParsableArguments {
  @Argument(
    help: "A pipeline file, a folder of pipeline files, or a service file (service.json).", completion: .file())
  package var path: String

  @Option(
    help: ArgumentHelp(
      """
      The folder of locks, control sockets, logs and reports (default: EDGEPIPE_STATE, then \
      STATE_DIRECTORY, then edgepipe in XDG_STATE_HOME or ~/.local/state).
      """, valueName: "folder"))
  package var state: String?

  @Option(
    help: ArgumentHelp(
      """
      Serves the HTTP interface on this port of 127.0.0.1, or on HOST:PORT (default: 127.0.0.1:8790, or as the service \
      file says); port 0 selects a free one, and 'off' none.
      """, valueName: "port"))
  package var listen: String?

  @Flag(
    name: .customLong("init"),
    help: "Prepares a first start: makes a certificate and a token of the role admin, prints them, and exits.")
  package var initializes = false

  package init() {}

  /// For another program that takes the same.
  package var arguments: [String] {
    [path] + (state.map { ["--state", $0] } ?? []) + (listen.map { ["--listen", $0] } ?? [])
      + (initializes ? ["--init"] : [])
  }
}
