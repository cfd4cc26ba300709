import ArgumentParser
import EdgepipeCore
import Foundation
import Pipeline

/// `edgepipe ctl`: changes a run while it goes on.
struct ControlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ctl", abstract: "Adds and removes streams of a running pipeline, lists them, or ends the run.",
    discussion: """
      The run must have a control socket, which only its user can open. Such a run does not end with its last stream,
      but when it is drained.

        edgepipe run pipelines/two-streams.json --control /run/user/1000/edgepipe.sock
        edgepipe ctl add-stream lobby 'rtsp://viewer:${LOBBY_PASSWORD}@10.0.0.7/stream' --control /run/user/1000/edgepipe.sock

      ${NAME} is replaced in the run, not here, so that passwords stay out of the process list.
      """,
    subcommands: [AddStream.self, RemoveStream.self, List.self, Drain.self], defaultSubcommand: List.self)

  struct SocketOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The run's control socket, instead of EDGEPIPE_CONTROL.", valueName: "path"))
    var control: String?

    func ask(_ request: ControlRequest) throws -> ControlResponse {
      guard let path = control ?? ProcessInfo.processInfo.environment["EDGEPIPE_CONTROL"] else {
        throw PipelineError(
          "no control socket is named", remedy: "give --control PATH or set EDGEPIPE_CONTROL", code: .invalidArgument)
      }
      let response = try request.send(to: path)
      if let error = response.error { throw PipelineError(error, remedy: response.remedy, code: .invalidArgument) }
      return response
    }
  }

  struct AddStream: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add a stream.")
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stream's name in every output.") var id: String
    @Argument(help: "Where its frames come from; ${NAME} is replaced in the run.") var url: String
    @Option(help: ArgumentHelp("The source stage to add it to, where there are several.", valueName: "stage"))
    var source: String?

    func run() throws { _ = try socket.ask(ControlRequest(.addStream, id: id, url: url, source: source)) }
  }

  struct RemoveStream: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a stream; what is in flight is still delivered.")
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stream's name.") var id: String

    func run() throws { _ = try socket.ask(ControlRequest(.removeStream, id: id)) }
  }

  struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End the run; what is in flight is still delivered.")
    @OptionGroup var socket: SocketOptions

    func run() throws { _ = try socket.ask(ControlRequest(.drain)) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the streams and how they are.")
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
