/// A canonical Huffman table of a JPEG file.
struct JPEGHuffmanTable {
  private(set) var symbols: [UInt8] = []
  /// For each length of 1 to 16 bits: the first code, how many there are, and where their symbols begin.
  private var first = [Int](repeating: 0, count: 17)
  private var counts = [Int](repeating: 0, count: 17)
  private var start = [Int](repeating: 0, count: 17)

  init?(_ bytes: Span<UInt8>, _ at: Int, end: Int) {
    var code = 0, total = 0
    for length in 1...16 {
      guard let count = bytes.byte(at + length - 1) else { return nil }
      (first[length], counts[length], start[length]) = (code, count, total)
      code = (code + count) << 1
      total += count
    }
    guard total <= 256, at + 16 + total <= end, end <= bytes.count else { return nil }
    for index in 0..<total { symbols.append(bytes[at + 16 + index]) }
  }

  func symbol(_ bytes: Span<UInt8>, _ reader: inout JPEGBitReader) -> Int? {
    var code = 0
    for length in 1...16 {
      guard let bit = reader.bit(bytes) else { return nil }
      code = code << 1 | bit
      let index = code - first[length]
      if index >= 0, index < counts[length] { return Int(symbols[start[length] + index]) }
    }
    return nil
  }
}

/// Bits of an entropy-coded segment; nil behind its end.
struct JPEGBitReader {
  private var at: Int
  private var current = 0
  private var left = 0

  init(at: Int) { self.at = at }

  mutating func bit(_ bytes: Span<UInt8>) -> Int? {
    if left == 0 {
      guard let byte = bytes.byte(at) else { return nil }
      if byte == 0xFF {
        // A zero behind it is stuffing; anything else is a marker, which ends the data.
        guard bytes.byte(at + 1) == 0 else { return nil }
        at += 1
      }
      at += 1
      (current, left) = (byte, 8)
    }
    left -= 1
    return current >> left & 1
  }

  mutating func bits(_ bytes: Span<UInt8>, _ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let bit = bit(bytes) else { return nil }
      value = value << 1 | bit
    }
    return value
  }

  /// Passes the marker that begins the next interval.
  mutating func restart(_ bytes: Span<UInt8>) -> Bool {
    left = 0
    while bytes.byte(at) == 0xFF, bytes.byte(at + 1) == 0xFF { at += 1 }
    guard bytes.byte(at) == 0xFF, let marker = bytes.byte(at + 1), (0xD0...0xD7).contains(marker) else { return false }
    at += 2
    return true
  }
}

/// One scan's way through its blocks.
struct JPEGScan {
  /// The coefficients that it brings, and the bits of them.
  var first: Int
  var last: Int
  var high: Int
  var low: Int
  var isProgressive: Bool
  /// Blocks that bring nothing more.
  var endOfBand = 0

  init(first: Int, last: Int, high: Int, low: Int, isProgressive: Bool) {
    (self.first, self.last, self.high, self.low) = (first, last, high, low)
    self.isProgressive = isProgressive
  }

  /// - Returns: false when the data ends, or is none.
  mutating func skipBlock(
    _ bytes: Span<UInt8>, _ reader: inout JPEGBitReader, _ dc: JPEGHuffmanTable?, _ ac: JPEGHuffmanTable?,
    _ nonZero: inout UInt64
  ) -> Bool {
    if first == 0 {
      if high > 0 { return reader.bit(bytes) != nil }
      guard let size = dc?.symbol(bytes, &reader), size <= 16, reader.bits(bytes, size) != nil else { return false }
      if isProgressive { return true }
    }
    guard let ac else { return false }
    return high == 0 ? skipFirst(bytes, &reader, ac, &nonZero) : skipRefinement(bytes, &reader, ac, &nonZero)
  }

  private mutating func skipFirst(
    _ bytes: Span<UInt8>, _ reader: inout JPEGBitReader, _ ac: JPEGHuffmanTable, _ nonZero: inout UInt64
  ) -> Bool {
    if endOfBand > 0 {
      endOfBand -= 1
      return true
    }
    var index = max(1, first)
    while index <= last {
      guard let symbol = ac.symbol(bytes, &reader) else { return false }
      let run = symbol >> 4, size = symbol & 15
      if size == 0 {
        if run == 15 {
          index += 16
          continue
        }
        if run > 0, !isProgressive { return false }
        guard let more = reader.bits(bytes, run) else { return false }
        endOfBand = (1 << run) - 1 + more
        return true
      }
      index += run
      guard index <= last, reader.bits(bytes, size) != nil else { return false }
      nonZero |= 1 << UInt64(index)
      index += 1
    }
    return true
  }

  private mutating func skipRefinement(
    _ bytes: Span<UInt8>, _ reader: inout JPEGBitReader, _ ac: JPEGHuffmanTable, _ nonZero: inout UInt64
  ) -> Bool {
    var index = first
    if endOfBand == 0 {
      while index <= last {
        guard let symbol = ac.symbol(bytes, &reader) else { return false }
        var run = symbol >> 4
        let isNew = symbol & 15 != 0
        if isNew {
          guard reader.bit(bytes) != nil else { return false }
        } else if run < 15 {
          guard let more = reader.bits(bytes, run) else { return false }
          endOfBand = (1 << run) + more
          break
        }
        // A bit for each coefficient on the way that is not zero; `run` of the others are passed.
        while index <= last {
          if nonZero >> UInt64(index) & 1 != 0 {
            guard reader.bit(bytes) != nil else { return false }
          } else {
            if run == 0 { break }
            run -= 1
          }
          index += 1
        }
        if isNew {
          guard index <= last else { return false }
          nonZero |= 1 << UInt64(index)
        }
        index += 1
      }
    }
    guard endOfBand > 0 else { return true }
    while index <= last {
      if nonZero >> UInt64(index) & 1 != 0, reader.bit(bytes) == nil { return false }
      index += 1
    }
    endOfBand -= 1
    return true
  }
}
