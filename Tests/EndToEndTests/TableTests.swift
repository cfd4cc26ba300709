import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: tables", .serialized)
struct TableTests {
  /// Without the line of the store's path, which is as long as it is.
  private func list(columns: Int?, environment: [String: String] = [:]) throws -> [String] {
    let space = try Workspace()
    let shown = try PseudoTerminal.output(
      of: ["models", "list"], columns: columns,
      environment: ["EDGEPIPE_MODELS": space.path("models")].merging(environment) { $1 })
    #expect(shown.status == 0)
    return shown.lines.filter { !$0.hasPrefix("Store: ") }
  }

  private func words(_ text: String) -> Set<Substring> { Set(text.split { $0.isWhitespace }) }

  @Test(
    "given a terminal, when models are listed, then no line is wider than it and no word is lost",
    arguments: [80, 100, 132])
  func fits(columns: Int) throws {
    let lines = try list(columns: columns)
    #expect(lines.count > 5)
    for line in lines { #expect(line.count <= columns, "\(line)") }
    let space = try Workspace()
    let piped = try Command.run(["models", "list"], environment: ["EDGEPIPE_MODELS": space.path("models")])
    let all = piped.output.split(separator: "\n").filter { !$0.hasPrefix("Store: ") && !$0.hasPrefix("-") }
    #expect(words(all.joined(separator: "\n")).subtracting(words(lines.joined(separator: "\n"))) == [])
    #expect(all.contains { $0.count > 132 }, "a pipe takes whole lines")
  }

  @Test("given a terminal that does not say its width, when models are listed, then COLUMNS does, and else it is 80")
  func unknownWidth() throws {
    #expect(try list(columns: nil).allSatisfy { $0.count <= 80 })
    let wide = try list(columns: nil, environment: ["COLUMNS": "110"])
    #expect(wide.allSatisfy { $0.count <= 110 } && wide.contains { $0.count > 80 })
    #expect(try list(columns: nil, environment: ["COLUMNS": "many"]).allSatisfy { $0.count <= 80 })
  }

  @Test(
    "given a narrow terminal, when stages are explained, then every line fits",
    arguments: ["detect.yolo", "source.ffmpeg"])
  func stages(type: String) throws {
    let shown = try PseudoTerminal.output(of: ["stages", type], columns: 90)
    #expect(shown.status == 0)
    // The first line is a sentence, which the terminal may break.
    for line in shown.lines.dropFirst() { #expect(line.count <= 90, "\(line)") }
  }
}
