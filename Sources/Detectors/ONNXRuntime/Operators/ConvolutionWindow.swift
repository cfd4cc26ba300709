/// How a convolution's window moves over a picture.
struct ConvolutionWindow {
  let height: Int, width: Int
  let strideY: Int, strideX: Int
  let top: Int, left: Int, bottom: Int, right: Int

  /// Whether operators take windows of this kind.
  static func takes(_ kernel: [Int], _ strides: [Int], _ pads: [Int]) -> Bool {
    (kernel + strides).allSatisfy { (1...16).contains($0) } && pads.allSatisfy { (0...64).contains($0) }
  }

  /// Nil where the picture is smaller than the window.
  func output(height pictureHeight: Int, width pictureWidth: Int) -> (rows: Int, columns: Int)? {
    let tall = pictureHeight + top + bottom - height, wide = pictureWidth + left + right - width
    guard tall >= 0, wide >= 0, pictureHeight > 0, pictureWidth > 0 else { return nil }
    return (tall / strideY + 1, wide / strideX + 1)
  }
}

extension ConvolutionWindow {
  /// - Parameter name: the operator's, for errors.
  init(_ attributes: OperatorAttributes, of name: String) throws {
    let kernel = try attributes.integers("kernel_shape"), strides = try attributes.integers("strides")
    let pads = try attributes.integers("pads")
    guard kernel.count == 2, strides.count == 2, pads.count == 4, Self.takes(kernel, strides, pads) else {
      throw OperatorCall.wrong(name, "kernel \(kernel), strides \(strides), pads \(pads)")
    }
    (height, width, strideY, strideX) = (kernel[0], kernel[1], strides[0], strides[1])
    (top, left, bottom, right) = (pads[0], pads[1], pads[2], pads[3])
  }
}
