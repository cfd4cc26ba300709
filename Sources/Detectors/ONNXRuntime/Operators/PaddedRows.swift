/// The rows that a convolution's window holds, with their padding beside them, so that no inner loop has to look for edges.
///
/// Rows are copied as the window comes to them, each once; what lies around them keeps the byte that stands for padding.
@safe final class PaddedRows {
  private let window: Int
  private let lineBytes: Int
  // SAFETY: `window` lines for rows and one for those outside, allocated in init, freed in deinit.
  private let memory: UnsafeMutablePointer<UInt8>
  private var held: [Int]

  /// - Parameter padding: what lines hold before a row is copied into them.
  init(window: Int, lineBytes: Int, padding: UInt8) {
    (self.window, self.lineBytes) = (window, lineBytes)
    held = Array(repeating: -1, count: window)
    unsafe memory = .allocate(capacity: (window + 1) * lineBytes)
    unsafe memory.initialize(repeating: padding, count: (window + 1) * lineBytes)
  }

  deinit { unsafe memory.deallocate() }

  /// Another picture comes: no row of this one is of use.
  func forget() { for slot in held.indices { held[slot] = -1 } }

  /// The line of a row, which `copy` writes where it is not there yet; valid until the window has moved on by its height.
  func line(
    _ row: Int, of rows: Int, copy: (UnsafeMutablePointer<UInt8>) -> Void
  ) -> UnsafePointer<UInt8> {
    guard row >= 0, row < rows else { return unsafe UnsafePointer(memory + window * lineBytes) }
    let slot = row % window
    // SAFETY: the slot lies within the window's lines.
    let line = unsafe memory + slot * lineBytes
    if held[slot] != row {
      unsafe copy(line)
      held[slot] = row
    }
    return unsafe UnsafePointer(line)
  }
}
