import Glibc

/// Where a picture lies in a ``SharedMemory``: numbers alone, which are checked before anybody follows them.
package struct SharedPicture: Sendable, Hashable {
  package struct Plane: Sendable, Hashable {
    /// Of its top row, from the memory's first byte.
    package var offset: Int
    /// Bytes from one row to the next.
    package var stride: Int
    package var rowBytes: Int
    package var rows: Int

    package init(offset: Int, stride: Int, rowBytes: Int, rows: Int) {
      (self.offset, self.stride, self.rowBytes, self.rows) = (offset, stride, rowBytes, rows)
    }
  }

  /// What is said of a picture beside its bytes.
  package struct Facts: Sendable, Hashable {
    package var format: String
    package var width: Int
    package var height: Int
    package var range: PluginPicture.Range
    package var matrix: UInt32
    package var primaries: UInt32
    package var transfer: UInt32
    package var rotation: UInt32

    package init(
      format: String, width: Int, height: Int, range: PluginPicture.Range = .unknown, matrix: UInt32 = 2,
      primaries: UInt32 = 2, transfer: UInt32 = 2, rotation: UInt32 = 0
    ) {
      (self.format, self.width, self.height, self.range) = (format, width, height, range)
      (self.matrix, self.primaries, self.transfer, self.rotation) = (matrix, primaries, transfer, rotation)
    }
  }

  /// A picture has at most so many planes.
  package static let mostPlanes = 4

  package var facts: Facts
  package var planes: [Plane]

  package init(facts: Facts, planes: [Plane]) {
    self.facts = facts
    self.planes = planes
  }

  /// Where `picture` would lie at the beginning of a memory.
  ///
  /// - Returns: nil for one without sensible sizes.
  package init?(placing picture: PluginPicture) {
    guard (1...Self.mostPlanes).contains(picture.planes.count) else { return nil }
    var offset = 0
    planes = []
    for plane in picture.planes {
      guard plane.rows > 0, plane.rowBytes > 0, plane.rowBytes <= 1 << 30 else { return nil }
      let stride = Self.aligned(plane.rowBytes)
      let (bytes, isTooMuch) = stride.multipliedReportingOverflow(by: plane.rows)
      guard !isTooMuch, bytes <= 1 << 34 else { return nil }
      planes.append(Plane(offset: offset, stride: stride, rowBytes: plane.rowBytes, rows: plane.rows))
      offset += bytes
    }
    facts = Facts(
      format: picture.format, width: picture.width, height: picture.height, range: picture.range,
      matrix: picture.matrix, primaries: picture.primaries, transfer: picture.transfer, rotation: picture.rotation)
  }

  private static func aligned(_ count: Int) -> Int {
    (count + SharedMemory.alignment - 1) & ~(SharedMemory.alignment - 1)
  }

  /// From the first byte of the memory to the end of the last plane; nil where that cannot be.
  package var byteCount: Int? {
    var most = 0
    for plane in planes {
      guard plane.offset >= 0, plane.rows > 0, plane.rowBytes > 0, plane.stride >= plane.rowBytes else { return nil }
      let (rest, isTooMuch) = plane.stride.multipliedReportingOverflow(by: plane.rows - 1)
      let (end, isTooFar) = rest.addingReportingOverflow(plane.rowBytes)
      let (total, isTooLarge) = end.addingReportingOverflow(plane.offset)
      if isTooMuch || isTooFar || isTooLarge { return nil }
      most = max(most, total)
    }
    return most
  }

  /// The same, further on in the memory.
  package func moved(by offset: Int) -> SharedPicture {
    var moved = self
    for index in moved.planes.indices { moved.planes[index].offset += offset }
    return moved
  }

  /// The bytes of `picture`, row by row: what lies between the rows may be of another picture and is not anybody's business.
  ///
  /// - Precondition: `self` was placed for a picture of this form, and lies in `memory`, which this side writes.
  package func copy(_ picture: PluginPicture, to memory: SharedMemory) {
    precondition(byteCount.map { $0 <= memory.byteCount } ?? false, "the picture lies outside of the memory")
    for (plane, own) in zip(planes, picture.planes) {
      // SAFETY: the plane lies in the memory, as was just checked; `own` says where its rows are.
      let target = unsafe memory.start + plane.offset
      if own.stride == plane.rowBytes, plane.stride == plane.rowBytes {
        unsafe memcpy(target, own.start, plane.rowBytes * plane.rows)
      } else {
        for row in 0..<min(plane.rows, own.rows) {
          unsafe memcpy(target + row * plane.stride, own.start + row * own.stride, min(plane.rowBytes, own.rowBytes))
        }
      }
    }
  }

  /// The picture in `memory`, which it keeps.
  ///
  /// - Returns: nil for one that does not lie in it.
  package func picture(in memory: SharedMemory) -> PluginPicture? {
    guard (1...Self.mostPlanes).contains(planes.count), let byteCount, byteCount <= memory.byteCount else { return nil }
    let lent = planes.map { plane in
      // SAFETY: the plane lies in the memory, as was just checked, and the picture keeps the memory.
      unsafe PluginPicture.Plane(
        start: (memory.start + plane.offset).assumingMemoryBound(to: UInt8.self), stride: plane.stride,
        rowBytes: plane.rowBytes, rows: plane.rows)
    }
    var picture = PluginPicture(
      format: facts.format, width: facts.width, height: facts.height, planes: lent, owner: memory)
    (picture.range, picture.matrix, picture.rotation) = (facts.range, facts.matrix, facts.rotation)
    (picture.primaries, picture.transfer) = (facts.primaries, facts.transfer)
    return picture
  }
}
