import CFuzzer
@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX
import Foundation

/// Reads a hostile model file, and does with it what pipelines and imports do.
///
/// Whatever the bytes are: an error of data, or a model that reads back the same after it was written; never a trap,
/// and no more memory than libFuzzer allows.
private func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer gives `count` readable bytes at `start` for the time of the call, which copies them.
  let data = unsafe Data(UnsafeBufferPointer(start: start, count: count))
  do {
    var model = try OnnxModel(data: data, name: "fuzz")
    let bytes = try model.serialized()
    let again = try OnnxModel(data: bytes, name: "fuzz").serialized()
    precondition(again == bytes, "the model changes when it is read and written")
    var raised = model
    if try OnnxOpset.upgrade(&raised) { _ = try OnnxModel(data: raised.serialized(), name: "fuzz") }
    GraphPasses.apply(to: &raised)
    // What passes leave may be empty, where no output depended on anything.
    if !raised.proto.graph.node.isEmpty { _ = try OnnxModel(data: raised.serialized(), name: "fuzz") }
    // What a file says of itself may be anything: read, or refused for what the pipeline file names.
    do { _ = try ModelReading("fuzz", ModelDescription(model)) } catch let error as PipelineError {
      precondition(error.exit != .software, "\(error)")
    }
    if try OnnxShapes.free(&model) { _ = try OnnxModel(data: model.serialized(), name: "fuzz") }
  } catch let error as PipelineError {
    precondition(error.exit == .dataError, "\(error)")
  } catch {
    preconditionFailure("\(error)")
  }
  return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
// SAFETY: both live as long as the program; libFuzzer calls `test` on this thread.
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, test))
