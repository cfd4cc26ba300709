import CFFmpeg
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Stages

/// Pictures of the formats that `AreaScaler` takes, and what scalers make of them.
enum ScalingFixtures {
  static let formats = ["yuv420p", "yuvj420p", "nv12", "yuv422p", "yuvj422p"]

  /// What the kernels of this machine are made for, without the plain Swift that they are compared with.
  static let instructions: [InstructionSet] =
    switch InstructionSet.ofProcessor {
    case .avx512: [.avx2, .avx512]
    case .none: []
    case let only: [only]
    }

  /// A plane of a picture: its number, and the byte at a column and a row (columns of pairs count both bytes).
  typealias Pattern = (_ plane: Int, _ column: Int, _ row: Int) -> UInt8

  /// A picture whose planes hold a pattern.
  static func picture(
    _ format: String, _ width: Int, _ height: Int, isFullRange: Bool = false, isBT709: Bool = false, _ pattern: Pattern
  ) throws -> DecodedPicture {
    let frame = try unsafe #require(av_frame_alloc())
    unsafe describe(frame, format, width, height, isFullRange: isFullRange, isBT709: isBT709)
    try unsafe #require(av_frame_get_buffer(frame, 64) >= 0)
    for (plane, size) in planes(format, width, height).enumerated() {
      // SAFETY: the frame was made with these planes, each of so many rows and bytes, and nobody else knows it yet.
      let (start, stride) = try unsafe #require(self.plane(frame, plane))
      for row in 0..<size.height {
        for column in 0..<size.width { unsafe start[row * stride + column] = pattern(plane, column, row) }
      }
    }
    return unsafe DecodedPicture(taking: frame)
  }

  /// The bytes of a row and the rows of each plane.
  static func planes(_ format: String, _ width: Int, _ height: Int) -> [(width: Int, height: Int)] {
    let half = (width + 1) / 2, rows = format.contains("422") ? height : (height + 1) / 2
    return [(width, height)] + (format == "nv12" ? [(2 * half, rows)] : [(half, rows), (half, rows)])
  }

  static func describe(
    _ frame: UnsafeMutablePointer<AVFrame>, _ format: String, _ width: Int, _ height: Int, isFullRange: Bool,
    isBT709: Bool
  ) {
    unsafe frame.pointee.width = Int32(width)
    unsafe frame.pointee.height = Int32(height)
    unsafe frame.pointee.format = av_get_pix_fmt(format).rawValue
    unsafe frame.pointee.colorspace = isBT709 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
    unsafe frame.pointee.color_range = isFullRange || format.contains("j") ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
  }

  private static func plane(
    _ frame: UnsafeMutablePointer<AVFrame>, _ index: Int
  ) -> (UnsafeMutablePointer<UInt8>, Int)? {
    let data = unsafe [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2]
    let strides = unsafe [frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2]
    return unsafe data[index].map { unsafe ($0, Int(strides[index])) }
  }

  /// The rows of a scaled picture: all of red, all of green, all of blue.
  static func colors(
    _ scaler: any RowScaler, _ picture: DecodedPicture, _ width: Int, _ height: Int
  ) throws -> [UInt8] {
    var colors: [[UInt8]] = [[], [], []]
    try scaler.scale(picture) { row in
      for index in 0..<height {
        let pixels = row(index)
        // SAFETY: a row has as many pixels as the result is wide.
        unsafe colors[0].append(contentsOf: UnsafeBufferPointer(start: pixels.red, count: width))
        unsafe colors[1].append(contentsOf: UnsafeBufferPointer(start: pixels.green, count: width))
        unsafe colors[2].append(contentsOf: UnsafeBufferPointer(start: pixels.blue, count: width))
      }
    }
    return colors.flatMap { $0 }
  }

  /// A row of bytes as a planar tensor of floats.
  static func tensor(
    _ rows: [[UInt8]], mean: [Float], scale: [Float], _ instructions: InstructionSet
  ) -> [UInt32] {
    let width = rows[0].count
    let request = LetterboxFixtures.request(.fixed(height: 1, width: width), mean: mean, scale: scale)
    let tensor = Tensor(shape: [1, 3, 1, width], pool: BufferPool())
    let geometry = LetterboxGeometry(sourceWidth: width, sourceHeight: 1, request: request)
    // SAFETY: the pointers are used while the arrays lend them.
    unsafe rows[0].withUnsafeBufferPointer { red in
      unsafe rows[1].withUnsafeBufferPointer { green in
        unsafe rows[2].withUnsafeBufferPointer { blue in
          guard let red = red.baseAddress, let green = green.baseAddress, let blue = blue.baseAddress else { return }
          TensorWriter.write(
            into: tensor, geometry: geometry, format: request.format, instructions: instructions
          ) { _ in unsafe PixelRow(red: red, green: green, blue: blue) }
        }
      }
    }
    return unsafe tensor.withFloats { floats in unsafe floats.map(\.bitPattern) }
  }

  struct Agreement {
    /// The share of bytes that differ by more than one level.
    var beyondOne: Double
    var worst: Int
  }

  /// How far the two scalers are from each other.
  static func agreement(_ picture: DecodedPicture, _ width: Int, _ height: Int) throws -> Agreement {
    let own = try #require(AreaScaler(like: picture, width: width, height: height))
    let library = try PictureScaler(like: picture, width: width, height: height)
    let ours = try colors(own, picture, width, height), theirs = try colors(library, picture, width, height)
    let distances = zip(ours, theirs).map { abs(Int($0) - Int($1)) }
    let beyond = distances.count { $0 > 1 }
    return Agreement(beyondOne: Double(beyond) / Double(distances.count), worst: distances.max() ?? 0)
  }
}
