/// Follows the entropy-coded data of a JPEG file to its end, to tell a file that lacks its end mark alone from one that
/// lacks a part of its picture (ITU T.81, annexes F and G). Decodes no pixels; only files without an end mark are asked.
struct JPEGScans {
  /// More blocks of 8 x 8 than the largest picture that is decoded has in four components.
  private static let mostBlocks = 1 << 22

  private static let mostScans = 64

  private struct Component {
    var id: Int
    var horizontal: Int
    var vertical: Int
    /// Blocks that show something, and those in a row of memory.
    var blocksWide = 0
    var blocksHigh = 0
    var rowLength = 0
    /// For each coefficient, the lowest bit that has come so far.
    var lowest = [Int](repeating: .max, count: 64)
    /// A bit for each coefficient of a block that is not zero; for progressive pictures.
    var nonZero: [UInt64] = []
  }

  private var components: [Component] = []
  private var columns = 0
  private var rows = 0
  private var isProgressive = false
  private var interval = 0
  /// Units of all scans so far.
  private var followed = 0
  private var tables = [JPEGHuffmanTable?](repeating: nil, count: 8)

  /// False also for damaged data, and for kinds of JPEG that are not followed: arithmetic coding and lossless ones.
  static func areWhole(_ bytes: Span<UInt8>) -> Bool {
    // Zeros at the end were never written, and would be read as codes; two may belong to the data (FF 00).
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0 { end -= 1 }
    return follow(bytes.extracting(0..<min(bytes.count, end + 2)))
  }

  private static func follow(_ bytes: Span<UInt8>) -> Bool {
    var scans = JPEGScans()
    var at = 2
    while let marker = JPEGFile.nextMarker(bytes, &at) {
      if marker == 0xD9 { break }
      if marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }
      guard let length = bytes.big16(at), length >= 2, at + length <= bytes.count else { return false }
      let end = at + length
      switch marker {
      case 0xC0, 0xC1, 0xC2: guard scans.begin(bytes, at + 2, end, isProgressive: marker == 0xC2) else { return false }
      case 0xC4: guard scans.readTables(bytes, at + 2, end) else { return false }
      case 0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF: return false
      case 0xDD: scans.interval = bytes.big16(at + 2) ?? 0
      case 0xDA: guard scans.follow(bytes, at + 2, end) else { return false }
      default: break
      }
      at = end
      if marker == 0xDA { JPEGFile.skipScan(bytes, &at) }
    }
    // Every bit of every coefficient has come.
    return !scans.components.isEmpty && scans.components.allSatisfy { $0.lowest.allSatisfy { $0 == 0 } }
  }

  private mutating func begin(_ bytes: Span<UInt8>, _ at: Int, _ end: Int, isProgressive: Bool) -> Bool {
    guard components.isEmpty, let height = bytes.big16(at + 1), let width = bytes.big16(at + 3), height > 0, width > 0,
      let count = bytes.byte(at + 5), (1...4).contains(count), at + 6 + 3 * count <= end
    else { return false }
    self.isProgressive = isProgressive
    for index in 0..<count {
      guard let id = bytes.byte(at + 6 + 3 * index), let sampling = bytes.byte(at + 7 + 3 * index),
        (1...4).contains(sampling >> 4), (1...4).contains(sampling & 15)
      else { return false }
      components.append(Component(id: id, horizontal: sampling >> 4, vertical: sampling & 15))
    }
    let most = (components.map(\.horizontal).max() ?? 1, components.map(\.vertical).max() ?? 1)
    func rounded(_ value: Int, _ by: Int) -> Int { (value + by - 1) / by }
    columns = rounded(width, 8 * most.0)
    rows = rounded(height, 8 * most.1)
    var total = 0
    for index in components.indices {
      let horizontal = components[index].horizontal, vertical = components[index].vertical
      components[index].blocksWide = rounded(rounded(width * horizontal, most.0), 8)
      components[index].blocksHigh = rounded(rounded(height * vertical, most.1), 8)
      components[index].rowLength = columns * horizontal
      let blocks = components[index].rowLength * rows * vertical
      total += blocks
      guard total <= Self.mostBlocks else { return false }
      if isProgressive { components[index].nonZero = Array(repeating: 0, count: blocks) }
    }
    return true
  }

  private mutating func readTables(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var at = start
    while at < end {
      guard let place = bytes.byte(at), place & 15 < 4, place >> 4 < 2,
        let table = JPEGHuffmanTable(bytes, at + 1, end: end)
      else { return false }
      tables[(place >> 4) * 4 + (place & 15)] = table
      at += 17 + table.symbols.count
    }
    return true
  }

  private func table(_ kind: Int, _ number: Int) -> JPEGHuffmanTable? { number < 4 ? tables[kind * 4 + number] : nil }

  /// One scan, from its header to its last bit.
  private mutating func follow(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Bool {
    guard let count = bytes.byte(at), (1...4).contains(count), at + 4 + 2 * count <= end,
      let first = bytes.byte(at + 1 + 2 * count), let last = bytes.byte(at + 2 + 2 * count),
      let bits = bytes.byte(at + 3 + 2 * count)
    else { return false }
    var scan = JPEGScan(first: first, last: last, high: bits >> 4, low: bits & 15, isProgressive: isProgressive)
    if !isProgressive { (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0) }
    guard scan.first <= scan.last, scan.last < 64, scan.first == 0 || count == 1 else { return false }
    if isProgressive, scan.first == 0, scan.last != 0 { return false }
    var parts: [(component: Int, dc: JPEGHuffmanTable?, ac: JPEGHuffmanTable?)] = []
    for index in 0..<count {
      guard let id = bytes.byte(at + 1 + 2 * index), let used = bytes.byte(at + 2 + 2 * index),
        let component = components.firstIndex(where: { $0.id == id })
      else { return false }
      parts.append((component, table(0, used >> 4), table(1, used & 15)))
    }
    var reader = JPEGBitReader(at: end)
    let alone = count == 1
    let component = components[parts[0].component]
    let across = alone ? component.blocksWide : columns, down = alone ? component.blocksHigh : rows
    // A picture has a dozen scans, or some more; each may be a few bytes that stand for all of its blocks.
    followed += across * down
    guard followed <= Self.mostScans * columns * rows * 4 else { return false }
    var left = interval
    for unit in 0..<across * down {
      if interval > 0 {
        if left == 0 {
          guard reader.restart(bytes) else { return false }
          scan.endOfBand = 0
          left = interval
        }
        left -= 1
      }
      for part in parts {
        let wide = alone ? 1 : components[part.component].horizontal,
          high = alone ? 1 : components[part.component].vertical
        let row = components[part.component].rowLength
        for y in 0..<high {
          for x in 0..<wide {
            let block = (unit / across * high + y) * row + unit % across * wide + x
            var nonZero: UInt64 = 0
            if isProgressive { nonZero = components[part.component].nonZero[block] }
            guard scan.skipBlock(bytes, &reader, part.dc, part.ac, &nonZero) else { return false }
            if isProgressive { components[part.component].nonZero[block] = nonZero }
          }
        }
      }
    }
    for part in parts {
      for index in scan.first...scan.last { components[part.component].lowest[index] = scan.low }
    }
    return true
  }
}
