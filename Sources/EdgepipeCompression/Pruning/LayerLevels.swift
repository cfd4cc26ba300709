import EdgepipeONNX

/// The convolutions of a student that need refitting, in the order in which they can be: those of one level depend on
/// those of earlier levels only.
struct LayerLevels {
  let levels: [[ConvolutionNode]]

  /// Left out is what nothing has happened to: convolutions with the teacher's weights behind no other ones; and what
  /// cannot or should not be refitted: convolutions that the teacher does not have, and those that the options leave
  /// out.
  init(_ student: OnnxModel, teacher: OnnxModel, _ options: LayerRefit.Options) throws {
    let convolutions = Dictionary(
      try ConvolutionNode.all(of: student).map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
    let originals = Dictionary(
      try ConvolutionNode.all(of: teacher).map { ($0.output, $0) }, uniquingKeysWith: { first, _ in first })
    let stored = student.storedTensors(), storedByTeacher = teacher.storedTensors()
    var depths: [String: Int] = [:]
    var touched: Set<String> = []
    var levels: [Int: [ConvolutionNode]] = [:]
    for node in student.proto.graph.node {
      var depth = node.tensorsRead.compactMap { depths[$0] }.max() ?? 0
      var isTouched = node.tensorsRead.contains { touched.contains($0) }
      if let output = node.output.first, let convolution = convolutions[output] {
        if let original = originals[output] {
          let isSame =
            try convolution.weights(stored: stored, modelName: student.name)
            == original.weights(stored: storedByTeacher, modelName: teacher.name)
          isTouched = isTouched || !isSame
          if isTouched, options.includes(convolution) {
            levels[depth, default: []].append(convolution)
            depth += 1
          }
        }
      }
      for output in node.output {
        depths[output] = depth
        if isTouched { touched.insert(output) }
      }
    }
    self.levels = levels.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension LayerRefit.Options {
  fileprivate func includes(_ convolution: ConvolutionNode) -> Bool {
    convolution.shape[1] * convolution.kernelArea <= maximumDepth && (includesDepthwise || !convolution.isDepthwise)
  }
}
