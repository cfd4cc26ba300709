import CFFmpeg
import EdgepipeCore

/// Scales decoded pictures of the common formats into rows of red, green and blue, in one pass over their planes.
///
/// For each row of the result: rows of the planes are added up, then columns, and the sums become colours; nothing is
/// rounded to a byte in between, and what is worked on stays in the nearest cache. Gives what ``PictureScaler`` gives,
/// to one level of 255, chroma in the same place. Used by one thread; allocates nothing while it scales.
@safe final class AreaScaler: RowScaler {
  /// Whether this processor has kernels for it; without them, swscale is twice as fast.
  static let hasKernels = InstructionSet.used != .none

  /// The most pixels of the picture, along each axis, that one of the result is made of.
  private static let maximumTaps = 64

  private let kind: ScaledKind
  private let chroma: ChromaLayout
  private let width: Int
  private let height: Int
  private let lumaRows: WeightedRows
  private let chromaRows: WeightedRows
  private let lumaColumns: WeightedColumns
  private let chromaColumns: WeightedColumns
  private let matrix: YCbCrMatrix
  /// Of luma, Cb and Cr: a row before its columns are added up, and after.
  private let rows: [ScalingMemory<Int16>]
  private let columns: [ScalingMemory<Int16>]
  /// Of red, green and blue.
  private let colors: [ScalingMemory<UInt8>]

  /// A scaler for pictures like `picture`, to `width` x `height` pixels; nil for other pixel formats, for a size that
  /// is larger than the picture, and for one that is smaller by far.
  init?(like picture: DecodedPicture, width: Int, height: Int, instructions: InstructionSet = .used) {
    kind = ScaledKind(picture)
    guard (1...picture.width).contains(width), (1...picture.height).contains(height),
      let chroma = ChromaLayout(AVPixelFormat(kind.format), width: picture.width, height: picture.height)
    else { return nil }
    (self.width, self.height, self.chroma) = (width, height, chroma)
    guard picture.width / width < Self.maximumTaps, picture.height / height < Self.maximumTaps else { return nil }
    lumaRows = WeightedRows(from: picture.height, to: height, instructions: instructions)
    chromaRows = WeightedRows(from: chroma.height, to: height, instructions: instructions)
    lumaColumns = WeightedColumns(from: picture.width, to: width, instructions: instructions)
    chromaColumns = WeightedColumns(from: chroma.width, to: width, instructions: instructions)
    matrix = YCbCrMatrix(picture.color, instructions: instructions)
    rows = [picture.width, chroma.width, chroma.width].map { ScalingMemory(count: $0 + WeightedColumns.overhang) }
    columns = [lumaColumns, chromaColumns, chromaColumns].map { ScalingMemory(count: $0.count) }
    colors = (0..<3).map { _ in ScalingMemory(count: width) }
  }

  func fits(_ picture: DecodedPicture, width: Int, height: Int) -> Bool {
    guard self.width == width, self.height == height else { return false }
    return ScaledKind(picture) == kind
  }

  func scale(_ picture: DecodedPicture, _ body: ((Int) -> PixelRow) -> Void) throws(PipelineError) {
    let isWhole = unsafe picture.withFrame { frame in
      let data = unsafe frame.pointee.data, strides = unsafe frame.pointee.linesize
      guard let luma = unsafe data.0, let cb = unsafe data.1, let cr = unsafe chroma.isPaired ? cb : data.2 else {
        return false
      }
      // SAFETY: a frame of this format holds as many rows of these planes as the layout says, of so many bytes, at their
      // strides; `picture` lives as long as the call.
      body { index in
        unsafe row(
          index, luma: (luma, Int(strides.0)), cb: (cb, Int(strides.1)), cr: (cr, Int(strides.2)))
      }
      return true
    }
    guard isWhole else {
      throw PipelineError(
        "cannot scale a picture of \(picture.width) x \(picture.height) pixels: it has no pixels",
        consequence: .skipFrame, code: .unsupported)
    }
  }

  private typealias Plane = (start: UnsafeMutablePointer<UInt8>, stride: Int)

  private func row(_ index: Int, luma: Plane, cb: Plane, cr: Plane) -> PixelRow {
    // SAFETY: the planes are those of a picture that fits; the rows, columns and colours have room for its size and for
    // the result's.
    unsafe lumaRows.row(index, of: luma.start, stride: luma.stride, width: Int(kind.width), to: rows[0].start)
    if chroma.isPaired {
      unsafe chromaRows.row(
        index, of: cb.start, stride: cb.stride, width: chroma.width, to: rows[1].start, and: rows[2].start)
    } else {
      unsafe chromaRows.row(index, of: cb.start, stride: cb.stride, width: chroma.width, to: rows[1].start)
      unsafe chromaRows.row(index, of: cr.start, stride: cr.stride, width: chroma.width, to: rows[2].start)
    }
    unsafe lumaColumns.apply(rows[0].start, to: columns[0].start)
    unsafe chromaColumns.apply(rows[1].start, to: columns[1].start)
    unsafe chromaColumns.apply(rows[2].start, to: columns[2].start)
    unsafe matrix.apply(
      luma: columns[0].start, cb: columns[1].start, cr: columns[2].start, red: colors[0].start, green: colors[1].start,
      blue: colors[2].start, count: width)
    return unsafe PixelRow(red: colors[0].start, green: colors[1].start, blue: colors[2].start)
  }
}
