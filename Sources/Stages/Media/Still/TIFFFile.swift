/// The first picture of a TIFF file: whether its directory, what that points to, and its strips or tiles lie within the
/// file.
enum TIFFFile {
  static func isWhole(_ bytes: Span<UInt8>) -> Bool {
    let isBig = bytes.has("MM")
    guard let directory = bytes.number(4, 4, isBig: isBig), let count = bytes.number(directory, 2, isBig: isBig),
      directory + 2 + count * 12 + 4 <= bytes.count
    else { return false }
    var offsets: Values?, lengths: Values?
    for index in 0..<count {
      let entry = directory + 2 + index * 12
      guard valuesAreThere(bytes, entry, isBig: isBig) else { return false }
      switch bytes.number(entry, 2, isBig: isBig) {
      // Of strips and of tiles.
      case 273, 324: offsets = Values(bytes, entry, isBig: isBig)
      case 279, 325: lengths = Values(bytes, entry, isBig: isBig)
      default: break
      }
    }
    guard let offsets else { return true }
    for index in 0..<offsets.count {
      guard let offset = offsets.value(bytes, index) else { return false }
      // Without lengths a strip may be as long as it likes.
      let length = lengths.map { index < $0.count ? $0.value(bytes, index) : 0 } ?? 0
      guard let length, offset + length <= bytes.count else { return false }
    }
    return true
  }

  /// Values of more than four bytes lie elsewhere.
  private static func valuesAreThere(_ bytes: Span<UInt8>, _ entry: Int, isBig: Bool) -> Bool {
    guard let type = bytes.number(entry + 2, 2, isBig: isBig), let count = bytes.number(entry + 4, 4, isBig: isBig),
      let place = bytes.number(entry + 8, 4, isBig: isBig)
    else { return false }
    let sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
    let length = type < sizes.count ? sizes[type] * count : 0
    return length <= 4 || place + length <= bytes.count
  }

  /// The numbers of one entry.
  private struct Values {
    var count: Int
    private let start: Int
    private let size: Int
    private let isBig: Bool

    init?(_ bytes: Span<UInt8>, _ entry: Int, isBig: Bool) {
      guard let type = bytes.number(entry + 2, 2, isBig: isBig), let count = bytes.number(entry + 4, 4, isBig: isBig),
        type == 3 || type == 4
      else { return nil }
      size = type == 3 ? 2 : 4
      self.isBig = isBig
      self.count = count
      if count * size <= 4 {
        start = entry + 8
      } else {
        start = bytes.number(entry + 8, 4, isBig: isBig) ?? bytes.count
      }
    }

    func value(_ bytes: Span<UInt8>, _ index: Int) -> Int? { bytes.number(start + index * size, size, isBig: isBig) }
  }
}
