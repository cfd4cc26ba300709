import ArgumentParser
import EdgepipeCore
import Foundation
import Pipeline

extension ControlCommand {
  struct Set: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change options of a stage while the pipeline runs.",
      discussion: """
        A change applies to all frames that are admitted after it; the results contain an 'options' event. \
        'edgepipe stages TYPE' shows which options can change. A value is JSON, or else a text; null restores the default.

          edgepipe ctl set objects score=0.5 classes='["person","car"]'
        """)
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stage's id.") var stage: String
    @Argument(help: "New values, such as score=0.5.") var options: [String]
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      var values: [String: ReportValue] = [:]
      for text in options {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
          throw PipelineError(
            "'\(text)' is not option=value", remedy: "write for example score=0.5", code: .invalidArgument)
        }
        values[String(text[..<equals])] = .parsed(String(text[text.index(after: equals)...]))
      }
      let answer = try socket.client().ask("set", ["stage": .string(stage), "options": .object(values)])
      guard let change = answer["change"] else { return }
      if json { return Terminal.out(String(try change.json().dropLast())) }
      guard case .object(let members) = change, case .object(let changed)? = members["options"], !changed.isEmpty else {
        return Terminal.out("nothing has changed")
      }
      var table = Table(["option", "old", "new"], alignment: [.left, .left, .left])
      for (name, value) in changed.sorted(by: { $0.key < $1.key }) {
        guard case .object(let sides) = value else { continue }
        table.add([name, sides["old"]?.plain ?? "-", sides["new"]?.plain ?? "-"])
      }
      Terminal.out(table.text)
    }
  }

  struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what is running, since when, and its frames.")
    @OptionGroup var socket: SocketOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      var answer = try socket.client().ask("status")
      (answer["id"], answer["ok"]) = (nil, nil)
      if json { return Terminal.out(String(try ReportValue.object(answer).json().dropLast())) }
      var table = Table(alignment: [.left, .left])
      for (key, value) in answer.sorted(by: { $0.key < $1.key }) { table.add([key, value.plain]) }
      Terminal.out(table.text)
    }
  }

  struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what happens in the run, one JSON object per line, until it ends.")
    @OptionGroup var socket: SocketOptions
    @Option(
      help: ArgumentHelp("What to print: health, events and figures (default: all).", valueName: "names"))
    var topics = "health,events,figures"
    @Option(help: ArgumentHelp("Seconds from one set of figures to the next.", valueName: "s"))
    var every = 1.0

    func run() throws {
      let client = try socket.client()
      let names = topics.split(separator: ",").map { ReportValue.string($0.trimmingCharacters(in: .whitespaces)) }
      _ = try client.ask("subscribe", ["topics": .list(names), "every": .double(every)])
      while let message = client.next() { Terminal.out(message.line) }
    }
  }
}
