import CFuzzer
@testable import COCOFiles
import EdgepipeCore
import Foundation

/// Reads a hostile annotation file, and the same bytes as results; what is read is evaluated.
///
/// Whatever the bytes are: an error of data, or figures in 0...1; never a trap.
private func test(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer gives `count` readable bytes at `start` for the time of the call, which copies them.
  let data = unsafe Data(UnsafeBufferPointer(start: start, count: count))
  let known = COCODataset(
    pictures: [COCODataset.Picture(id: 1, fileName: "a.jpg")], categories: [COCODataset.Category(id: 1, name: "a")],
    annotations: [])
  do {
    _ = try COCOPredictions.read(data, file: "fuzz", of: known)
  } catch { precondition((error as? PipelineError)?.exit == .dataError, "\(error)") }
  do {
    let dataset = try COCODataset(data: data, file: "fuzz")
    // Each object is found where it is.
    let predictions = dataset.annotations.map {
      COCOPrediction(pictureID: $0.pictureID, categoryID: $0.categoryID, box: $0.box, score: 0.5)
    }
    let evaluation = COCOMatches(dataset, predictions).evaluation()
    for figure in COCOFigure.allCases {
      if let value = evaluation.overall[figure] { precondition((0...1).contains(value), "\(figure) is \(value)") }
    }
  } catch { precondition((error as? PipelineError)?.exit == .dataError, "\(error)") }
  return 0
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
// SAFETY: both live as long as the program; libFuzzer calls `test` on this thread.
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, test))
