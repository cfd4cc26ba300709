import ArgumentParser
import EdgepipeCore
import Foundation
import Pipeline

/// `edgepipe ctl`: changes a run while it goes on.
struct ControlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ctl",
    abstract: "Watches a running pipeline, changes its options and streams, or ends the run.",
    discussion: """
      The run must have been started with --control; only its user can open the control socket. Such a run ends when \
      it is drained, not when its last stream ends.

        edgepipe run pipelines/two-streams.json --control /run/user/1000/edgepipe.sock
        edgepipe ctl set objects score=0.5 interval=2 --control /run/user/1000/edgepipe.sock
        edgepipe ctl add-stream lobby 'rtsp://viewer:${LOBBY_PASSWORD}@10.0.0.7/stream' --control /run/user/1000/edgepipe.sock

      ${NAME} is expanded in the run, not here, so that passwords stay out of the process list.
      """,
    subcommands: [
      AddStream.self, RemoveStream.self, List.self, Set.self, Picture.self, Status.self, Watch.self, Drain.self,
    ], defaultSubcommand: List.self)

  struct SocketOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The run's control socket (default: EDGEPIPE_CONTROL).", valueName: "path"))
    var control: String?

    func path() throws -> String {
      guard let path = control ?? ProcessInfo.processInfo.environment["EDGEPIPE_CONTROL"] else {
        throw PipelineError(
          "no control socket is given", remedy: "give --control PATH or set EDGEPIPE_CONTROL", code: .invalidArgument)
      }
      return path
    }

    func client() throws -> ControlClient { try ControlClient(path: path()) }

    func ask(_ request: ControlRequest) throws -> ControlResponse {
      let path = try path()
      let response = try request.send(to: path)
      if let error = response.error { throw PipelineError(error, remedy: response.remedy, code: .invalidArgument) }
      return response
    }
  }

  struct AddStream: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a stream.")
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stream's name in every output.") var id: String
    @Argument(help: "The stream's input; ${NAME} is expanded in the run.") var url: String
    @Option(help: ArgumentHelp("The source stage to add it to, if there are several.", valueName: "stage"))
    var source: String?

    func run() throws { _ = try socket.ask(ControlRequest(.addStream, id: id, url: url, source: source)) }
  }

  struct RemoveStream: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a stream; its frames in flight are still delivered.")
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stream's name.") var id: String

    func run() throws { _ = try socket.ask(ControlRequest(.removeStream, id: id)) }
  }

  struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End the run; frames in flight are still delivered.")
    @OptionGroup var socket: SocketOptions

    func run() throws { _ = try socket.ask(ControlRequest(.drain)) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the streams and their state.")
    @OptionGroup var socket: SocketOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let streams = try socket.ask(ControlRequest(.list)).streams ?? []
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Terminal.out(String(decoding: try encoder.encode(streams), as: UTF8.self))
      }
      var table = Table(
        ["stream", "source", "state", "for s", "attempt", "admitted", "delivered", "dropped", "p95 ms", "last error"],
        alignment: [.left, .left, .left, .right, .right, .right, .right, .right, .right, .left])
      for stream in streams {
        table.add([
          stream.id, stream.source, stream.state, stream.seconds.map { String(format: "%.0f", $0) } ?? "-",
          stream.attempt.map { "\($0)" } ?? "-", "\(stream.admitted)", "\(stream.delivered)", "\(stream.dropped)",
          String(format: "%.1f", stream.latencyP95Ms), stream.lastError ?? "",
        ])
      }
      Terminal.out(table.text)
    }
  }
}
