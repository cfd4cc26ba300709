public import ArgumentParser
import Detectors
import EdgepipeCompression
import EdgepipeCore
import Foundation
import Measure

/// `edgepipe models session-memory`: what `models compress` starts to measure a model's memory in a process of its own.
/// The model comes on standard input, so that it needs no file.
struct SessionMemoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session-memory", abstract: "Measure what one session of a model adds to a process's memory.",
    shouldDisplay: false)

  @Option var height: Int
  @Option var width: Int
  @Option var element: TensorElement
  @Option(name: .customLong("onnxruntime")) var library: String?

  func validate() throws {
    guard (1...8192).contains(height), (1...8192).contains(width) else {
      throw ValidationError("--height and --width must be 1 to 8192.")
    }
  }

  func run() throws {
    let model = FileHandle.standardInput.readDataToEndOfFile()
    let memory = try SessionMemory.measure(
      model: model, input: .grey(shape: [1, 3, height, width], element: element),
      engine: ONNXRuntimeEngine(libraryPath: library))
    Terminal.out(String(decoding: try JSONEncoder().encode(memory), as: UTF8.self))
  }

  /// Starts this program again and reads what it measured.
  ///
  /// - Parameter shape: 1 x 3 x height x width.
  /// - Throws: ``PipelineError`` with what the other process said.
  static func measure(_ model: Data, shape: [Int], element: TensorElement, library: String?) throws -> SessionMemory {
    guard shape.count == 4 else {
      throw PipelineError("the input shape \(shape) is not 1 x 3 x height x width", code: .internalFault)
    }
    let input = try MemoryFile(model), output = try MemoryFile(Data()), errors = try MemoryFile(Data())
    let child: ChildProcess
    do {
      child = try ChildProcess.again(
        [
          "models", "session-memory", "--height", "\(shape[2])", "--width", "\(shape[3])", "--element",
          element.rawValue,
        ] + (library.map { ["--onnxruntime", $0] } ?? []),
        input: .file(input.url.path), output: .file(output.url.path), errors: .file(errors.url.path))
    } catch {
      throw PipelineError("cannot start the memory measurement: \(error.localizedDescription)", code: .internalFault)
    }
    guard child.wait() == .status(0),
      let memory = try? JSONDecoder().decode(SessionMemory.self, from: Data(output.text.utf8))
    else {
      let cause = errors.text.split(separator: "\n").first.map(String.init) ?? "no reason reported"
      throw PipelineError(
        "cannot measure the memory of a session: \(cause)", remedy: "skip the measurement with --skip-benchmark",
        code: .internalFault)
    }
    return memory
  }
}

extension TensorElement: ExpressibleByArgument {}
