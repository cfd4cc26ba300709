import EdgepipeCompression
import EdgepipeCore

/// What `edgepipe models split --list` prints.
struct CutReport {
  var model: String
  /// What the shapes are for.
  var inputs: [(name: String, shape: [Int])]
  var cuts: [CutCost]

  var text: String {
    let given = inputs.map { "\($0.name) \($0.shape.map(String.init).joined(separator: "x"))" }.joined(separator: ", ")
    guard !cuts.isEmpty else {
      return """
        No single tensor of '\(model)' has everything go through it. A cut may need several: give any tensor with \
        --at, and what else has to go across is found out.
        """
    }
    var table = Table(
      ["tensor", "shape", "kB as float32", "multiplications before"], alignment: [.left, .left, .right, .right])
    for cut in cuts {
      table.add([
        cut.tensor, cut.shape.map(String.init).joined(separator: "x"),
        Figure.text(Double(cut.bytes) / 1e3, decimals: 1),
        cut.share.map { Figure.percent($0) } ?? "unknown",
      ])
    }
    return "\(table.text)\n\nfor an input of \(given)"
  }

  var value: ReportValue {
    .object([
      "model": .string(model),
      "inputs": .list(
        inputs.map { .object(["name": .string($0.name), "shape": .list($0.shape.map { .int($0) })]) }),
      "cuts": .list(
        cuts.map { cut in
          .object([
            "tensor": .string(cut.tensor), "shape": .list(cut.shape.map { .int($0) }), "bytes": .int(cut.bytes),
            "share": cut.share.map { .rounded($0) } ?? .null,
          ])
        }),
    ])
  }
}
