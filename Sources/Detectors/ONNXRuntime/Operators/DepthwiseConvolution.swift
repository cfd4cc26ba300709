import EdgepipeCore

/// A convolution of each channel by itself, channels last: bytes in, bytes out, with the look-up of an activation at once.
///
/// From 1 x H x W x C to 1 x h x w x C, where h = (H + top + bottom - kernel) / stride + 1, w likewise. An output byte is the
/// sum of products with the window's bytes, plus the channel's `bias`, times its factor, rounded to the nearest even number
/// from 0 to 255; then it goes through a table, as in ``QuantizedActivation``. The window's bytes outside of the picture are
/// `zero`; that they mean zero is for the bias to make up.
///
/// Inputs: bytes; weights C x 1 x height x width; factors, C; bias, C. All but the first are constants of the model, which are
/// read once. Attributes: `kernel_shape`, `strides`, `pads` (top, left, bottom, right), `zero`, and those of
/// ``QuantizedActivation``, of which `function` may be "none".
final class DepthwiseConvolution: OperatorKernel {
  static let name = "DepthwiseConvolution"
  static let inputs: [OperatorElement] = [.uint8, .int8, .float32, .int32]
  static let output = OperatorElement.uint8
  static let worksInPlace = false

  private let window: ConvolutionWindow
  private let zero: UInt8
  private let tables: ChannelTables?
  private var rows: (width: Int, rows: PaddedRows)?
  /// For the weights at this place in memory.
  private var packed: (weights: UInt, kernel: DepthwiseKernel)?

  init(_ attributes: OperatorAttributes) throws {
    window = try ConvolutionWindow(attributes, of: Self.name)
    let byte = try attributes.integer("zero")
    guard let zero = UInt8(exactly: byte) else { throw OperatorCall.wrong(Self.name, "the zero \(byte)") }
    self.zero = zero
    tables = try attributes.word("function") == "none" ? nil : .shared(attributes, of: Self.name)
  }

  func compute(_ call: OperatorCall) throws {
    let (shape, bytes) = try unsafe call.input(0)
    guard shape.count == 4, shape[0] == 1, let size = window.output(height: shape[1], width: shape[2]) else {
      throw OperatorCall.wrong(Self.name, "a window of \(window.height)x\(window.width) on the shape \(shape)")
    }
    let channels = shape[3]
    guard tables.map({ $0.channels == 1 || $0.channels == channels }) ?? true else {
      throw OperatorCall.wrong(Self.name, "\(tables?.channels ?? 0) tables for \(channels) channels")
    }
    let kernel = try kernel(call, channels: channels)
    let lines = lines(width: shape[2], channels: channels)
    let target = try unsafe call.output([1, size.rows, size.columns, channels]).assumingMemoryBound(to: UInt8.self)
    let source = unsafe bytes.assumingMemoryBound(to: UInt8.self)
    let line = size.columns * channels
    // Look-ups follow some rows behind, while these are still in the nearest cache.
    var done = 0
    for row in 0..<size.rows {
      for y in 0..<window.height {
        let sourceRow = row * window.strideY + y - window.top
        let from = unsafe lines.line(sourceRow, of: shape[1]) { line in
          // SAFETY: only rows inside of the picture are copied.
          unsafe copy(source + sourceRow * shape[2] * channels, to: line, width: shape[2], channels: channels)
        }
        for x in 0..<window.width {
          let start = x % window.strideX * phaseBytes(shape[2], channels) + x / window.strideX * channels
          unsafe kernel.taps[y * window.width + x] = from + start
        }
      }
      unsafe kernel.apply(to: target + row * line, count: line)
      guard let tables, (row + 1 - done) * size.columns >= Self.lookUpPlaces || row + 1 == size.rows else { continue }
      unsafe tables.apply(target + done * line, to: target + done * line, count: (row + 1 - done) * line)
      done = row + 1
    }
  }

  private static let lookUpPlaces = 256

  /// A row as columns of one remainder by the stride after those of another: what one tap reads lies side by side.
  private func copy(
    _ row: UnsafePointer<UInt8>, to line: UnsafeMutablePointer<UInt8>, width: Int, channels: Int
  ) {
    // SAFETY: a line has room for all columns and the padding beside them.
    if window.strideX == 1 {
      return unsafe (line + window.left * channels).update(from: row, count: width * channels)
    }
    let phase = phaseBytes(width, channels)
    for column in 0..<width {
      let place = column + window.left
      unsafe (line + place % window.strideX * phase + place / window.strideX * channels).update(
        from: row + column * channels, count: channels)
    }
  }

  private func phaseBytes(_ width: Int, _ channels: Int) -> Int {
    ((width + window.left + window.right) / window.strideX + 1) * channels
  }

  private func lines(width: Int, channels: Int) -> PaddedRows {
    if let known = rows, known.width == width {
      known.rows.forget()
      return known.rows
    }
    let bytes = window.strideX * phaseBytes(width, channels) + DepthwiseKernel.overrun
    let made = PaddedRows(window: window.height, lineBytes: bytes, padding: zero)
    rows = (width, made)
    return made
  }

  private func kernel(_ call: OperatorCall, channels: Int) throws -> DepthwiseKernel {
    let (shape, weights) = try unsafe call.input(1)
    if let packed, packed.weights == UInt(bitPattern: weights), packed.kernel.channels == channels {
      return packed.kernel
    }
    let (factorShape, factors) = try unsafe call.input(2), (biasShape, bias) = try unsafe call.input(3)
    guard shape == [channels, 1, window.height, window.width], factorShape == [channels], biasShape == [channels] else {
      throw OperatorCall.wrong(Self.name, "weights of the shape \(shape) for \(channels) channels")
    }
    // SAFETY: by their shapes and declared elements.
    let made = unsafe DepthwiseKernel(
      taps: window.height * window.width, weights: Array(weights.elements(shape.reduce(1, *), as: Int8.self)),
      factors: Array(factors.elements(channels, as: Float.self)), bias: Array(bias.elements(channels, as: Int32.self)))
    rows = nil
    packed = (UInt(bitPattern: weights), made)
    return made
  }
}

extension UnsafeRawPointer {
  /// - Precondition: so many elements lie there.
  func elements<Element: BitwiseCopyable>(_ count: Int, as type: Element.Type) -> UnsafeBufferPointer<Element> {
    unsafe UnsafeBufferPointer(start: assumingMemoryBound(to: type), count: count)
  }
}
