@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// The operators of ours, run by the real engine on small graphs, against plain loops.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct OperatorTests {
  /// Bytes of 1 x 3 x height x width in, the node's output as floats out. To the operators that is a picture of `height`
  /// columns and `width` channels, as they read channels last.
  func run(
    _ node: Onnx_NodeProto, height: Int, width: Int, bytes: [UInt8], stored: [Onnx_TensorProto] = []
  ) throws -> ([Int], [Float]) {
    var nodes = [node]
    if !["DequantizeToPlanar", "JoinedRows", "PictureConvolution"].contains(node.opType) {
      var cast = Onnx_NodeProto.make("Cast", node.output, "y")
      cast.set("to", Int(OnnxElement.float))
      nodes.append(cast)
    } else {
      nodes[0].output = ["y"]
    }
    if ["QuantizeFromPlanar", "JoinedRows"].contains(node.opType) {
      nodes[0].input = nodes[0].input.map { _ in "floats" }
      var cast = Onnx_NodeProto.make("Cast", ["x"], "floats")
      cast.set("to", Int(OnnxElement.float))
      nodes.insert(cast, at: 0)
    }
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    proto.opsetImport = [.version(13, of: ""), .version(1, of: OnnxModel.ownDomain)]
    proto.graph.name = "test"
    proto.graph.node = nodes
    proto.graph.initializer = stored
    var input = Onnx_ValueInfoProto.tensor("x", [.fixed(1), .fixed(3), .fixed(height), .fixed(width)])
    input.type.tensorType.elemType = OnnxElement.uint8
    proto.graph.input = [input]
    proto.graph.output = [.tensor("y", [])]
    proto.graph.output[0].type.tensorType.clearShape()
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let session = try engine.makeSession(
      model: OnnxModel(proto: proto, name: "test").serialized(), options: SessionOptions(modelName: "test"))
    let tensor = Tensor.bytes([1, 3, height, width], bytes)
    return try session.run(tensor) { outputs in
      // SAFETY: copied while the outputs are lent.
      (outputs.outputs[0].shape, unsafe Array(outputs.outputs[0].values))
    }
  }

  func node(_ type: String, _ fill: (inout Onnx_NodeProto) -> Void) -> Onnx_NodeProto {
    var node = Onnx_NodeProto.make(type, ["x"], "out", domain: OnnxModel.ownDomain)
    fill(&node)
    return node
  }

  /// 5 channels leave a rest after whole words of eight, 16 do not.
  @Test(arguments: [5, 8, 16, 19])
  func givenTablesForEachChannelWhenEveryByteIsLookedUpThenItIsTheRoundedFunction(channels: Int) throws {
    let scale = (0..<channels).map { 0.02 + 0.01 * Float($0) }, offset = (0..<channels).map { -4 + 0.1 * Float($0) }
    let outScale = (0..<channels).map { 0.03 + 0.002 * Float($0) }, zero = (0..<channels).map { 10 + Float($0) / 4 }
    let made = node("QuantizedActivation") {
      $0.set("function", "silu")
      $0.set("scale", scale)
      $0.set("offset", offset)
      $0.set("output_scale", outScale)
      $0.set("output_zero", zero)
    }
    // Row r of each plane holds byte r in every channel; channels lie last.
    let bytes = (0..<3 * 256 * channels).map { UInt8($0 / channels % 256) }
    let (shape, values) = try run(made, height: 256, width: channels, bytes: bytes)
    #expect(shape == [1, 3, 256, channels])
    for (index, value) in values.enumerated() {
      let channel = index % channels
      let x = Double(offset[channel]) + Double(scale[channel]) * Double(index / channels % 256)
      let y = x / (1 + exp(-x)) / Double(outScale[channel]) + Double(zero[channel])
      #expect(value == Float(min(max(y.rounded(), 0), 255)), "byte \(index / channels % 256) of channel \(channel)")
    }
  }

  /// Both inputs are the same picture, 3 rows of 4 places of 11 channels; the second goes through tables, or both do.
  @Test(arguments: [[0, 1], [1, 1]])
  func givenTwoTensorsWhenJoinedThenTheActiveOnesGoThroughTheirTables(active: [Int]) throws {
    let channels = 11, tabled = channels * active.reduce(0, +)
    let scale = (0..<tabled).map { 0.05 + 0.01 * Float($0) }
    var made = node("ActivatedConcat") {
      $0.set("active", active)
      $0.set("function", "relu")
      $0.set("scale", scale)
      $0.set("offset", Array(repeating: Float(-2), count: tabled))
      $0.set("output_scale", Array(repeating: Float(0.1), count: tabled))
      $0.set("output_zero", Array(repeating: Float(3), count: tabled))
    }
    made.input = ["x", "x"]
    let bytes = (0..<3 * 4 * channels).map { UInt8($0) }
    let (shape, values) = try run(made, height: 4, width: channels, bytes: bytes)
    #expect(shape == [1, 3, 4, 2 * channels])
    for (index, value) in values.enumerated() {
      let place = index / (2 * channels), channel = index % (2 * channels)
      let byte = bytes[place * channels + channel % channels]
      let part = channel / channels
      guard active[part] == 1 else {
        #expect(value == Float(byte))
        continue
      }
      let table = active[0] == 1 ? channel : channel - channels
      let real = max(0, Double(scale[table]) * Double(byte) - 2)
      #expect(value == Float(min(255, (real / Double(Float(0.1)) + 3).rounded())), "place \(place), channel \(channel)")
    }
  }

  /// Two levels of two parts, all of them the same picture: 3 rows of 2 places of 5 channels.
  @Test func givenLevelsOfPartsWhenMadeRowsThenPartsStandSideBySideAndLevelsFollow() throws {
    var made = node("JoinedRows") {
      $0.set("parts", [5, 5])
      $0.set("levels", 2)
    }
    made.input = ["x", "x", "x", "x"]
    let (shape, values) = try run(made, height: 2, width: 5, bytes: (0..<30).map { UInt8($0) })
    #expect(shape == [1, 12, 10])
    for (index, value) in values.enumerated() {
      #expect(value == Float(index / 10 % 6 * 5 + index % 5), "row \(index / 10), column \(index % 10)")
    }
  }

  @Test func givenPartsOfOtherWidthsWhenMadeRowsThenTheErrorNamesTheOperator() throws {
    var made = node("JoinedRows") {
      $0.set("parts", [5, 4])
      $0.set("levels", 1)
    }
    made.input = ["x", "x"]
    let error = #expect(throws: PipelineError.self) {
      _ = try run(made, height: 2, width: 5, bytes: Array(repeating: 0, count: 30))
    }
    #expect(error?.description.contains("JoinedRows") == true)
  }

  @Test func givenTablesForTooFewChannelsWhenJoinedThenTheErrorNamesTheOperator() throws {
    var made = node("ActivatedConcat") {
      $0.set("active", [1, 1])
      $0.set("function", "silu")
      for name in ["scale", "offset", "output_scale", "output_zero"] { $0.set(name, [Float(1), 1, 1]) }
    }
    made.input = ["x", "x"]
    let error = #expect(throws: PipelineError.self) {
      _ = try run(made, height: 1, width: 3, bytes: Array(repeating: 0, count: 9))
    }
    #expect(error?.description.contains("3 tables for 6 channels") == true)
  }

  /// 21 places leave a rest after vectors of eight.
  @Test func givenPlanesOfFloatsWhenQuantizedThenEachChannelHasItsOwnStepsAndEndsAreKept() throws {
    let scale: [Float] = [0.5, 2, 0.75], zero: [Float] = [-100, 7, 3.25]
    let made = node("QuantizeFromPlanar") {
      $0.set("scale", scale)
      $0.set("zero", zero)
    }
    let bytes = (0..<63).map { UInt8($0 * 4) }
    let (shape, values) = try run(made, height: 3, width: 7, bytes: bytes)
    #expect(shape == [1, 3, 7, 3])
    for (index, value) in values.enumerated() {
      let channel = index % 3, place = index / 3
      let steps = Float(bytes[channel * 21 + place]) / scale[channel] + zero[channel]
      #expect(value == min(max(steps.rounded(.toNearestOrEven), 0), 255), "place \(place) of channel \(channel)")
    }
    #expect(values.contains(0) && values.contains(255))
  }

  @Test func givenOneTableWhenLookedUpThenItServesAllChannels() throws {
    let made = node("QuantizedActivation") {
      $0.set("function", "leaky_relu")
      $0.set("alpha", Float(0.1))
      $0.set("scale", [Float(1)])
      $0.set("offset", [Float(-100)])
      $0.set("output_scale", [Float(1)])
      $0.set("output_zero", [Float(10)])
    }
    let bytes: [UInt8] = [0, 50, 100, 101, 200, 255].flatMap { [$0, $0] } + Array(repeating: 0, count: 24)
    let (_, values) = try run(made, height: 1, width: 12, bytes: bytes)
    // -100 -> -10, -50 -> -5, 0, 1, 100, 155, and the zero of 10 added.
    #expect(Array(values.prefix(12)) == [0, 0, 5, 5, 10, 10, 11, 11, 110, 110, 165, 165])
  }

  @Test(arguments: [
    (2, 2, [0, 0, 0, 0]), (3, 2, [1, 1, 1, 1]), (3, 1, [1, 1, 1, 1]), (2, 2, [2, 2, 2, 2]), (3, 2, [0, 1, 1, 0]),
    (2, 3, [1, 1, 0, 0]),
  ])
  func givenAPictureWhenCutIntoPatchesThenEachByteIsWhereThePlainLoopPutsIt(patch: Int, stride: Int, pads: [Int]) throws
  {
    let height = 6, width = 8, fill = [7, 8, 9]
    let made = node("PixelPatches") {
      $0.set("patch", patch)
      $0.set("stride", stride)
      $0.set("pads", pads)
      $0.set("fill", fill)
    }
    let bytes = (0..<3 * height * width).map { UInt8($0) }
    let (shape, values) = try run(made, height: height, width: width, bytes: bytes)
    let depth = (patch * patch * 3 + 3) / 4 * 4
    let rows = (height + pads[0] + pads[2] - patch) / stride + 1,
      columns = (width + pads[1] + pads[3] - patch) / stride + 1
    #expect(shape == [1, rows, columns, depth])
    for row in 0..<rows {
      for column in 0..<columns {
        for tap in 0..<depth {
          let dx = tap % patch, dy = tap / patch % patch, channel = tap / patch / patch
          let y = row * stride + dy - pads[0], x = column * stride + dx - pads[1]
          let isInside = (0..<height).contains(y) && (0..<width).contains(x)
          let expected = channel >= 3 ? 0 : isInside ? Int(bytes[(channel * height + y) * width + x]) : fill[channel]
          #expect(values[(row * columns + column) * depth + tap] == Float(expected), "\(row), \(column), \(tap)")
        }
      }
    }
  }

  @Test(arguments: [
    (2, 2, [0, 0, 0, 0]), (5, 1, [2, 2, 2, 2]), (4, 2, [3, 0, 0, 1]), (3, 2, [1, 1, 1, 1]), (2, 1, [0, 0, 1, 1]),
    (1, 3, [0, 0, 0, 0]),
  ])
  func givenAPictureWhenPooledThenEachByteIsTheLargestOfItsWindow(window: Int, stride: Int, pads: [Int]) throws {
    let rows = 3, columns = 7, channels = 11
    let made = node("ChannelsLastMaxPool") {
      $0.set("window", window)
      $0.set("stride", stride)
      $0.set("pads", pads)
    }
    var random = SplitMix64(seed: 5)
    let bytes = (0..<rows * columns * channels).map { _ in UInt8.random(in: 0...255, using: &random) }
    let (shape, values) = try run(made, height: columns, width: channels, bytes: bytes)
    let high = (rows + pads[0] + pads[2] - window) / stride + 1,
      wide = (columns + pads[1] + pads[3] - window) / stride + 1
    #expect(shape == [1, high, wide, channels])
    for index in values.indices {
      let channel = index % channels, column = index / channels % wide, row = index / channels / wide
      var largest: UInt8 = 0
      for y in 0..<window {
        for x in 0..<window {
          let (sourceRow, sourceColumn) = (row * stride + y - pads[0], column * stride + x - pads[1])
          guard (0..<rows).contains(sourceRow), (0..<columns).contains(sourceColumn) else { continue }
          largest = max(largest, bytes[(sourceRow * columns + sourceColumn) * channels + channel])
        }
      }
      #expect(values[index] == Float(largest), "row \(row), column \(column), channel \(channel)")
    }
  }

  @Test func givenPlacesWhenUpsampledThenEachIsRepeatedInBothDirections() throws {
    let made = node("NearestUpsample") { $0.set("factor", 2) }
    // 3 rows, 2 columns, 2 channels, channels last.
    let (shape, values) = try run(made, height: 2, width: 2, bytes: (1...12).map { UInt8($0) })
    #expect(shape == [1, 6, 4, 2])
    #expect(Array(values.prefix(16)) == [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 3, 4, 3, 4])
  }

  @Test func givenScalesWhenDequantizedThenPlanesComeFirst() throws {
    let made = node("DequantizeToPlanar") {
      $0.set("scale", [Float(1), 10])
      $0.set("offset", [Float(0), -5])
    }
    let (shape, values) = try run(made, height: 2, width: 2, bytes: (1...12).map { UInt8($0) })
    #expect(shape == [1, 2, 3, 2])
    #expect(values == [1, 3, 5, 7, 9, 11, 15, 35, 55, 75, 95, 115])
  }

  @Test func givenTablesForOtherChannelsWhenRunThenTheErrorNamesTheOperator() throws {
    let made = node("QuantizedActivation") {
      $0.set("function", "silu")
      for name in ["scale", "offset", "output_scale", "output_zero"] { $0.set(name, [Float(1), 1]) }
    }
    let error = #expect(throws: PipelineError.self) {
      _ = try run(made, height: 1, width: 3, bytes: Array(repeating: 0, count: 9))
    }
    #expect(error?.description.contains("QuantizedActivation") == true)
  }

  @Test func givenAWrongAttributeWhenOpenedThenTheErrorSaysWhich() throws {
    let made = node("NearestUpsample") { $0.set("factor", 0) }
    let error = #expect(throws: PipelineError.self) {
      _ = try run(made, height: 1, width: 1, bytes: [0, 0, 0])
    }
    #expect(error?.description.contains("factor 0") == true)
  }
}

extension Tensor {
  static func bytes(_ shape: [Int], _ bytes: [UInt8]) -> Tensor {
    let tensor = Tensor(shape: shape, element: .uint8, pool: BufferPool())
    // SAFETY: the buffer holds as many bytes as the shape says.
    unsafe tensor.buffer.withBytes { target in
      for index in 0..<min(target.count, bytes.count) { unsafe target[index] = bytes[index] }
    }
    return tensor
  }
}
