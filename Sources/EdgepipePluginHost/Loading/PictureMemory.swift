import CEdgepipePlugin
import EdgepipeCore

/// Memory for the pictures that an instance makes: used again with each call. Used by one thread.
@safe final class PictureMemory {
  private static let alignment = 64
  /// Pictures of one call.
  private static let most = 4

  private let pool = BufferPool()
  private let memory = CallMemory()
  private var made: [(pointer: UnsafeMutablePointer<edgepipe_picture>, picture: PluginPicture)] = unsafe []

  /// Begins a call: the pictures of the last one are gone.
  func reset() {
    if unsafe !made.isEmpty { unsafe made.removeAll(keepingCapacity: true) }
    memory.reset()
  }

  /// - Returns: nil for a format or a size that there is not, or too many pictures.
  func make(format: String, width: Int, height: Int) -> UnsafeMutablePointer<edgepipe_picture>? {
    guard unsafe made.count < Self.most, let picture = picture(format: format, width: width, height: height) else {
      return nil
    }
    let pointer = unsafe FrameLayout(memory: memory).picture(picture)
    unsafe made.append((pointer, picture))
    return unsafe pointer
  }

  /// The picture that a plugin gives: one of these, or a copy of its own.
  func take(_ pointer: UnsafePointer<edgepipe_picture>) throws(PluginFailure) -> PluginPicture {
    let given = try unsafe edgepipe_picture(reading: pointer)
    if let own = unsafe made.first(where: { unsafe UnsafePointer($0.pointer) == pointer }) {
      var picture = unsafe own.picture
      unsafe Self.describe(&picture, given)
      return picture
    }
    let name = unsafe given.format.map { unsafe String(cString: $0) } ?? ""
    guard var copy = unsafe picture(format: name, width: Int(given.width), height: Int(given.height)) else {
      throw Self.unusable("a picture of \(unsafe given.width) x \(unsafe given.height) pixels in format '\(name)'")
    }
    guard unsafe Int(given.plane_count) == copy.planes.count, unsafe given.rotation == 0 else {
      throw Self.unusable("a picture in format '\(name)' with \(unsafe given.plane_count) planes")
    }
    let starts = unsafe [given.data.0, given.data.1, given.data.2, given.data.3]
    let strides = unsafe [given.stride.0, given.stride.1, given.stride.2, given.stride.3]
    for (index, plane) in copy.planes.enumerated() {
      guard let start = unsafe starts[index], strides[index].magnitude >= UInt64(plane.rowBytes),
        let stride = Int(exactly: strides[index])
      else { throw Self.unusable("a picture whose rows are shorter than its pixels") }
      for row in 0..<plane.rows {
        // SAFETY: the plugin's plane has as many rows as its format and size say, each at least as long as its values.
        unsafe (plane.start + row * plane.stride).update(from: start + row * stride, count: plane.rowBytes)
      }
    }
    unsafe Self.describe(&copy, given)
    return copy
  }

  private func picture(format: String, width: Int, height: Int) -> PluginPicture? {
    guard let layout = PluginPixelFormat(format)?.layout(width: width, height: height),
      (1...PluginLimits.side).contains(width), (1...PluginLimits.side).contains(height)
    else { return nil }
    let strides = layout.map { ($0.rowBytes + Self.alignment - 1) & ~(Self.alignment - 1) }
    let buffer = pool.buffer(byteCount: zip(layout, strides).reduce(0) { $0 + $1.0.rows * $1.1 })
    var offset = 0, planes: [PluginPicture.Plane] = []
    for (plane, stride) in zip(layout, strides) {
      // SAFETY: the buffer has room for all planes, and lives as long as the picture, which owns it.
      unsafe buffer.withBytes { bytes in
        guard let start = unsafe bytes.baseAddress else { return }
        unsafe planes.append(
          PluginPicture.Plane(
            start: (start + offset).assumingMemoryBound(to: UInt8.self), stride: stride, rowBytes: plane.rowBytes,
            rows: plane.rows))
      }
      offset += plane.rows * stride
    }
    return PluginPicture(format: format, width: width, height: height, planes: planes, owner: buffer)
  }

  private static func describe(_ picture: inout PluginPicture, _ given: edgepipe_picture) {
    picture.range = unsafe PluginPicture.Range(rawValue: given.range) ?? .unknown
    unsafe (picture.matrix, picture.primaries, picture.transfer) = (given.matrix, given.primaries, given.transfer)
  }

  private static func unusable(_ what: String) -> PluginFailure {
    PluginFailure(.skipFrame, "the plugin made " + what, code: .malformed)
  }
}
