import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// The convolutions of ours, run by the real engine, against plain loops.
extension OperatorTests {
  struct Window: Sendable, CustomTestStringConvertible {
    var kernel: [Int], strides: [Int], pads: [Int]
    var testDescription: String { "kernel \(kernel), strides \(strides), pads \(pads)" }

    func set(_ node: inout Onnx_NodeProto) {
      node.set("kernel_shape", kernel)
      node.set("strides", strides)
      node.set("pads", pads)
    }

    func size(_ height: Int, _ width: Int) -> (rows: Int, columns: Int) {
      (
        (height + pads[0] + pads[2] - kernel[0]) / strides[0] + 1,
        (width + pads[1] + pads[3] - kernel[1]) / strides[1] + 1
      )
    }
  }

  static let windows = [
    Window(kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1]),
    Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]),
    Window(kernel: [5, 5], strides: [1, 1], pads: [2, 2, 2, 2]),
    Window(kernel: [3, 2], strides: [1, 3], pads: [0, 1, 0, 0]),
    Window(kernel: [1, 1], strides: [2, 1], pads: [0, 0, 0, 0]),
  ]

  /// Channels that divide a block of 64 bytes, that are a multiple of it, and neither; 3 rows of the picture.
  @Test(
    "given bytes by channels, when each channel is convolved by itself, then every byte is the rounded sum",
    arguments: windows, [(70, 16), (21, 24), (5, 128), (9, 3)])
  func depthwise(window: Window, size: (columns: Int, channels: Int)) throws {
    let (columns, channels) = size, rows = 3, taps = window.kernel[0] * window.kernel[1]
    var random = SplitMix64(seed: UInt64(columns * 7 + taps))
    let bytes = (0..<rows * columns * channels).map { _ in UInt8.random(in: 0...255, using: &random) }
    let weights = (0..<channels * taps).map { _ in Int8.random(in: -127...127, using: &random) }
    let factors = (0..<channels).map { _ in Float.random(in: 0.002...0.02, using: &random) }
    let bias = (0..<channels).map { _ in Int32.random(in: -9000...15000, using: &random) }
    let stored: [Onnx_TensorProto] = [
      .signedBytes("weights", [channels, 1] + window.kernel, weights), .floats("factors", [channels], factors),
      .words("bias", bias),
    ]
    func made(_ function: String) -> Onnx_NodeProto {
      var made = node("DepthwiseConvolution") {
        window.set(&$0)
        $0.set("zero", 77)
        $0.set("function", function)
        $0.set("scale", (0..<channels).map { 0.05 + 0.001 * Float($0) })
        $0.set("offset", [Float](repeating: -3, count: channels))
        $0.set("output_scale", [Float](repeating: 0.04, count: channels))
        $0.set("output_zero", [Float](repeating: 8, count: channels))
      }
      made.input = ["x", "weights", "factors", "bias"]
      return made
    }
    let (shape, plain) = try run(made("none"), height: columns, width: channels, bytes: bytes, stored: stored)
    let (high, wide) = window.size(rows, columns)
    #expect(shape == [1, high, wide, channels])
    for index in plain.indices {
      let channel = index % channels, column = index / channels % wide, row = index / channels / wide
      var sum = bias[channel]
      for y in 0..<window.kernel[0] {
        for x in 0..<window.kernel[1] {
          let (at, along) = (
            row * window.strides[0] + y - window.pads[0], column * window.strides[1] + x - window.pads[1]
          )
          let isInside = (0..<rows).contains(at) && (0..<columns).contains(along)
          let byte = isInside ? bytes[(at * columns + along) * channels + channel] : 77
          sum += Int32(byte) * Int32(weights[channel * taps + y * window.kernel[1] + x])
        }
      }
      let expected = max(0, min(255, Float(sum) * factors[channel])).rounded(.toNearestOrEven)
      try #require(plain[index] == expected, "row \(row), column \(column), channel \(channel)")
    }
    // With the table it is what a node behind it would give.
    var tables = made("silu")
    (tables.opType, tables.input) = ("QuantizedActivation", ["x"])
    let (_, active) = try run(made("silu"), height: columns, width: channels, bytes: bytes, stored: stored)
    let all = (0..<3 * 256 * channels).map { UInt8($0 / channels % 256) }
    let (_, looked) = try run(tables, height: 256, width: channels, bytes: all)
    for index in plain.indices {
      try #require(active[index] == looked[Int(plain[index]) * channels + index % channels], "byte \(index)")
    }
    // Few outputs of few weights leave the bytes' range easily.
    #expect(Set(plain).count > (channels > 3 ? 20 : 1) && Set(active).count > (channels > 3 ? 10 : 1))
  }

  @Test(
    "given a picture of bytes, when the first convolution reads it, then its floats are the plain sums",
    arguments: windows + [
      Window(kernel: [6, 6], strides: [2, 2], pads: [2, 2, 2, 2]),
      Window(kernel: [7, 7], strides: [4, 4], pads: [3, 3, 3, 3]),
    ], [(20, "silu"), (16, "leaky_relu"), (3, "identity")])
  func picture(window: Window, form: (outputs: Int, function: String)) throws {
    let (outputs, function) = form, height = 9, width = 75, taps = window.kernel[0] * window.kernel[1]
    var random = SplitMix64(seed: UInt64(outputs * 7 + taps))
    let bytes = (0..<3 * height * width).map { _ in UInt8.random(in: 0...255, using: &random) }
    let weights = (0..<outputs * 3 * taps).map { _ in Int8.random(in: -127...127, using: &random) }
    let scales = (0..<outputs).map { _ in Float.random(in: 0.00001...0.0003, using: &random) }
    let bias = (0..<outputs).map { _ in Float.random(in: -3...3, using: &random) }, fill = [3, 0, 255]
    var made = node("PictureConvolution") {
      window.set(&$0)
      $0.set("fill", fill)
      $0.set("function", function)
      $0.set("alpha", Float(0.1))
    }
    made.input = ["x", "weights", "scales", "bias"]
    let (shape, values) = try run(
      made, height: height, width: width, bytes: bytes,
      stored: [
        .signedBytes("weights", [outputs, 3] + window.kernel, weights), .floats("scales", [outputs], scales),
        .floats("bias", [outputs], bias),
      ])
    let (high, wide) = window.size(height, width)
    #expect(shape == [1, outputs, high, wide])
    for index in values.indices {
      let column = index % wide, row = index / wide % high, output = index / wide / high
      var sum = 0
      for tap in 0..<3 * taps {
        let channel = tap / taps, y = tap % taps / window.kernel[1], x = tap % window.kernel[1]
        let (at, along) = (
          row * window.strides[0] + y - window.pads[0], column * window.strides[1] + x - window.pads[1]
        )
        let isInside = (0..<height).contains(at) && (0..<width).contains(along)
        let byte = isInside ? Int(bytes[(channel * height + at) * width + along]) : fill[channel]
        sum += byte * Int(weights[output * 3 * taps + tap])
      }
      let x = Double(sum) * Double(scales[output]) + Double(bias[output])
      let y = function == "silu" ? x / (1 + exp(-x)) : function == "leaky_relu" && x < 0 ? 0.1 * x : x
      // A float has 24 bits; where large terms cancel, what is left has fewer.
      let bound = 4e-6 * abs(y) + 3e-7 * (abs(Double(bias[output])) + abs(y))
      try #require(
        abs(Double(values[index]) - y) <= bound, "\(values[index]) for \(y) at \(row), \(column) of \(output)")
    }
  }

  @Test("given weights of another shape, when they are read, then the error names the operator")
  func wrongWeights() throws {
    var made = node("DepthwiseConvolution") {
      Self.windows[0].set(&$0)
      $0.set("zero", 0)
      $0.set("function", "none")
    }
    made.input = ["x", "weights", "factors", "bias"]
    let stored: [Onnx_TensorProto] = [
      .signedBytes("weights", [2, 1, 3, 3], Array(repeating: 1, count: 18)), .floats("factors", [2], [1, 1]),
      .words("bias", [0, 0]),
    ]
    let error = #expect(throws: PipelineError.self) {
      _ = try run(made, height: 2, width: 3, bytes: Array(repeating: 0, count: 18), stored: stored)
    }
    #expect(error?.description.contains("DepthwiseConvolution") == true)
  }
}
