import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX

/// What `edgepipe models split` prints: the parts, and what goes between them.
struct SplitReport {
  var files: PartFiles
  var split: GraphSplit
  var models: [OnnxModel]
  /// Nil when outputs were not compared.
  var check: PartCheck?

  var text: String {
    var table = Table(
      ["part", "file", "size MB", "nodes", "takes", "gives"], alignment: [.right, .left, .right, .right, .left, .left])
    for (file, model) in zip(files.files, models) {
      table.add([
        "\(file.manifest.part)", file.name, Figure.text(Double(file.data.count) / 1e6, decimals: 2),
        Figure.count(model.proto.graph.node.count), Self.names(file.manifest.inputs),
        Self.names(file.manifest.outputs),
      ])
    }
    return """
      \(table.text)

      cut         \(cuts)
      outputs     \(checked)
      written     \(files.folder)\(served)
      """
  }

  private var served: String {
    guard let table = files.files.first?.manifest.features else { return "" }
    let repository = files.repository.map { "\ntriton      \($0.content.name) in \($0.folder)" } ?? ""
    return "\nfeatures    \(table.bits) bits a value, table \(table.id)\(repository)"
  }

  private static func names(_ values: [PartManifest.Value]) -> String {
    let shown = values.prefix(3).map(\.name).joined(separator: ", ")
    return values.count > 3 ? "\(shown) and \(values.count - 3) more" : shown
  }

  private var cuts: String {
    let sent = files.files.flatMap { file in
      file.manifest.outputs.filter { file.manifest.sends.contains($0.name) }
    }
    guard !sent.isEmpty else { return "none: the model is one part" }
    return sent.map { value in
      let sizes = value.shape.map { $0.map { $0.map(String.init) ?? "?" }.joined(separator: "x") } ?? "of any shape"
      return "\(value.name) (\(value.type) \(sizes))"
    }.joined(separator: ", ")
  }

  private var checked: String {
    guard let check else { return "not compared with the model's" }
    guard let (name, distance) = check.different.max(by: { $0.value < $1.value }) else {
      return "equal to the model's, bit for bit, in \(check.runs) runs"
    }
    return "equal to the model's to rounding: '\(name)' differs by \(Figure.text(distance * 1e6)) millionths of its "
      + "largest value, since the engine joins operators that the cut keeps apart"
  }

  var value: ReportValue {
    .object([
      "folder": .string(files.folder),
      "equal": check.map { .bool($0.isEqual) } ?? .null,
      "features": files.files.first?.manifest.features.map {
        .object(["bits": .int($0.bits), "id": .string($0.id)])
      } ?? .null,
      "triton": files.repository.map { .string("\($0.folder)/\($0.content.name)") } ?? .null,
      "cut": .list(split.cutTensors.map { .string($0) }),
      "parts": .list(
        zip(files.files, models).map { file, model in
          .object([
            "part": .int(file.manifest.part), "file": .string(file.name), "bytes": .int(file.data.count),
            "manifest": .string(PartManifest.path(of: file.name)), "sha256": .string(file.manifest.sha256),
            "nodes": .int(model.proto.graph.node.count),
            "inputs": .list(file.manifest.inputs.map(\.report)), "outputs": .list(file.manifest.outputs.map(\.report)),
          ])
        }),
    ])
  }
}

extension PartManifest.Value {
  fileprivate var report: ReportValue {
    let sizes: [ReportValue]? = shape.map { $0.map { $0.map { .int($0) } ?? .null } }
    return .object(["name": .string(name), "type": .string(type), "shape": sizes.map { .list($0) } ?? .null])
  }
}
