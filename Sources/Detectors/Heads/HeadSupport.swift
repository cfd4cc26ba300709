import EdgepipeCore
import Foundation

extension ModelOutputs.Output {
  /// The elements, when the shape is exactly `expected` and the memory holds as many.
  func elements(_ expected: [Int]) -> UnsafePointer<Float>? {
    guard shape == expected, unsafe values.count == expected.reduce(1, *) else { return nil }
    return unsafe values.baseAddress
  }
}

/// The error of outputs that a head cannot read.
func shapeMismatch(
  head: ModelManifest.Head, expected: String, _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest
) -> PipelineError {
  let given = outputs.outputs.map { $0.shape.map(String.init).joined(separator: "x") }.joined(separator: ", ")
  let width = request.inputWidth, height = request.inputHeight
  return PipelineError(
    "the \(head.rawValue) head expects \(expected) for an input of \(width)x\(height), but the model returned \(given)",
    remedy: "check 'head' and 'classes' in the model's manifest", code: .mismatch)
}

@inline(__always) func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }

/// A bound for a first, cheap test: every x with sigmoid(x) > p is greater than this. Slightly low, so that rounding
/// never loses a box; the exact test follows for the few that pass.
func logitBound(_ p: Float) -> Float {
  if p <= 0 { return -.infinity }
  if p >= 1 { return .greatestFiniteMagnitude }
  return Foundation.log(p / (1 - p)) - 1e-2
}

/// Cells of a feature map that covers `width` x `height` pixels.
func cellCount(width: Int, height: Int, strides: [Int]) -> Int {
  strides.reduce(0) { $0 + (width / $1) * (height / $1) }
}
