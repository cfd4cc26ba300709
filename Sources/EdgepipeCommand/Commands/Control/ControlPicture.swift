import ArgumentParser
import EdgepipeCore
import Foundation
import Pipeline

extension ControlCommand {
  struct Picture: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Save an annotated picture of a stream.",
      discussion: """
          edgepipe ctl picture yard --output yard.jpg --height 1080
        """)
    @OptionGroup var socket: SocketOptions
    @Argument(help: "The stream's name.") var stream: String
    @Option(help: ArgumentHelp("The file to write (default: STREAM.jpg).", valueName: "file")) var output: String?
    @Option(help: ArgumentHelp("Maximum lines of the picture.", valueName: "n")) var height = 720
    @Flag(help: "Draw nothing on it.") var plain = false

    func run() throws {
      let answer = try socket.client().ask(
        "picture", ["stream": .string(stream), "height": .int(height), "annotated": .bool(!plain)])
      guard case .object(let picture)? = answer["picture"], case .string(let text)? = picture["jpeg"],
        let bytes = Data(base64Encoded: text)
      else { throw PipelineError("the run sent no picture", code: .unreachable) }
      let file = output ?? stream + ".jpg"
      try WholeFile.write(to: file, bytes: Array(bytes))
      Terminal.say(
        "written     \(file), \(picture["width"]?.plain ?? "?")x\(picture["height"]?.plain ?? "?"), "
          + "frame \(picture["frame"]?.plain ?? "?")")
    }
  }
}
