import EdgepipeCore
import Foundation

/// The YOLOv3 family: one map 1 x (anchors (5 + classes)) x h x w for each stride, all numbers raw.
///
/// With the sigmoid S and an anchor (aw, ah) in input pixels: centre = (S(t0) + gx, S(t1) + gy) s,
/// size = (exp(t2) aw, exp(t3) ah), score of class c = S(t4) S(t(5 + c)).
struct YOLOv3Head: Head {
  let classCount: Int
  let maps: [ModelManifest.AnchorMap]

  /// - Throws: a ``PipelineError`` when the anchors are missing or malformed.
  init(classCount: Int, maps: [ModelManifest.AnchorMap]?) throws {
    guard let maps, !maps.isEmpty,
      maps.allSatisfy({ $0.stride > 0 && !$0.anchors.isEmpty && $0.anchors.allSatisfy { $0.count == 2 } })
    else {
      throw PipelineError(
        "a manifest with head 'yolov3' needs 'anchors': for each map its stride and [width, height] pairs",
        remedy: "import the model again with `edgepipe models import`", code: .malformed)
    }
    self.classCount = classCount
    self.maps = maps
  }

  func decode(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest, into found: inout Candidates
  ) throws {
    guard outputs.outputs.count == maps.count else { throw mismatch(outputs, request) }
    for map in maps {
      let width = request.inputWidth / map.stride, height = request.inputHeight / map.stride
      let shape = [1, map.anchors.count * (5 + classCount), height, width]
      guard let output = outputs.outputs.first(where: { $0.shape == shape }),
        let values = unsafe output.elements(shape)
      else { throw mismatch(outputs, request) }
      unsafe decode(values, map, width: width, height: height, request, &found)
    }
  }

  private func mismatch(
    _ outputs: borrowing ModelOutputs, _ request: borrowing DecodeRequest
  ) -> PipelineError {
    let shapes = maps.map {
      let channels = $0.anchors.count * (5 + classCount)
      return "1x\(channels)x\(request.inputHeight / $0.stride)x\(request.inputWidth / $0.stride)"
    }
    return shapeMismatch(head: .yolov3, expected: shapes.joined(separator: ", "), outputs, request)
  }

  private func decode(
    _ values: UnsafePointer<Float>, _ map: ModelManifest.AnchorMap, width: Int, height: Int,
    _ request: borrowing DecodeRequest, _ found: inout Candidates
  ) {
    let plane = width * height
    let threshold = request.threshold
    let bound = logitBound(threshold)
    let stride = Float(map.stride)
    let classes = request.classes
    // SAFETY: `values` holds anchors x (5 + classCount) planes of `plane` floats; anchor, channel and cell stay below.
    for (index, anchor) in map.anchors.enumerated() {
      let base = unsafe values + index * (5 + classCount) * plane
      let objectness = unsafe base + 4 * plane
      for cell in 0..<plane {
        let logit = unsafe objectness[cell]
        if logit <= bound { continue }
        guard logit.isFinite else {
          found.countNonFinite()
          continue
        }
        let confidence = sigmoid(logit)
        let classBound = logitBound(threshold / confidence)
        var box: Candidate?
        for classIndex in classes.indices {
          let classLogit = unsafe base[(5 + classIndex) * plane + cell]
          if classLogit <= classBound { continue }
          // An infinite logit has a finite sigmoid, but no model means it.
          let score = classLogit.isFinite ? confidence * sigmoid(classLogit) : .nan
          if score <= threshold { continue }
          if box == nil {
            box = unsafe Candidate(
              centerX: (sigmoid(base[cell]) + Float(cell % width)) * stride,
              centerY: (sigmoid(base[plane + cell]) + Float(cell / width)) * stride,
              width: exp(base[2 * plane + cell]) * anchor[0], height: exp(base[3 * plane + cell]) * anchor[1],
              score: 0, classIndex: 0)
          }
          if var candidate = box {
            candidate.score = score
            candidate.classIndex = Int32(truncatingIfNeeded: classIndex)
            found.add(candidate)
          }
        }
      }
    }
  }
}
